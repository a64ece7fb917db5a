"""Acts that would wait for each other share a transaction, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from app.availability import ledger
from app.availability.model import Spot
from app.availability.refusals import InsufficientStock
from app.ports import StockLevel
from app.store import Fact, Store, StoreUnavailable, Work, open_store
from app.store.postgres import LIMITS, POOL
from app.store.tables import facts
from app.values import LocationCode, Sku
from tests.builders import NOON

HOT = Spot(Sku("HOT"), LocationCode("ST-1"))
COLD = Spot(Sku("COLD"), LocationCode("ST-1"))


class Refused(Exception):  # noqa: N818  a no
    pass


def telling(name: str, error: Exception | None = None) -> Callable[[Work], str]:
    def change(work: Work) -> str:
        work.tell(Fact(kind="HoldPlaced", entity=name, body={}))
        if error is not None:
            raise error
        return name

    return change


async def told(store: Store) -> list[tuple[int, str]]:
    def asked(connection: Connection) -> list[tuple[int, str]]:
        columns = select(facts.c.seq, facts.c.entity).order_by(facts.c.seq)
        return [(row.seq, row.entity) for row in connection.execute(columns)]

    return await store.read(asked)


async def stocked(store: Store, units: int, *spots: Spot) -> None:
    levels = [
        StockLevel(sku=spot.sku, location=spot.location, on_hand=units, as_of=NOON)
        for spot in spots
    ]
    await store.act(lambda work: ledger.record(work, "tills", levels), now=NOON)


async def hold(store: Store, holder: str, spot: Spot = HOT, *, queue: Any = HOT) -> bool:
    def change(work: Work) -> None:
        ledger.place(work, holder, {spot: 1}, until=NOON + timedelta(minutes=1))

    try:
        await store.act(change, now=NOON, queue=queue)
    except InsufficientStock:
        return False
    return True


def transaction(work: Work) -> int:
    """The number of the transaction that an act is a part of."""
    return int(work.connection.execute(text("select txid_current()")).scalar_one())


async def test_each_act_has_an_outcome_of_its_own(store: Store) -> None:
    acts = [
        store.act(telling(f"{n}", Refused(n) if n % 3 == 1 else None), now=NOON, queue="q")
        for n in range(12)
    ]
    got = await asyncio.gather(*acts, return_exceptions=True)

    kept = [f"{n}" for n in range(12) if n % 3 != 1]
    assert [one for one in got if isinstance(one, str)] == kept
    assert [one.args for one in got if isinstance(one, Refused)] == [(1,), (4,), (7,), (10,)]
    assert await told(store) == list(enumerate(kept, 1))  # in the order they came


async def test_who_is_refused_leaves_nothing_and_takes_nobody_along(store: Store) -> None:
    await stocked(store, 7, HOT)
    got = await asyncio.gather(*(hold(store, f"cart:{n}") for n in range(12)))

    assert got == [True] * 7 + [False] * 5  # first come, first served
    free = await store.read(lambda db: ledger.sellable(db, [HOT], now=NOON))
    assert free == {HOT: 0}
    assert len(await told(store)) == 7


async def test_an_error_of_the_database_is_that_of_one_act(store: Store) -> None:
    def broken(work: Work) -> None:
        work.connection.execute(text("select 1 from nowhere"))

    acts = [store.act(telling("a"), now=NOON, queue="q"), store.act(broken, now=NOON, queue="q")]
    acts.append(store.act(telling("b"), now=NOON, queue="q"))
    acts.append(store.act(telling("c"), now=NOON, queue="q"))
    a, failed, b, c = await asyncio.gather(*acts, return_exceptions=True)

    assert (a, b, c) == ("a", "b", "c")
    assert isinstance(failed, Exception)
    assert "nowhere" in str(failed)


async def test_who_asked_may_go_away(store: Store) -> None:
    first, gone, last = (
        asyncio.create_task(store.act(telling(name), now=NOON, queue="q")) for name in "abc"
    )
    await asyncio.sleep(0)
    gone.cancel()

    assert (await first, await last) == ("a", "c")
    assert [name for _, name in await told(store)] == ["a", "b", "c"]  # it was asked for


@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
async def test_who_waits_meanwhile_shares_one_transaction(store: Store) -> None:
    acts = [store.act(transaction, now=NOON, queue="q") for _ in range(20)]
    others = [store.act(transaction, now=NOON) for _ in range(3)]
    found = await asyncio.gather(*acts)

    assert len(set(found)) == 1
    assert len({*found, *await asyncio.gather(*others)}) == 4


@asynccontextmanager
async def locked(address: str, spot: Spot) -> AsyncIterator[None]:
    """Another process has the level of a spot for as long as the block lasts."""
    async with open_store(address) as other:
        has, may_go = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def change(work: Work) -> None:
            ledger.sellable(work.connection, [spot], now=NOON, locked=True)
            loop.call_soon(has.set)

        async def keep() -> None:
            async with other.engine.begin() as connection:  # type: ignore[attr-defined]
                await connection.run_sync(lambda db: change(Work(db, NOON)))
                await may_go.wait()

        keeping = asyncio.create_task(keep())
        await has.wait()
        try:
            yield
        finally:
            may_go.set()
            await keeping


@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
@pytest.mark.parametrize("queue", [HOT, None])
async def test_what_is_hot_keeps_nobody_else_waiting(
    address: str, queue: Spot | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a queue those who wait for a row have every connection there is."""
    for limit in ("lock_timeout", "statement_timeout"):  # longer than one waits for a connection
        monkeypatch.setitem(LIMITS, limit, "60000")
    async with open_store(address) as store:
        await stocked(store, 100, HOT, COLD)
        async with locked(address, HOT):
            hot = [
                asyncio.create_task(hold(store, f"cart:{n}", queue=queue)) for n in range(POOL + 5)
            ]
            await asyncio.sleep(0)
            try:
                got: Any = await hold(store, "cart:other", COLD, queue=COLD)
            except StoreUnavailable:
                got = None
            assert not any(one.done() and not one.exception() for one in hot)
        await asyncio.gather(*hot, return_exceptions=True)

    assert got is (True if queue is not None else None)


@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
async def test_who_lost_a_deadlock_runs_again_with_all_others(address: str) -> None:
    """Two processes lock two rows in other orders, each for several acts."""
    async with open_store(address) as one, open_store(address) as other:
        await stocked(one, 100, HOT, COLD)
        begun: list[str] = []
        held: set[str] = set()  # by whom the first row was

        def crossing(first: Spot, second: Spot, name: str) -> Callable[[Work], str]:
            def change(work: Work) -> str:
                begun.append(name)
                ledger.sellable(work.connection, [first], now=NOON, locked=True)
                held.add(name[0])
                while len(held) < 2:
                    work.connection.execute(text("select pg_sleep(0.01)"))
                ledger.sellable(work.connection, [second], now=NOON, locked=True)
                return telling(name)(work)

            return change

        acts = [one.act(crossing(HOT, COLD, f"a{n}"), now=NOON, queue="q") for n in range(2)]
        acts += [other.act(crossing(COLD, HOT, f"b{n}"), now=NOON, queue="q") for n in range(2)]
        got = await asyncio.gather(*acts)

        assert got == ["a0", "a1", "b0", "b1"]
        assert len(begun) > 4  # somebody ran again
        assert sorted(name for _, name in await told(one)) == got
