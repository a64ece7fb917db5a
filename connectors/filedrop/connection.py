"""What do a partner's files say, and how are orders handed to the partner?"""

from collections.abc import Collection
from typing import Any
from urllib.parse import quote

import orjson

from app.errors import UpstreamBroken, UpstreamUnavailable
from app.ports import (
    Answer,
    OrderKey,
    RejectedRow,
    SoldOrder,
    StockLevel,
    UpstreamOrder,
    WireRequest,
    Wiring,
)
from app.values import LocationCode, Sku
from connectors.filedrop import mapping
from connectors.filedrop.settings import Settings
from connectors.kit.cells import instant, text
from connectors.kit.rows import answer, batches, json_body, list_at, merged

IDS_PER_CALL = 500
JSON = {"content-type": "application/json"}
WAITING = "the partner has not answered yet"


class FiledropConnection:
    """Fulfils StockSource and OrderSink, as far as the settings say how to."""

    def __init__(self, settings: Settings, wiring: Wiring) -> None:
        files = Files(wiring)
        if settings.stock is not None:
            self.stock_levels = files.stock_levels
        if settings.orders is not None:
            self.hand_over, self.placed, self.cancel = files.hand_over, files.placed, files.cancel


class Files:
    """Asks the desk, which looks after the files."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
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
        found = await self._write("hand-over", "PUT", _path(order.key), document)
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
        return _one(await self._write("cancel", "POST", f"{_path(key)}/cancel", {}), key)

    async def _levels(self, skus: list[Sku], places: list[str]) -> Answer[StockLevel]:
        document = await self._ask("stock-levels", "stock", {"skus": skus, "places": places})
        found = answer(
            list_at(document, "levels"),
            lambda row: mapping.stock_level(row, self._codes),
            as_of=_as_of(document),
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
        document = await self._ask("orders", "placed", {"keys": keys})
        return answer(
            list_at(document, "orders"),
            mapping.upstream_order,
            as_of=_as_of(document),
            reference=lambda row: row["key"],
        )

    async def _ask(self, operation: str, path: str, asked: Any) -> Any:
        return await self._send(operation, "POST", path, asked, safe=True)

    async def _write(self, operation: str, method: str, path: str, document: Any) -> Any:
        return await self._send(operation, method, path, document, safe=False)

    async def _send(
        self, operation: str, method: str, path: str, document: Any, *, safe: bool
    ) -> Any:
        request = WireRequest(
            operation=operation,
            method=method,
            path=path,
            safe=safe,
            headers=JSON,
            body=orjson.dumps(document),
        )
        return json_body(await self._wiring.http.send(request))


def _path(key: OrderKey) -> str:
    return f"orders/{quote(key, safe='')}"


def _as_of(document: Any) -> Any:
    try:
        return instant(document, "as_of")
    except (LookupError, TypeError, ValueError) as error:
        raise UpstreamBroken("the answer states no usable as_of") from error


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
