"""What a lock is for: without it, a check and what follows from it are not one step."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.availability import ledger, level_rows
from app.availability.model import Spot
from app.availability.refusals import InsufficientStock
from app.ports import StockLevel
from app.store import Store, Work
from app.values import LocationCode, Sku
from tests.builders import NOON

SPOTS = [Spot(Sku(f"S{n}"), LocationCode("ST-1")) for n in range(10)]
LEVELS = level_rows.levels


async def sold(store: Store) -> int:
    """Units that are held after eight at once wanted one of two, of each of ten things."""

    def fill(work: Work) -> None:
        levels = [
            StockLevel(sku=spot.sku, location=spot.location, on_hand=2, as_of=NOON)
            for spot in SPOTS
        ]
        ledger.record(work, "tills", levels)

    await store.act(fill, now=NOON)
    room = asyncio.Semaphore(30)

    async def wants(spot: Spot, buyer: int) -> bool:
        def change(work: Work) -> None:
            until = NOON + timedelta(minutes=1)
            ledger.place(work, f"cart:{spot.sku}:{buyer}", {spot: 1}, until=until)

        async with room:
            try:
                await store.act(change, now=NOON)
            except InsufficientStock:
                return False
            return True

    return sum(await asyncio.gather(*(wants(spot, n) for spot in SPOTS for n in range(8))))


async def test_with_the_lock_exactly_what_there_is(store: Store) -> None:
    assert await sold(store) == 2 * len(SPOTS)


@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
async def test_without_it_more_than_there_is(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlocked(connection: Any, spots: Any, *, locked: bool = False) -> Any:  # noqa: ARG001
        return LEVELS(connection, spots)

    monkeypatch.setattr(level_rows, "levels", unlocked)

    assert await sold(store) > 2 * len(SPOTS)


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
async def test_a_commit_survives_a_power_cut(store: Store) -> None:
    """NORMAL passes every other test, and loses acknowledged commits."""
    level = await store.read(lambda db: db.execute(text("PRAGMA synchronous")).scalar_one())

    assert level == 2  # FULL
