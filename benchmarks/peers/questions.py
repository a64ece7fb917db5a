"""What is every server asked? Documents a shop's front end sends, each with many variables.

Whoever asks over one connection asks always the same; no two of the first sixteen connections ask
for the same products, as far as there are enough. So nobody is helped by joining equal questions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

DOCUMENTS = Path(__file__).parent / "documents"
Variables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """A document and the variables it comes with."""

    name: str
    document: str
    variables: tuple[Variables, ...]

    @property
    def path(self) -> str:
        """Where a server that knows nothing but answers has those to it."""
        return self.name.replace(",", "").replace(" ", "-")

    @property
    def bodies(self) -> tuple[str, ...]:
        """The bodies of the requests."""
        name = self.document.partition("(")[0].removeprefix("query ")
        asked = {"query": self.document, "operationName": name}
        bodies = (orjson.dumps(asked | {"variables": one}) for one in self.variables)
        return tuple(body.decode() for body in bodies)


def document(name: str) -> str:
    """A document by the name of its file."""
    return (DOCUMENTS / f"{name}.graphql").read_text(encoding="utf-8")


def documents() -> list[str]:
    """All documents."""
    return [file.read_text(encoding="utf-8") for file in sorted(DOCUMENTS.glob("*.graphql"))]


def questions(data: Mapping[str, Any]) -> list[Question]:
    """The four questions, from the smallest answer to the largest."""
    products = data["products"]
    return [
        Question(
            "product page",
            document("product_page"),
            tuple({"handle": product["handle"]} for product in products[:64]),
        ),
        _listing("listing of 24", "listing", 24, products),
        _listing("listing of 24, 10 locations", "listing_with_stock", 24, products),
        _listing("listing of 100, 10 locations", "listing_with_stock", 100, products),
    ]


def _listing(name: str, file: str, first: int, products: Sequence[Mapping[str, Any]]) -> Question:
    """Pages that have no product in common."""
    starts = range(0, len(products) - first + 1, first)
    cursors = [products[start - 1]["key"] if start else None for start in starts]
    variables = tuple({"first": first, "after": cursor} for cursor in cursors)
    return Question(name, document(file), variables)
