"""What both schemas in Python share: all but how prices and stock are fetched.

Objects are built once, from the data file, and never change: those that the gateway's own schema
declares unchanging are declared so here, which means something to its engine only.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar, Self, TypeVar

import strawberry

from app.api import enums as _enums  # noqa: F401  registers the status
from app.api.paging import DEFAULT_FIRST
from app.availability.model import AvailabilityStatus
from app.engine.unchanging import Unchanging, UnchangingList
from app.values import CurrencyCode, LocationCode, Sku

Row = Mapping[str, Any]
T = TypeVar("T")
SKU = attrgetter("sku")


def up_to(first: int | None, items: list[T]) -> list[T]:
    """The first of them; the list itself, if that is all."""
    return items if first is None or first >= len(items) else items[:first]


@strawberry.type
class Money:
    """An amount."""

    amount: Decimal
    currency: CurrencyCode

    @classmethod
    def of(cls, row: Row) -> Self:
        """From its row."""
        return cls(amount=Decimal(row["amount"]), currency=row["currency"])


@strawberry.type
class Price(Unchanging):
    """What a variant costs."""

    amount: Money
    compare_at: Money | None
    tax_included: bool

    @classmethod
    def of(cls, row: Row) -> Self:
        """From its row."""
        was = row["compareAt"]
        return cls(
            amount=Money.of(row["amount"]),
            compare_at=None if was is None else Money.of(was),
            tax_included=row["taxIncluded"],
        )


@strawberry.type
class Location(Unchanging):
    """A place."""

    id: strawberry.ID
    code: LocationCode
    name: str


@strawberry.type
class Availability:
    """What stands at a place."""

    location: Location
    status: AvailabilityStatus
    available_to_sell: int | None
    on_hand: int | None


@strawberry.type
class Image:
    """A picture."""

    url: str
    alt: str | None
    width: int | None
    height: int | None


@strawberry.type
class VariantOption:
    """A size, a colour."""

    name: str
    value: str


@strawberry.type
class PageInfo:
    """Where a page stands."""

    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Variant(Unchanging):
    """What is known of a variant without asking elsewhere."""

    id: strawberry.ID
    sku: Sku
    name: str
    options: list[VariantOption]

    @classmethod
    def of(cls, row: Row) -> Self:
        """From its row."""
        options = UnchangingList([VariantOption(**one) for one in row["options"]])
        return cls(id=row["id"], sku=row["sku"], name=row["name"], options=options)


class Stored:
    """What has to be fetched: prices, and where things stand."""

    def __init__(self, data: Row) -> None:
        places = {row["code"]: Location(**row) for row in data["locations"]}
        self._prices = {sku: Price.of(row) for sku, row in data["prices"].items()}
        self._levels = {
            sku: UnchangingList([_availability(row, places) for row in rows])
            for sku, rows in data["levels"].items()
        }

    def prices(self, variants: Sequence[Variant]) -> list[Price | None]:
        """One for each."""
        return list(map(self._prices.get, map(SKU, variants)))

    def availability(
        self, variants: Sequence[Variant], first: int | None
    ) -> list[list[Availability]]:
        """Up to `first` places for each."""
        return [up_to(first, self._levels[variant.sku]) for variant in variants]


def _availability(row: Row, places: Mapping[str, Location]) -> Availability:
    return Availability(
        location=places[row["location"]],
        status=AvailabilityStatus(row["status"]),
        available_to_sell=row["availableToSell"],
        on_hand=row["onHand"],
    )


def query_over(data: Row, variant: type[Variant]) -> type:
    """The root type over the data, whose variants are of the class `variant`."""

    @strawberry.type
    class Product(Unchanging):
        framed: ClassVar[bool] = True
        id: strawberry.ID
        handle: str
        name: str
        description: str
        brand: str | None
        all_images: strawberry.Private[list[Image]]
        all_variants: strawberry.Private[list[Any]]

        @strawberry.field
        def images(self, first: int | None = None) -> list[Image]:
            return up_to(first, self.all_images)

        @strawberry.field
        def variants(self, first: int | None = None) -> list[variant]:  # type: ignore[valid-type]
            return up_to(first, self.all_variants)

    @strawberry.type
    class ProductEdge:
        cursor: str
        node: Product

    @strawberry.type
    class ProductConnection(Unchanging):
        framed: ClassVar[bool] = True
        edges: list[ProductEdge]
        page_info: PageInfo
        total_count: int | None

    plain = ("id", "handle", "name", "description", "brand")
    edges = [
        ProductEdge(
            cursor=row["key"],
            node=Product(
                **{name: row[name] for name in plain},
                all_images=UnchangingList([Image(**one) for one in row["images"]]),
                all_variants=UnchangingList([variant.of(one) for one in row["variants"]]),
            ),
        )
        for row in data["products"]
    ]
    by_handle = {edge.node.handle: edge.node for edge in edges}
    places = {edge.cursor: place for place, edge in enumerate(edges)}

    @cache  # the gateway keeps its pages as well
    def page(first: int, after: str | None) -> ProductConnection:
        start = 0 if after is None else places[after] + 1
        shown = edges[start : start + first]
        more = start + len(shown) < len(edges)
        info = PageInfo(has_next_page=more, end_cursor=shown[-1].cursor if shown else None)
        return ProductConnection(edges=shown, page_info=info, total_count=len(edges))

    @strawberry.type
    class Query:
        @strawberry.field
        async def product(self, handle: str | None = None) -> Product | None:
            return by_handle.get(handle or "")

        @strawberry.field
        async def products(
            self, first: int | None = None, after: str | None = None
        ) -> ProductConnection | None:
            return page(first or DEFAULT_FIRST, after)

    return Query
