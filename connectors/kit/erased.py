"""Does a healthy directory forget somebody for good, and nobody else?"""

from collections.abc import Collection
from typing import Any

from app.ports import CustomerDirectory, CustomerKey, PurchaseHistory
from connectors.kit.bench import Bench
from connectors.kit.customer_questions import LONG_AFTER, customers_of
from connectors.kit.findings import Finding, Findings
from connectors.kit.writes import customers_held, still_named

MOST = 50


async def customer_laws(place: Bench) -> Collection[Finding]:
    """Of `CustomerDirectory`."""
    first, second = [(await place.plug()).connection for _ in range(2)]
    desk = _Desk(place)
    with desk.caught("the upstream"):
        await _forgotten(desk, first, second)
    return desk.findings


class _Desk(Findings):
    def __init__(self, place: Bench) -> None:
        super().__init__()
        self.place = place

    def names(self, law: str, wanted: Any) -> None:
        """Whom the upstream still names."""
        held = customers_held(self.place.specimen, self.place.wire.app)
        if sorted(held) != sorted(wanted):
            self.found("writes-idempotent", f"{law}: the upstream names {held}, not {wanted}")


async def _forgotten(desk: _Desk, first: CustomerDirectory, second: CustomerDirectory) -> None:
    specimen = desk.place.specimen
    known = customers_of(specimen)
    gone, *others = known.keys
    nobody = known.unknown(0)
    desk.names("at first", [(str(key), None) for key in known.keys])
    stays = _keys(await second.find(known.contacts)) - {gone}
    erasure = await first.erase(gone)
    desk.check("erased", erasure.key, gone)
    desk.names("erased", still_named(specimen))
    desk.check("erased again", await first.erase(gone), erasure)
    desk.check("erased by another connection", await second.erase(gone), erasure)
    desk.check("nobody erased", (await first.erase(nobody)).key, nobody)
    desk.names("erased again", still_named(specimen))
    for one in (first, second):
        desk.check("customers after it", _keys(await one.customers(known.keys)), set(others))
        desk.check("records after it", _keys(await one.export(known.keys)), set(others))
        desk.check("found after it", _keys(await one.find(known.contacts)), stays)
    if isinstance(first, PurchaseHistory):
        bought = await first.purchases([gone], until=LONG_AFTER, most=MOST)
        desk.check("purchases after it", bought.rows, ())


def _keys(answer: Any) -> set[CustomerKey]:
    return {row.key for row in answer.rows}
