"""A connection that answers from memory: what the gateway does with an answer is what is left."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from msgspec import convert

from app.ports import (
    Answer,
    Location,
    Price,
    Product,
    ProductEdge,
    ProductKey,
    ProductPage,
    ProductQuery,
    StockLevel,
)
from app.products.service import keys_of
from app.values import Channel, LocationCode, ProductId, Sku
from benchmarks.peers.shop import mapping
from benchmarks.peers.shop.rows import LevelsRow, LocationRow, PriceRow, ProductRow

T = TypeVar("T")


class Memory:
    """Fulfils every port from the data file."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        since = datetime.now(UTC)
        self._products = [mapping.product(convert(row, ProductRow)) for row in data["products"]]
        self._places = {product.id: place for place, product in enumerate(self._products)}
        self._by_key = {key: product for product in self._products for key in keys_of(product)}
        self._prices = {
            sku: mapping.price(convert({"sku": sku, **row}, PriceRow), as_of=since)
            for sku, row in data["prices"].items()
        }
        self._levels = {
            (level.sku, level.location): level
            for sku, rows in data["levels"].items()
            for level in mapping.levels(
                convert({"sku": sku, "levels": rows}, LevelsRow), as_of=since
            )
        }
        self._locations = tuple(
            mapping.location(convert(row, LocationRow)) for row in data["locations"]
        )

    async def products(self, keys: Collection[ProductKey]) -> Answer[Product]:
        """By key."""
        return _answer(self._by_key.get(key) for key in keys)

    async def browse(self, query: ProductQuery) -> ProductPage:
        """One page."""
        start = 0 if query.after is None else self._places[ProductId(query.after)] + 1
        page = self._products[start : start + query.first]
        return ProductPage(
            edges=tuple(ProductEdge(product.id, product) for product in page),
            has_next=start + len(page) < len(self._products),
            total=len(self._products),
            as_of=datetime.now(UTC),
        )

    async def prices(self, skus: Collection[Sku], *, channel: Channel) -> Answer[Price]:
        """In the one currency there is."""
        del channel
        return _answer(self._prices.get(sku) for sku in skus)

    async def stock_levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode]
    ) -> Answer[StockLevel]:
        """At all locations asked for."""
        return _answer(self._levels.get((sku, code)) for sku in skus for code in locations)

    async def locations(self) -> Answer[Location]:
        """Every location."""
        return _answer(self._locations)


def _answer(rows: Iterable[T | None]) -> Answer[T]:
    known = tuple(row for row in rows if row is not None)
    return Answer(rows=known, as_of=datetime.now(UTC))
