"""Killed at any statement of placing: no order and nothing held, or the order with its stock."""

import asyncio
import multiprocessing
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from app.availability.tables import allocations, hold_lines
from app.orders.model import OrderState
from app.orders.tables import orders
from app.store import open_store
from tests.partners import mortal
from tests.partners.mortal import UNITS
from tests.partners.selling import a_shop


@pytest.fixture(scope="session")
def processes() -> Any:
    """Processes that have everything imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.partners.mortal"])
    return context


def lived(processes: Any, address: str, name: str, at: int | None) -> int | None:
    """How many statements there were; None: it was killed."""
    hears, says = processes.Pipe(duplex=False)
    process = processes.Process(target=mortal.live, args=(address, name, at, says), daemon=True)
    process.start()
    says.close()
    told = None
    with suppress(EOFError, OSError), hears:
        told = hears.recv()
    process.join()
    return told


def written(connection: Connection) -> tuple[int, int, int]:
    """Orders, units that are allocated and units that are held."""
    return (
        connection.scalar(select(func.count()).select_from(orders)) or 0,
        connection.scalar(select(func.sum(allocations.c.quantity))) or 0,
        connection.scalar(select(func.sum(hold_lines.c.quantity))) or 0,
    )


async def test_whenever_it_is_killed_there_is_no_order_or_all_of_it(
    address: str, processes: Any
) -> None:
    shop = a_shop(A=1_000)
    async with open_store(address, patience=timedelta(seconds=30)) as store:
        services = await mortal.services_over(store, shop)
        await mortal.watched(store, shop)
        statements = await asyncio.to_thread(lived, processes, address, "R-0", None)
        assert statements is not None
        assert statements > 20
        before, after = 0, 0
        for at in [*range(1, statements + 1), 0]:
            count, allocated, _ = await store.read(written)
            told = await asyncio.to_thread(lived, processes, address, f"R-0{at}", at)
            assert told is None or told < at  # it needed fewer, this time
            found = await store.read(written)
            assert found in {(count, allocated, 0), (count + 1, allocated + UNITS, 0)}, at
            before, after = before + (found[0] == count), after + (found[0] > count)
            order = await mortal.placed(services, f"R-0{at}")
            again = await mortal.placed(services, f"R-0{at}")
            assert order == again
            assert order.state is OrderState.PLACED
            assert await store.read(written) == (count + 1, allocated + UNITS, 0)
        while await services.order_worker.round():
            pass
        every = await services.partner_orders.page("acme", first=100)

    assert before > 20
    assert after >= 1  # after the commit
    assert {one.state for one in every} == {OrderState.SOURCED}
    assert len(shop.book) == len(every) == statements + 2
