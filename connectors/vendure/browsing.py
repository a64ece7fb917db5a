"""Where in a listing are we, and what does the listing show?"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.errors import InvalidInputError
from app.ports import ProductQuery, ProductSort

ON_SALE: Mapping[str, Any] = {"enabled": {"eq": True}}
# Vendure sorts by these in the order of its schema, not in ours: id, createdAt, …, name, slug. The
# slug is the last of them and unique within a language; the id would come first and win.
ORDER: Mapping[ProductSort, Mapping[str, str]] = {
    ProductSort.NAME: {"name": "ASC", "slug": "ASC"},
    ProductSort.NEWEST: {"createdAt": "DESC", "slug": "ASC"},
}
FURTHEST = 2**31 - 1001  # GraphQL's Int, less a page


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a listing."""

    query: ProductQuery
    skip: int
    take: int

    @classmethod
    def of(cls, query: ProductQuery, *, at_most: int) -> "Page":
        """The page a query asks for.

        Raises:
            InvalidInputError: `after` is not a cursor of this listing, or `first` is not positive.
        """
        if query.first < 1:  # Vendure takes 0 for "as many as there are"
            raise InvalidInputError("ask for at least one product", argument="first")
        return cls(query, _behind(query), min(query.first, at_most))


def cursor(query: ProductQuery, position: int) -> str:
    """The cursor of the product at a position (the first is 1) of the query's listing."""
    return urlsafe_b64encode(orjson.dumps([position, _listing(query)])).decode().rstrip("=")


def _behind(query: ProductQuery) -> int:
    if query.after is None:
        return 0
    try:
        padding = "=" * (-len(query.after) % 4)
        position, listing = orjson.loads(urlsafe_b64decode(query.after + padding))
    except (ValueError, TypeError):
        raise _foreign_cursor() from None
    if type(position) is not int or not 0 < position <= FURTHEST or listing != _listing(query):
        raise _foreign_cursor()
    return position


def _foreign_cursor() -> InvalidInputError:
    return InvalidInputError("this is not a cursor of this listing", argument="after")


def _listing(query: ProductQuery) -> str:
    """What tells one listing from another."""
    parts = (query.search, query.category, query.sort, query.locale, query.channel)
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:12]


def listed(page: Page) -> dict[str, Any]:
    """List options for a page of all products."""
    return {
        "skip": page.skip,
        "take": page.take,
        "sort": ORDER[page.query.sort],
        "filter": ON_SALE,
    }


def among(ids: Sequence[str], page: Page) -> dict[str, Any]:
    """List options for a page of the products that were found."""
    return {**listed(page), "filter": {"_and": [ON_SALE, {"id": {"in": ids}}]}}


def searched(page: Page, category: str | None) -> dict[str, Any]:
    """Search input for words, a category's id, or both."""
    asked: dict[str, Any] = {"groupByProduct": True, "skip": page.skip, "take": page.take}
    if words := _words(page.query):
        asked["term"] = words
    if category is not None:
        asked["collectionId"] = category
    return {**asked, "sort": {"name": "ASC"}}


def narrowed(query: ProductQuery) -> bool:
    """Whether the listing shows less than all products."""
    return bool(_words(query)) or query.category is not None


def _words(query: ProductQuery) -> str:
    return (query.search or "").strip()
