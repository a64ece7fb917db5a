"""What does each port write, and what must the upstream hold afterwards?"""

from collections.abc import Awaitable, Callable, Collection, Hashable
from dataclasses import dataclass, replace
from typing import Any

from app.ports import OrderKey, OrderSink, OrderStatus, SoldOrder
from connectors.kit.specimen import Effect, Specimen

Make = Callable[[Any, Specimen], Awaitable[Hashable]]
"""Writes over a connection; what is said of it must be the same whenever it is repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write of a port. `before` are those that come first, `effects` what is there at last."""

    port: str
    name: str
    make: Make
    before: tuple[Make, ...] = ()
    effects: Callable[[Specimen], list[Effect]]
    held: Callable[[Specimen, Any], list[Effect]]


def an_order(specimen: Specimen, key: str = "T-100") -> SoldOrder:
    """The specimen's order under a key."""
    if specimen.orders is None:
        raise LookupError(f"specimen {specimen.label}: OrderSink needs `orders`")
    return replace(specimen.orders.order, key=OrderKey(key))


def units(order: SoldOrder) -> Effect:
    """What an order in force comes to."""
    wanted: dict[str, int] = {}
    for line in order.lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    return str(order.key), wanted


def orders_held(specimen: Specimen, app: Any) -> list[Effect]:
    """The orders in force."""
    if specimen.orders is None:
        raise LookupError(f"specimen {specimen.label}: OrderSink needs `orders`")
    return specimen.orders.held(app)


async def _hand_over(connection: OrderSink, specimen: Specimen) -> Hashable:
    told = await connection.hand_over(an_order(specimen))
    return told.key, told.status


async def _cancel(connection: OrderSink, specimen: Specimen) -> Hashable:
    told = await connection.cancel(an_order(specimen).key)
    return None if told is None else (told.key, told.status)


async def _cancelled(connection: OrderSink, specimen: Specimen) -> Hashable:
    """Handing over what was cancelled changes nothing."""
    told = await connection.hand_over(an_order(specimen))
    return told.status is OrderStatus.CANCELLED


WRITES: Collection[Write] = (
    Write(
        port="OrderSink",
        name="hand_over",
        make=_hand_over,
        effects=lambda specimen: [units(an_order(specimen))],
        held=orders_held,
    ),
    Write(
        port="OrderSink",
        name="cancel",
        make=_cancel,
        before=(_hand_over,),
        effects=lambda _: [],
        held=orders_held,
    ),
    Write(
        port="OrderSink",
        name="hand_over of a cancelled order",
        make=_cancelled,
        before=(_hand_over, _cancel),
        effects=lambda _: [],
        held=orders_held,
    ),
)


def writes_of(port: str) -> tuple[Write, ...]:
    """The writes of one port."""
    return tuple(write for write in WRITES if write.port == port)
