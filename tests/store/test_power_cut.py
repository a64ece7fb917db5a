"""When the power goes, no order is lost that somebody was told of."""

import random
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Connection, select, text

from app.orders.model import OrderState
from app.orders.tables import orders
from app.store import log, open_store, sqlite
from app.store.opening import upgrade
from app.store.tables import facts
from tests.orders.dying import ON_HAND, plenty
from tests.orders.world import World, opened
from tests.store.power import Cut, Disk, address, powered

ORDERS = 25
CUTS = 60
SPOTS = [plenty("shop"), plenty("dc")]
UNSURE = OrderState.PENDING_CONFIRMATION


class Known(NamedTuple):
    """What others know: orders that buyers were told of, orders that money is kept for."""

    told: frozenset[str]
    charged: frozenset[str]


async def cut_while_selling(folder: Path) -> list[Cut]:
    """The real store sells and hands over; every so often it is seen what a cut would leave."""
    disk = Disk(random.Random(7), every=0.03)
    with powered(disk):
        url = address(folder / "store.db")
        await upgrade(url)
        async with open_store(url) as store, opened(store) as world:
            await world.stock(*SPOTS, on_hand=ON_HAND)
            told: list[str] = []
            till: Any = world.systems["payments"].served
            charges = till.state.till.charges
            disk.witness = lambda: Known(frozenset(list(told)), frozenset(list(charges)))
            await sold(world, told)
            disk.witness = None
    return disk.cuts


async def sold(world: World, told: list[str]) -> None:
    for number in range(ORDERS):
        placed = await world.place(str(number), *SPOTS)
        assert placed.order.state is OrderState.PLACED
        told.append(placed.order.number)
        await world.worker.round()


async def found(folder: Path, cut: Cut) -> list[str]:
    """What is wrong when the store is opened again after a cut."""
    _put(folder, cut)

    def question(connection: Connection) -> list[str]:
        rows = connection.execute(select(orders.c.number, orders.c.state))
        states = {row.number: row.state for row in rows}
        kept = {number for number, state in states.items() if state != UNSURE}
        numbers = list(connection.execute(select(facts.c.seq).order_by(facts.c.seq)).scalars())
        whole = connection.execute(text("PRAGMA integrity_check")).scalars().all()
        return [
            *(f"lost: {number}" for number in cut.known.told - kept),
            *(f"charged without an order: {number}" for number in cut.known.charged - set(states)),
            *([] if numbers == list(range(1, log.head(connection).last + 1)) else ["a fact"]),
            *(one for one in whole if one != "ok"),
        ]

    async with open_store(f"sqlite:///{folder}/store.db") as store:
        return await store.read(question)


def _put(folder: Path, cut: Cut) -> None:
    folder.mkdir()
    for name, content in cut.files.items():
        (folder / name).write_bytes(content)


async def test_what_was_acknowledged_is_there_after_a_cut(tmp_path: Path) -> None:
    cuts = await cut_while_selling(tmp_path)

    assert len(cuts) >= CUTS
    assert len(cuts[-1].known.told) > ORDERS / 2
    for number, cut in enumerate(cuts):
        assert await found(tmp_path / f"cut-{number}", cut) == []


async def test_with_normal_it_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """7: whoever does not sync each commit passes every test that only kills processes."""
    normal = [pragma.replace("FULL", "NORMAL") for pragma in sqlite.PRAGMAS]
    monkeypatch.setattr(sqlite, "PRAGMAS", normal)
    cuts = await cut_while_selling(tmp_path)
    wrong = [
        await found(tmp_path / f"cut-{number}", cut) for number, cut in enumerate(cuts[-CUTS:])
    ]

    assert sum(any(one.startswith("lost") for one in words) for words in wrong) > CUTS / 2
