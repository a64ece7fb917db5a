"""How are orders handed over to the shop and to the warehouse? Both know them by our own key."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from app.errors import UpstreamBroken, UpstreamRefused
from app.ports import Answer, OrderKey, SoldOrder, UpstreamOrder, Wiring
from connectors.kit import cells
from connectors.kit.rows import answer, list_at
from connectors.sandbox import order_mapping as mapping
from connectors.sandbox.answers import joined, stated
from connectors.sandbox.wire import Caller, in_batches, pairs

Told = Callable[[Any], UpstreamOrder]


@dataclass(frozen=True, slots=True)
class ShopOrders:
    """The shop's orders: a key is a part of their address."""

    wiring: Wiring
    call: Caller

    async def hand_over(self, order: SoldOrder) -> UpstreamOrder:
        """See `OrderSink`. One call."""
        document = mapping.shop_order(order, self.wiring.locations)
        return _one(
            await self.call.write("hand-over", "PUT", _path(order.key), document),
            mapping.shop_told,
            order.key,
        )

    async def placed(self, keys: Collection[OrderKey]) -> Answer[UpstreamOrder]:
        """See `OrderSink`."""
        if not keys:
            return Answer(rows=(), as_of=self.wiring.now())
        return joined(await in_batches(keys, self._asked), lambda order: order.key)

    async def cancel(self, key: OrderKey) -> UpstreamOrder | None:
        """See `OrderSink`. One call."""
        call = self.call.write("cancel", "POST", f"{_path(key)}/cancel", {})
        return await _unless_unknown(call, "unknown_order", mapping.shop_told, key)

    async def _asked(self, keys: list[OrderKey]) -> Answer[UpstreamOrder]:
        document = await self.call.get("orders", "v1/orders", pairs("key", keys))
        return answer(
            list_at(document, "items"),
            mapping.shop_told,
            as_of=stated(cells.instant, document, "served_at"),
            reference=lambda row: row["key"],
        )


@dataclass(frozen=True, slots=True)
class WarehouseOrders:
    """The warehouse's deliveries: they carry the client's reference."""

    wiring: Wiring
    call: Caller

    async def hand_over(self, order: SoldOrder) -> UpstreamOrder:
        """See `OrderSink`. One call."""
        document = mapping.delivery(order, self.wiring.locations)
        return _one(
            await self.call.write("hand-over", "POST", "wms/deliveries", document),
            mapping.delivery_told,
            order.key,
        )

    async def placed(self, keys: Collection[OrderKey]) -> Answer[UpstreamOrder]:
        """See `OrderSink`."""
        if not keys:
            return Answer(rows=(), as_of=self.wiring.now())
        return joined(await in_batches(keys, self._asked), lambda order: order.key)

    async def cancel(self, key: OrderKey) -> UpstreamOrder | None:
        """See `OrderSink`. One call."""
        call = self.call.write("cancel", "DELETE", f"wms/deliveries/{quote(key, safe='')}", {})
        return await _unless_unknown(call, "unknown_delivery", mapping.delivery_told, key)

    async def _asked(self, keys: list[OrderKey]) -> Answer[UpstreamOrder]:
        document = await self.call.get("orders", "wms/deliveries", pairs("ClientRef", keys))
        return answer(
            list_at(document, "Deliveries"),
            mapping.delivery_told,
            as_of=stated(cells.instant, document, "AnsweredAt"),
            reference=lambda row: row["ClientRef"],
        )


def says(body: bytes, word: str) -> bool:
    """Whether a refusal is this one."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(document, dict) and document.get("error") == word


def _path(key: OrderKey) -> str:
    return f"v1/orders/{quote(key, safe='')}"


def _one(document: Any, told: Told, key: OrderKey) -> UpstreamOrder:
    try:
        order = told(document)
    except (LookupError, TypeError, ValueError) as error:
        raise UpstreamBroken("the answer tells of no order") from error
    if order.key != key:
        raise UpstreamBroken("the answer tells of another order")
    return order


async def _unless_unknown(call: Any, word: str, told: Told, key: OrderKey) -> UpstreamOrder | None:
    try:
        return _one(await call, told, key)
    except UpstreamRefused as error:
        if says(error.body, word):
            return None
        raise
