"""Federation without our nouns: the keys of Apollo's sample subgraph, and finders that fail."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import strawberry

from app.api.federation import Entity, Find, Reference, Representation, by_name, represented
from app.errors import InvalidInputError


@strawberry.type
class Product:
    id: strawberry.ID


@strawberry.type
class ProductResearch:
    outcome: str


@dataclass
class Finder:
    """Answers every reference with the key it came by."""

    error: Exception | None = None
    asked: list[Sequence[Reference]] = field(default_factory=list)

    async def find(self, _context: Any, references: Sequence[Reference]) -> list[object | None]:
        self.asked.append(references)
        if self.error is not None:
            raise self.error
        return [(reference.typename, reference.key) for reference in references]


def sample(products: Find, research: Find) -> Any:
    return by_name(
        Entity(Product, ("id", "sku package", "sku variation { id }"), products),
        Entity(ProductResearch, ("study { caseNumber }",), research),
    )


BY_PACKAGE = {"__typename": "Product", "sku": "federation", "package": "@apollo/federation"}
BY_VARIATION = {"__typename": "Product", "sku": "studio", "variation": {"id": "platform"}}
BY_STUDY = {"__typename": "ProductResearch", "study": {"caseNumber": "1234", "more": 1}}


async def asked_of(entities: Any, *given: dict[str, Any]) -> list[object | None]:
    return await represented(entities, None, [Representation(one) for one in given])


async def test_keys_of_several_and_of_nested_fields_are_told_apart() -> None:
    finder = Finder()
    entities = sample(finder.find, finder.find)

    found = await asked_of(entities, BY_STUDY, BY_VARIATION, BY_PACKAGE)

    assert found == [
        ("ProductResearch", "study { caseNumber }"),
        ("Product", "sku variation { id }"),
        ("Product", "sku package"),
    ]
    assert [len(references) for references in finder.asked] == [3]
    assert [reference.fields for reference in finder.asked[0]] == [
        BY_STUDY,
        BY_VARIATION,
        BY_PACKAGE,
    ]


@pytest.mark.parametrize(
    "half",
    [
        {"sku": "studio"},
        {"sku": "studio", "package": None},
        {"sku": "studio", "variation": "platform"},
        {"sku": "studio", "variation": {}},
        {"sku": "studio", "variation": {"id": None}},
        {"sku": "studio", "variation": [{"id": "platform"}]},
    ],
)
async def test_half_a_key_is_none(half: dict[str, Any]) -> None:
    finder = Finder()

    [answer] = await asked_of(sample(finder.find, finder.find), {"__typename": "Product", **half})

    assert isinstance(answer, InvalidInputError)
    assert str(answer) == (
        "A Product is represented by one of its keys: id, sku package, sku variation { id }."
    )
    assert finder.asked == []


async def test_a_finder_that_fails_spoils_only_its_own() -> None:
    broken, well = Finder(error=RuntimeError("broken")), Finder()

    found = await asked_of(sample(broken.find, well.find), BY_PACKAGE, BY_STUDY, BY_VARIATION)

    assert found == [broken.error, ("ProductResearch", "study { caseNumber }"), broken.error]


async def test_a_finder_that_answers_too_little_is_a_bug_not_a_shift() -> None:
    async def forgetful(_context: Any, _references: Sequence[Reference]) -> list[object | None]:
        return [None]

    with pytest.raises(ValueError, match="shorter"):
        await asked_of(sample(forgetful, forgetful), BY_PACKAGE, BY_STUDY)
