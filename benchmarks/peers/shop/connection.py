"""How are the upstreams of the benchmarks asked? One call for each batch."""

from collections.abc import Collection, Iterable
from itertools import chain
from typing import Any

import orjson

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
    Wiring,
)
from app.values import Channel, LocationCode, Sku
from benchmarks.peers.shop import mapping
from connectors.kit import cells
from connectors.kit.rows import answer, json_body, list_at

NAMES = {"id": "keys", "handle": "handles", "sku": "skus"}


class Connection:
    """All four ports."""

    def __init__(self, wiring: Wiring) -> None:
        self._http = wiring.http

    async def products(self, keys: Collection[ProductKey]) -> Answer[Product]:
        """By key, handle and SKU, in one call."""
        asked: dict[str, list[str]] = {name: [] for name in NAMES.values()}
        for key in keys:
            asked[NAMES[key.by]].append(key.value)
        document = await self._post("lookup", "products/lookup", asked)
        return answer(
            list_at(document, "items"),
            mapping.product,
            as_of=cells.instant(document, "asOf"),
            reference=lambda row: row["key"],
        )

    async def browse(self, query: ProductQuery) -> ProductPage:
        """One page."""
        after = () if query.after is None else (("after", query.after),)
        asked = (("first", str(query.first)), *after)
        request = WireRequest(
            operation="browse", method="GET", path="products", query=asked, safe=True
        )
        document = json_body(await self._http.send(request))
        as_of = cells.instant(document, "asOf")
        edges = answer(
            list_at(document, "edges"), _edge, as_of=as_of, reference=lambda row: row["cursor"]
        )
        return ProductPage(
            edges=edges.rows,
            has_next=document["pageInfo"]["hasNextPage"],
            total=cells.whole(document, "totalCount"),
            as_of=as_of,
            rejected=edges.rejected,
        )

    async def prices(self, skus: Collection[Sku], *, channel: Channel) -> Answer[Price]:
        """In the one currency there is."""
        asked = {"skus": list(skus), "currency": channel.currency}
        document = await self._post("prices", "prices", asked)
        as_of = cells.instant(document, "asOf")
        return answer(
            list_at(document, "items"),
            lambda row: mapping.price(row, as_of=as_of),
            as_of=as_of,
            reference=lambda row: row["sku"],
        )

    async def stock_levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode]
    ) -> Answer[StockLevel]:
        """At all locations asked for."""
        asked = {"skus": list(skus), "locations": list(locations)}
        document = await self._post("levels", "levels", asked)
        as_of = cells.instant(document, "asOf")
        by_sku = answer(
            list_at(document, "items"),
            lambda row: tuple(mapping.levels(row, as_of=as_of)),
            as_of=as_of,
            reference=lambda row: row["sku"],
        )
        return Answer(rows=_flat(by_sku.rows), as_of=as_of, rejected=by_sku.rejected)

    async def locations(self) -> Answer[Location]:
        """Every location."""
        request = WireRequest(operation="locations", method="GET", path="locations", safe=True)
        document = json_body(await self._http.send(request))
        return answer(
            list_at(document, "items"),
            mapping.location,
            as_of=cells.instant(document, "asOf"),
            reference=lambda row: row["code"],
        )

    async def _post(self, operation: str, path: str, asked: Any) -> Any:
        request = WireRequest(
            operation=operation,
            method="POST",
            path=path,
            body=orjson.dumps(asked),
            headers={"content-type": "application/json"},
            safe=True,
        )
        return json_body(await self._http.send(request))


def _edge(row: Any) -> ProductEdge:
    return ProductEdge(cells.text(row, "cursor"), mapping.product(row["node"]))


def _flat(groups: Iterable[tuple[StockLevel, ...]]) -> tuple[StockLevel, ...]:
    return tuple(chain.from_iterable(groups))
