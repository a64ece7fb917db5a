"""Processes that buy are killed at any moment: nothing acknowledged is lost, nothing is done twice.

What was asked and never answered is asked again by its key, which settles it.
"""

import asyncio
import multiprocessing
import random
from collections import Counter
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from app.availability import ledger
from app.availability.model import Spot
from app.availability.tables import hold_lines
from app.carts.tables import carts
from app.store import open_store
from app.store.tables import facts
from tests.carts import buyer
from tests.carts.buyer import NOON, PLACE, SKUS, UNITS, a_shop, bought
from tests.gateways import running_over

KILLS = 12


@pytest.fixture(scope="session")
def processes() -> Any:
    """Processes that have everything imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.carts.buyer"])
    return context


def killed(processes: Any, address: str, number: int, words: int) -> list[dict[str, Any]]:
    """What a buyer said until it was killed, after so many words of its."""
    hears, says = processes.Pipe(duplex=False)
    process = processes.Process(target=buyer.live, args=(address, number, says), daemon=True)
    process.start()
    says.close()
    said: list[dict[str, Any]] = []
    with suppress(EOFError, OSError), hears:  # the last word may have been cut
        while True:
            said.append(hears.recv())
            if len(said) == words:
                process.kill()  # it goes on meanwhile: where it is then, nobody knows
    process.join()
    return said


def written(connection: Connection) -> tuple[int, dict[str, int], list[int], Counter[str]]:
    count = connection.execute(select(func.count()).select_from(carts)).scalar_one()
    held = connection.execute(
        select(hold_lines.c.sku, func.sum(hold_lines.c.quantity)).group_by(hold_lines.c.sku)
    )
    rows = connection.execute(select(facts.c.seq, facts.c.kind).order_by(facts.c.seq)).all()
    kinds = Counter(row.kind for row in rows)
    return count, {sku: int(units) for sku, units in held}, [row.seq for row in rows], kinds


async def test_whenever_a_buyer_is_killed_each_key_has_one_effect(
    address: str, processes: Any
) -> None:
    chance = random.Random(7)
    said: list[dict[str, Any]] = []
    for wave in range(KILLS // 4):
        lives = (
            asyncio.to_thread(killed, processes, address, wave * 4 + n, chance.randrange(3, 24))
            for n in range(4)
        )
        for one in await asyncio.gather(*lives):
            said += one
    asked = {one["asked"]: one["sku"] for one in said if "asked" in one}
    done = {one["done"]: (one["cart"], one["held"]) for one in said if "done" in one}
    assert len(asked) > len(done) > KILLS

    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(address, patience=timedelta(seconds=30)))
        services = (await running_over({"shop": a_shop()}, kept_in=store)).services
        settled = {key: await bought(services, key, sku) for key, sku in asked.items()}
        count, held, numbers, kinds = await store.read(written)
        spots = [Spot(sku, PLACE) for sku in SKUS]
        free = await store.read(lambda db: ledger.sellable(db, spots, now=NOON))

    for key, (cart, has) in done.items():
        again, holds = settled[key]
        assert again.id == cart
        assert holds >= has  # what was acknowledged is there
    assert count == len(asked)
    assert all(units <= UNITS for units in held.values())
    assert sum(held.values()) == sum(has for _, has in settled.values())
    assert {spot.sku: units for spot, units in free.items()} == {
        sku: UNITS - held.get(sku, 0) for sku in SKUS
    }
    assert numbers == list(range(1, len(numbers) + 1))
    assert kinds["CartCreated"] == count
    assert kinds["HoldPlaced"] == kinds["CartHeld"] == sum(held.values())
