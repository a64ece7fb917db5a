"""Does a healthy upstream do what is written, and only that?"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from app.errors import UpstreamRefused
from app.ports import OrderKey, OrderSink, OrderStatus
from app.values import Sku
from connectors.kit.bench import Bench
from connectors.kit.erased import customer_laws
from connectors.kit.findings import Finding, Findings
from connectors.kit.loyalty_writes import an_earning
from connectors.kit.marketed import listing_laws, market_laws
from connectors.kit.paid import payment_laws
from connectors.kit.pointed import loyalty_laws
from connectors.kit.questions import STOCKED_UP
from connectors.kit.writes import a_payment, an_order, orders_held, units

Laws = Callable[[Bench], Awaitable[Collection[Finding]]]
ACCEPTED, CANCELLED = OrderStatus.ACCEPTED, OrderStatus.CANCELLED
NOBODY = OrderKey("NO-SUCH-ORDER")


class _Desk(Findings):
    """Two connections to one upstream."""

    def __init__(self, place: Bench, first: OrderSink, second: OrderSink) -> None:
        super().__init__()
        self._place = place
        self.first, self.second = first, second

    def holds(self, law: str, *keys: str) -> None:
        """What the upstream holds is the orders of these keys, each once."""
        specimen = self._place.specimen
        held = sorted(orders_held(specimen, self._place.wire.app), key=repr)
        wanted = sorted((units(an_order(specimen, key)) for key in keys), key=repr)
        if held != wanted:
            reason = f"{law}: the upstream holds {held}, not {wanted}"
            self.found("writes-idempotent", reason)


async def order_laws(place: Bench) -> Collection[Finding]:
    """Of `OrderSink`."""
    connections = [(await place.plug()).connection for _ in range(2)]
    desk, specimen = _Desk(place, *connections), place.specimen
    one, two = an_order(specimen, "T-1"), an_order(specimen, "T-2")
    with desk.caught("the upstream"):
        told_one = await desk.first.hand_over(one)
        desk.check("an order", (told_one.key, told_one.status), (one.key, ACCEPTED))
        desk.holds("an order", "T-1")
        desk.check("the same order again", await desk.first.hand_over(one), told_one)
        desk.check("again by another connection", await desk.second.hand_over(one), told_one)
        desk.holds("the same order again", "T-1")
        told_two = await desk.second.hand_over(two)
        desk.check("another order", told_two.reference != told_one.reference, True)  # noqa: FBT003
        desk.holds("another order", "T-1", "T-2")
        asked = await desk.first.placed([one.key, NOBODY, two.key, one.key])
        desk.check("orders by key", _by_key(asked.rows), _by_key((told_one, told_two)))
        desk.check("no keys", (await desk.first.placed([])).rows, ())
        await _cancelling(desk, one.key)
        desk.check("cancelled, and again", (await desk.second.hand_over(one)).status, CANCELLED)
        desk.holds("a cancelled order", "T-2")
        desk.findings += [one async for one in _impossible(desk, place)]
        desk.holds("an impossible order", "T-2")
    return desk.findings


async def _cancelling(desk: _Desk, key: OrderKey) -> None:
    for law in ("cancelled", "cancelled again"):
        order = await desk.second.cancel(key)
        desk.check(law, order and (order.key, order.status), (key, CANCELLED))
    desk.check("nobody's order cancelled", await desk.first.cancel(NOBODY), None)
    rows = (await desk.first.placed([key])).rows
    desk.check("a cancelled order by key", [row.status for row in rows], [CANCELLED])


async def _impossible(desk: _Desk, place: Bench) -> AsyncIterator[Finding]:
    """Nobody sells this: it is refused, and nothing is known of it."""
    order = an_order(place.specimen, "T-3")
    line = replace(order.lines[0], sku=Sku("NO-SUCH-SKU"))
    try:
        answer = await desk.first.hand_over(replace(order, lines=(line, *order.lines[1:])))
        yield Finding("conformance", f"a SKU nobody knows was ordered: {answer.status}")
    except UpstreamRefused:
        pass
    desk.check("a refused order by key", (await desk.first.placed([order.key])).rows, ())


def _by_key(rows: Collection[Any]) -> dict[OrderKey, Any]:
    return {row.key: row for row in rows}


async def stock_up(place: Bench, port: str) -> None:
    """Write what the port is then asked for."""
    connection = (await place.plug()).connection
    if port == "OrderSink":
        for key in STOCKED_UP:
            await connection.hand_over(an_order(place.specimen, key))
    if port == "PaymentProvider":
        for key in STOCKED_UP:
            await connection.authorise(a_payment(place.specimen, key))
    if port == "LoyaltyProgram":
        for key in STOCKED_UP:
            await connection.earn_points(an_earning(place.specimen, key))


def laws_of(port: str) -> Laws:
    """The laws of a port that writes."""
    return LAWS[port]


LAWS: Mapping[str, Laws] = {
    "CustomerDirectory": customer_laws,
    "ListingSink": listing_laws,
    "LoyaltyProgram": loyalty_laws,
    "OrderSink": order_laws,
    "OrderSource": market_laws,
    "PaymentProvider": payment_laws,
}
