"""A process that places a partner's order and is killed at one statement of it, or never."""

import asyncio
import os
import signal
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy import event

from app.api.context import Services
from app.main import Gateway
from app.orders.model import Order
from app.orders.wholesale import PartnerOrder
from app.ports import Address, Buyer
from app.promises.model import Line
from app.store import Store, open_store
from app.store.keys import Once
from app.upkeep import watching
from app.upstream.deadline import Deadline
from app.upstream.reader import Inquiry
from app.upstream.report import Report
from app.values import CountryCode, Sku
from tests.gateways import running_over
from tests.partners.selling import CHANNELS, LISTS, PARTNERS, Shop, a_shop
from tests.promises.worlds import MONDAY, RULES

UNITS = 2  # of A in each order
HERE = Address(
    lines=("Via Tortona 1",), postal_code="20144", city="Milano", country=CountryCode("IT")
)


async def gateway_over(store: Store, shop: Shop) -> Gateway:
    return await running_over(
        {"shop": shop},
        now=lambda: MONDAY,
        kept_in=store,
        partners=PARTNERS,
        pricing={"lists": LISTS},
        promises=RULES,
        channels=CHANNELS,
        bind={"orders": {"shop": ["*"]}},
    )


async def services_over(store: Store, shop: Shop) -> Services:
    return (await gateway_over(store, shop)).services


async def watched(store: Store, shop: Shop) -> None:
    """The partner is told what there is."""
    gateway = await gateway_over(store, shop)
    connections, stock = gateway.services.connections, gateway.services.availability
    looking = watching(gateway.settings, connections, stock, store, lambda: MONDAY)
    await looking.once("acme")


async def placed(services: Services, name: str) -> Order:
    """The order of a name; the same however often it is asked."""
    asked = PartnerOrder(
        once=Once(scope="partner:acme", key=f"the-key-of-order-{name}", digest=name),
        reference=name,
        lines=(Line(Sku("A"), UNITS),),
        buyer=Buyer(name="Ada Byron", email="ada@example.com"),
        address=HERE,
    )
    inquiry = Inquiry(Deadline.after(timedelta(minutes=1)), Report())
    return await services.partner_orders.place("acme", asked, inquiry)


def live(url: str, name: str, at: int | None, line: Connection) -> None:
    """Place, and be killed before the statement of this number; tell how many there were.

    At 0 it is there, and nobody has been told.
    """
    asyncio.run(_live(url, name, at, line))


async def _live(url: str, name: str, at: int | None, line: Connection) -> None:
    async with open_store(url, patience=timedelta(seconds=30)) as store:
        services = await services_over(store, a_shop(A=1_000))
        count = 0

        def passed(*_given: Any) -> None:
            nonlocal count
            count += 1
            if count == at:
                os.kill(os.getpid(), signal.SIGKILL)

        engine: Any = store.engine  # type: ignore[attr-defined]  # both stores have one
        watched = getattr(engine, "sync_engine", engine)
        event.listen(watched, "before_cursor_execute", passed)
        event.listen(watched, "commit", passed)
        await placed(services, name)
        if at == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        line.send(count)
