"""What do a partner's files say, and how is the partner told what is ours to tell?"""

from collections.abc import Collection
from typing import Any
from urllib.parse import quote

from app.errors import UpstreamBroken, UpstreamUnavailable
from app.ports import (
    Answer,
    OrderKey,
    RejectedRow,
    SoldOrder,
    StockLevel,
    UpstreamOrder,
    Wiring,
)
from app.values import LocationCode, Sku
from connectors.filedrop import mapping
from connectors.filedrop.asking import Asking, as_of
from connectors.filedrop.selling_connection import Selling
from connectors.filedrop.settings import Settings
from connectors.kit.cells import text
from connectors.kit.rows import answer, batches, list_at, merged

IDS_PER_CALL = 500
WAITING = "the partner has not answered yet"


class FiledropConnection:
    """Fulfils StockSource and OrderSink, ListingSink and OrderSource, as the settings say."""

    def __init__(self, settings: Settings, wiring: Wiring) -> None:
        files = Files(wiring)
        if settings.stock is not None:
            self.stock_levels = files.stock_levels
        if settings.orders is not None:
            self.hand_over, self.placed, self.cancel = files.hand_over, files.placed, files.cancel
        selling = Selling(wiring)
        if settings.listings is not None:
            self.publish, self.listings = selling.publish, selling.listings
        if settings.sales is not None:
            self.orders, self.numbered = selling.orders, selling.numbered
            self.acknowledge = selling.acknowledge
            self.confirm_shipment = selling.confirm_shipment


class Files:
    """Asks the desk, which looks after the files."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._asking = Asking(wiring.http)
        self._codes = mapping.Codes(wiring.locations)

    async def stock_levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode]
    ) -> Answer[StockLevel]:
        """See `app.ports.StockSource`. One call for each 500 SKUs."""
        places = sorted({self._codes.place(code) for code in locations})
        asked = batches(skus, IDS_PER_CALL) if places else []
        answers = [await self._levels(batch, places) for batch in asked]
        return merged(
            answers, key=lambda level: (level.sku, level.location), as_of=self._wiring.now()
        )

    async def hand_over(self, order: SoldOrder) -> UpstreamOrder:
        """See `app.ports.OrderSink`. One call; what the partner has yet to answer is unknown."""
        document = mapping.order_document(order, self._codes)
        found = await self._asking.write("hand-over", "PUT", _path(order.key), document)
        told = _one(found, order.key)
        if told is None:
            raise UpstreamBroken("the answer tells of no order")
        return told

    async def placed(self, keys: Collection[OrderKey]) -> Answer[UpstreamOrder]:
        """See `app.ports.OrderSink`. One call for each 500 keys."""
        answers = [await self._placed(batch) for batch in batches(keys, IDS_PER_CALL)]
        return merged(answers, key=lambda order: order.key, as_of=self._wiring.now())

    async def cancel(self, key: OrderKey) -> UpstreamOrder | None:
        """See `app.ports.OrderSink`. One call; what the partner has yet to answer is unknown."""
        return _one(await self._asking.write("cancel", "POST", f"{_path(key)}/cancel", {}), key)

    async def _levels(self, skus: list[Sku], places: list[str]) -> Answer[StockLevel]:
        document = await self._asking.ask("stock-levels", "stock", {"skus": skus, "places": places})
        found = answer(
            list_at(document, "levels"),
            lambda row: mapping.stock_level(row, self._codes),
            as_of=as_of(document),
            reference=lambda row: row["sku"],
        )
        told = answer(
            list_at(document, "rejected"),
            lambda row: RejectedRow(text(row, "reference"), text(row, "reason")),
            as_of=found.as_of,
            reference=lambda row: row["reference"],
        )
        rejected = (*found.rejected, *dict.fromkeys(told.rows), *told.rejected)
        return Answer(rows=found.rows, as_of=found.as_of, rejected=rejected)

    async def _placed(self, keys: list[OrderKey]) -> Answer[UpstreamOrder]:
        document = await self._asking.ask("orders", "placed", {"keys": keys})
        return answer(
            list_at(document, "orders"),
            mapping.upstream_order,
            as_of=as_of(document),
            reference=lambda row: row["key"],
        )


def _path(key: OrderKey) -> str:
    return f"orders/{quote(key, safe='')}"


def _one(document: Any, key: OrderKey) -> UpstreamOrder | None:
    """The order; None where there is none.

    Raises:
        UpstreamUnavailable: the partner has not answered yet.
        UpstreamBroken: it is another order, or none that can be understood.
    """
    try:
        row = document["order"]
        if row is None:
            return None
        if row["key"] != key:
            raise UpstreamBroken("the answer tells of another order")
        if row["state"] is None:
            raise UpstreamUnavailable(WAITING)
        return mapping.upstream_order(row)
    except (LookupError, TypeError, ValueError) as error:
        raise UpstreamBroken("the answer tells of no order") from error
