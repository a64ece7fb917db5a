"""How often is the same trouble told, and where?"""

from time import process_time
from typing import Any

import pytest
import structlog
from graphql import GraphQLError, parse

from app.api.errors import MOST_ERRORS, entries
from app.api.nodes import global_id
from app.errors import InvalidInputError
from app.ports import ProductKey
from app.store import TextNotKeptError
from app.values import ProductId
from tests.builders import a_product, an_outcome
from tests.gateways import Retailer, gateway_over

WRONG = InvalidInputError("That is no handle.", argument="handle")


def told(*errors: GraphQLError) -> list[tuple[list[str | int] | None, str, int]]:
    """Path, message and occurrences of each entry."""
    return [
        (one.get("path"), one["message"], one["extensions"].get("occurrences", 1))
        for one in entries(errors, before_execution=False)
    ]


def at(*path: str | int, error: Exception = WRONG) -> GraphQLError:
    return GraphQLError(str(error), path=path, original_error=error)


def test_the_same_trouble_at_many_paths_is_told_once() -> None:
    assert told(*(at("nodes", n, "variants") for n in range(3))) == [
        (["nodes", 0, "variants"], "That is no handle.", 3)
    ]


def test_a_text_that_the_store_cannot_write_is_no_bug() -> None:
    [entry] = entries([at("order", error=TextNotKeptError("No."))], before_execution=False)

    assert (entry["message"], entry["extensions"]) == ("No.", {"code": "BAD_USER_INPUT"})


def test_below_entities_it_is_told_once_an_entity() -> None:
    assert told(
        at("_entities", 4),
        at("_entities", 7, "variants", 0, "price"),
        at("_entities", 7, "variants", 1, "price"),
        at("nodes", 1),
        at("nodes", 2),
    ) == [
        (["_entities", 4], "That is no handle.", 1),
        (["_entities", 7, "variants", 0, "price"], "That is no handle.", 2),
        (["nodes", 1], "That is no handle.", 2),
    ]


def test_a_failure_of_the_whole_field_is_told_once() -> None:
    assert told(at("_entities"), at("_entities")) == [(["_entities"], "That is no handle.", 2)]


def test_repetitions_leave_room_for_other_troubles() -> None:
    late = InvalidInputError("Another one.", argument="sku")

    found = told(
        *(at("_entities", n) for n in range(60)), *(at("x", n, error=late) for n in range(2))
    )

    assert len(found) == MOST_ERRORS
    assert found[0] == (["_entities", 0], "That is no handle.", 12)
    assert found[1:-1] == [(["_entities", n], "That is no handle.", 1) for n in range(1, 49)]
    assert found[-1] == (["x", 0], "Another one.", 2)


def test_no_more_troubles_are_told_than_the_limit() -> None:
    many = [at("a", error=InvalidInputError(f"No {n}.", argument="a")) for n in range(60)]

    assert told(*many) == [(["a"], f"No {n}.", 1) for n in range(MOST_ERRORS)]


def test_a_bug_at_many_entities_is_one_bug() -> None:
    bug = RuntimeError("secret")

    with structlog.testing.capture_logs() as logs:
        found = entries((at("_entities", n, error=bug) for n in range(3)), before_execution=False)

    assert [one["path"] for one in found] == [["_entities", n] for n in range(3)]
    [error_id] = {one["extensions"]["errorId"] for one in found}
    assert [(line["event"], line["error_id"]) for line in logs] == [("operation.bug", error_id)]
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    ("codes", "data", "outcome"),
    [
        ([], {"a": 1}, "complete"),
        ([], {"a": None}, "complete"),
        (["UPSTREAM_BROKEN"], {"a": None, "b": 1}, "partial"),
        (["BAD_USER_INPUT"], {"a": 0}, "partial"),
        (["BAD_USER_INPUT"], {"a": None}, "refused"),
        (["OPERATION_TOO_COMPLEX"], None, "refused"),
        (["BAD_USER_INPUT", "UPSTREAM_BROKEN"], {"a": None}, "failed"),
        (["INTERNAL"], None, "failed"),
        (["TIMEOUT"], None, "failed"),
    ],
)
def test_an_outcome_is_a_failure_when_nothing_came_and_it_is_not_the_callers_fault(
    codes: list[str], data: dict[str, Any] | None, outcome: str
) -> None:
    assert an_outcome(codes, data).kind == outcome


def a_retailer() -> Retailer:
    return Retailer(known_products=(a_product(), a_product(id=ProductId("2"), handle="boot")))


async def test_each_entity_of_a_request_gets_its_own_entry() -> None:
    shirt, nothing = {"__typename": "Product", "handle": "shirt"}, {"__typename": "Product"}
    retailer = a_retailer()
    async with gateway_over({"shop": retailer}) as ask:
        body = await ask(
            "query ($given: [_Any!]!) { _entities(representations: $given) {"
            " ... on Product { handle variants(first: 0) { sku } } } }",
            given=[nothing, shirt, nothing, {**shirt, "handle": "boot"}],
        )

    assert body["data"] == {"_entities": [None, None, None, None]}
    assert {tuple(error["path"]) for error in body["errors"]} == {
        ("_entities", 0),
        ("_entities", 1, "variants"),
        ("_entities", 2),
        ("_entities", 3, "variants"),
    }
    assert all("occurrences" not in error["extensions"] for error in body["errors"])
    assert retailer.calls[-1] == (
        "products",
        (ProductKey("handle", "shirt"), ProductKey("handle", "boot")),
    )


async def test_an_alias_of_entities_is_seen() -> None:
    async with gateway_over({"shop": a_retailer()}) as ask:
        body = await ask(
            "query ($given: [_Any!]!) { _e0 : _entities(representations: $given) { __typename }"
            " _e1: _entities(representations: $given) { __typename } }",
            given=[{"__typename": "Product"}, {"__typename": "Product"}],
        )

    paths = sorted(error["path"] for error in body["errors"])
    assert paths == [["_e0", 0], ["_e0", 1], ["_e1", 0], ["_e1", 1]]


@pytest.mark.parametrize("filling", ["x", " ", ":", "x ", "x:", "x :", "_entities ", "_entities:"])
def test_aliases_are_found_in_linear_time(filling: str) -> None:
    text = f"query A($a: Int) {{ a }} # {filling * (400_000 // len(filling))}"
    nodes = [parse(text).definitions[0]]
    begun = process_time()

    assert told(GraphQLError("no", nodes)) == [(None, "no", 1)]

    assert process_time() - begun < 2  # a quadratic search takes minutes


async def test_an_ordinary_answer_repeats_nothing() -> None:
    ids = [global_id("Product", one) for one in ("1", "2")]
    async with gateway_over({"shop": a_retailer()}) as ask:
        body: dict[str, Any] = await ask(
            "query ($ids: [ID!]!) { nodes(ids: $ids) {"
            " ... on Product { variants(first: 0) { sku } } } }",
            ids=ids,
        )

    [error] = body["errors"]
    assert error["path"] == ["nodes", 0, "variants"]
    assert error["extensions"]["occurrences"] == 2
