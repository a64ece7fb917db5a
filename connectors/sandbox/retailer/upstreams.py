"""Which upstream systems does the retailer run? Each as an ASGI app with switchable faults."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from starlette.applications import Starlette

from connectors.sandbox.faults import FaultyUpstream
from connectors.sandbox.retailer import market_desk, payments, shop, supplier, tills, warehouse
from connectors.sandbox.retailer.http import Now

APPS: Mapping[str, Callable[[int, Now], Starlette]] = {
    "shop": shop.app,
    "tills": tills.app,
    "warehouse": warehouse.app,
    "supplier": supplier.app,
    "payments": payments.app,
    "market": market_desk.app,
}


def utc_now() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


def upstream(
    system: str, *, seed: int, now: Now = utc_now, states_date: bool = False
) -> FaultyUpstream:
    """The ASGI app of one system; `now` is its clock, in UTC.

    `states_date` is for servers that send no Date header of their own.
    """
    return FaultyUpstream(lambda clock: APPS[system](seed, clock), now=now, states_date=states_date)
