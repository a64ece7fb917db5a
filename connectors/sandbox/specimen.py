"""The four systems in miniature: one specimen each, at a moment that never changes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from app.ports import ProductKey
from app.values import LocationCode, Sku
from connectors.kit.specimen import Asgi, Rewrite, Specimen
from connectors.sandbox.retailer.catalogue import assortment
from connectors.sandbox.retailer.places import DEPOT, STORES, SUPPLIER, WAREHOUSE
from connectors.sandbox.retailer.shelves import stock
from connectors.sandbox.retailer.upstreams import upstream
from connectors.sandbox.settings import System

SEED = 7
MOMENT = datetime(2026, 3, 2, 10, 30, 20, tzinfo=UTC)  # a Monday, when all stores are open


def _app(system: System) -> Callable[[], Asgi]:
    return lambda: upstream(system, seed=SEED, now=lambda: MOMENT)


def _carried(place: str, count: int) -> tuple[Sku, ...]:
    """The first SKUs of the catalogue that a place carries."""
    held = stock(SEED)
    carried = (sku for sku in assortment(SEED).skus if held.count(sku, place, MOMENT) is not None)
    return tuple(Sku(sku) for sku, _ in zip(carried, range(count), strict=False))


def _with_rows(change: Callable[[list[Any]], list[Any]]) -> Rewrite:
    """Tables of the tills hold rows of cells, which no generic rewrite can tell from lists."""

    def rewrite(body: bytes) -> bytes:
        document = orjson.loads(body)
        return orjson.dumps(document | {"rows": change(document["rows"])})

    return rewrite


def _shop() -> Specimen:
    first, second, third = assortment(SEED).models[:3]
    return Specimen(
        label="shop",
        app=_app("shop"),
        settings={"system": "shop", "seed": SEED},
        ports=frozenset({"CatalogSource", "LocationSource", "PriceSource", "StockSource"}),
        skus=_carried(DEPOT, 5),
        locations={LocationCode(DEPOT): DEPOT},
        product_keys=(
            ProductKey("id", first.id),
            ProductKey("handle", second.handle),
            ProductKey("sku", third.articles[0].sku),
        ),
    )


def _holder(system: System, *places: str) -> Specimen:
    """A system that knows places and what stands there."""
    return Specimen(
        label=system,
        app=_app(system),
        settings={"system": system, "seed": SEED},
        ports=frozenset({"LocationSource", "StockSource"}),
        skus=_carried(places[0], 5),
        locations={LocationCode(place): place for place in places},
    )


TABLES: Mapping[Literal["empty", "duplicate"], Rewrite] = {
    "empty": _with_rows(lambda _: []),
    "duplicate": _with_rows(lambda rows: rows + rows),
}
SPECIMENS = (
    _shop(),
    replace(_holder("tills", *(store.number for store in STORES)), rewrites=TABLES),
    _holder("warehouse", WAREHOUSE),
    _holder("supplier", SUPPLIER),
)
