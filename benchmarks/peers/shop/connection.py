"""How are the upstreams of the benchmarks asked? One call for each batch."""

from collections.abc import Collection
from dataclasses import replace
from itertools import chain
from operator import itemgetter
from typing import Any, TypeVar

import orjson
from msgspec import Raw

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
    WireRequest,
    WireResponse,
    Wiring,
)
from app.values import Channel, LocationCode, Sku
from benchmarks.peers.shop import mapping
from benchmarks.peers.shop.rows import (
    EdgeRow,
    Items,
    LevelsRow,
    LocationRow,
    Page,
    PriceRow,
    ProductRow,
)
from connectors.kit.rows import answer
from connectors.kit.told_again import ToldAgain
from connectors.kit.typed import Typed

T = TypeVar("T")
NAMES = {"id": "keys", "handle": "handles", "sku": "skus"}


class Connection:
    """All four ports."""

    def __init__(self, wiring: Wiring) -> None:
        self._http = wiring.http
        self._product = ToldAgain(lambda raw: mapping.product(PRODUCTS.row(raw)))
        self._edge = ToldAgain(self._new_edge)

    async def products(self, keys: Collection[ProductKey]) -> Answer[Product]:
        """By key, handle and SKU, in one call."""
        asked: dict[str, list[str]] = {name: [] for name in NAMES.values()}
        for key in keys:
            asked[NAMES[key.by]].append(key.value)
        told = PRODUCTS.raw(await self._post("lookup", "products/lookup", asked))
        return answer(told.items, self._product, as_of=told.as_of, reference=PRODUCTS.named)

    async def browse(self, query: ProductQuery) -> ProductPage:
        """One page."""
        after = () if query.after is None else (("after", query.after),)
        asked = (("first", str(query.first)), *after)
        request = WireRequest(
            operation="browse", method="GET", path="products", query=asked, safe=True
        )
        told = PAGE.raw(await self._http.send(request))
        edges = answer(told.edges, self._edge, as_of=told.as_of, reference=PAGE.named)
        return ProductPage(
            edges=edges.rows,
            has_next=told.page_info.has_next_page,
            total=told.total_count,
            as_of=told.as_of,
            rejected=edges.rejected,
        )

    async def prices(self, skus: Collection[Sku], *, channel: Channel) -> Answer[Price]:
        """In the one currency there is."""
        asked = {"skus": list(skus), "currency": channel.currency}
        told, rejected = PRICES.read(await self._post("prices", "prices", asked))
        prices = answer(
            told.items,
            lambda row: mapping.price(row, as_of=told.as_of),
            as_of=told.as_of,
            reference=lambda row: row.sku,
        )
        return replace(prices, rejected=(*rejected, *prices.rejected))

    async def stock_levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode]
    ) -> Answer[StockLevel]:
        """At all locations asked for."""
        asked = {"skus": list(skus), "locations": list(locations)}
        told, rejected = LEVELS.read(await self._post("levels", "levels", asked))
        rows = chain.from_iterable(mapping.levels(row, as_of=told.as_of) for row in told.items)
        return Answer(rows=tuple(rows), as_of=told.as_of, rejected=rejected)

    async def locations(self) -> Answer[Location]:
        """Every location."""
        request = WireRequest(operation="locations", method="GET", path="locations", safe=True)
        told, rejected = LOCATIONS.read(await self._http.send(request))
        places = tuple(map(mapping.location, told.items))
        return Answer(rows=places, as_of=told.as_of, rejected=rejected)

    def _new_edge(self, raw: Raw) -> ProductEdge:
        row = PAGE.row(raw)
        return ProductEdge(row.cursor, self._product(row.node))

    async def _post(self, operation: str, path: str, asked: Any) -> WireResponse:
        request = WireRequest(
            operation=operation,
            method="POST",
            path=path,
            body=orjson.dumps(asked),
            headers={"content-type": "application/json"},
            safe=True,
        )
        return await self._http.send(request)


def _items(row: type[T], key: str) -> Typed[Items[T]]:
    return Typed(
        Items[row],  # type: ignore[valid-type]  # a structure is made of it now
        loose=Items[Raw],
        row=row,
        at="items",
        reference=itemgetter(key),
    )


PRODUCTS, LOCATIONS = _items(ProductRow, "key"), _items(LocationRow, "code")
PRICES, LEVELS = _items(PriceRow, "sku"), _items(LevelsRow, "sku")
PAGE = Typed(
    Page[EdgeRow], loose=Page[Raw], row=EdgeRow, at="edges", reference=itemgetter("cursor")
)
