"""One act, one transaction, with the facts it tells; the same on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from app.errors import MisconfiguredError
from app.store import Fact, Store, StoreUnavailable, TextNotKeptError, Work, open_store
from app.store.opening import upgrade
from app.store.tables import facts, log_head

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def told(entity: str = "hold:1", **body: Any) -> Fact:
    return Fact(kind="HoldPlaced", entity=entity, body=body)


def tell(*given: Fact) -> Any:
    def change(work: Work) -> int:
        for fact in given:
            work.tell(fact)
        return len(given)

    return change


def log(connection: Connection) -> list[tuple[Any, ...]]:
    rows = connection.execute(select(facts).order_by(facts.c.seq))
    return [(row.seq, row.kind, row.entity, row.body) for row in rows]


def numbers(connection: Connection, *, after: int) -> list[int]:
    question = select(facts.c.seq).where(facts.c.seq > after).order_by(facts.c.seq)
    return list(connection.scalars(question))


@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
async def test_a_text_that_a_database_cannot_write_is_told_as_such(address: str) -> None:
    def look(connection: Connection) -> object:
        return connection.scalar(text("SELECT :told"), {"told": "a\0"})

    async with open_store(address) as store:
        with pytest.raises(TextNotKeptError) as told:
            await store.read(look)
        with pytest.raises(TextNotKeptError):
            await store.act(lambda work: look(work.connection), now=NOON, queue="any")

    assert str(told.value) == "A text holds U+0000: leave that character out."


async def test_an_act_returns_its_result_and_writes_its_facts_in_order(store: Store) -> None:
    assert await store.act(tell(told("a", n=1), told("b", n=2)), now=NOON) == 2
    assert await store.act(tell(told("c", n=3)), now=NOON) == 1

    assert await store.read(log) == [
        (1, "HoldPlaced", "a", {"n": 1}),
        (2, "HoldPlaced", "b", {"n": 2}),
        (3, "HoldPlaced", "c", {"n": 3}),
    ]


async def test_the_time_of_a_fact_is_the_act_s_own_in_utc(store: Store) -> None:
    rome = NOON.astimezone(timezone(timedelta(hours=1)))
    await store.act(tell(told()), now=rome)

    at = await store.read(lambda db: db.execute(select(facts.c.occurred_at)).scalar_one())
    assert at.replace(tzinfo=UTC) == NOON


async def test_an_act_that_fails_leaves_nothing_behind_and_no_gap(store: Store) -> None:
    def fails(work: Work) -> None:
        work.connection.execute(log_head.update().values(epoch="changed"))
        work.tell(told())
        raise ValueError("no")

    before = await store.read(lambda db: db.execute(select(log_head.c.epoch)).scalar_one())
    with pytest.raises(ValueError, match="no"):
        await store.act(fails, now=NOON)
    await store.act(tell(told("after")), now=NOON)

    assert await store.read(lambda db: db.execute(select(log_head.c.epoch)).scalar_one()) == before
    assert [row[:3] for row in await store.read(log)] == [(1, "HoldPlaced", "after")]


async def test_acts_at_once_share_one_dense_sequence(store: Store) -> None:
    def fails(work: Work) -> None:
        work.tell(told("never"))
        raise ValueError("no")

    acts = [tell(told(f"e{n}", n=n), told(f"e{n}", n=n)) if n % 3 else fails for n in range(90)]
    done = await asyncio.gather(*(store.act(one, now=NOON) for one in acts), return_exceptions=True)

    assert sum(one == 2 for one in done) == 60
    assert sum(isinstance(one, ValueError) for one in done) == 30
    rows = await store.read(log)
    assert [row[0] for row in rows] == list(range(1, 121))
    pairs = [(rows[at][2], rows[at + 1][2]) for at in range(0, 120, 2)]
    assert all(first == second for first, second in pairs)  # an act's facts stand together


async def test_a_disk_that_is_full_is_a_store_that_does_not_answer(tmp_path: Path) -> None:
    """SQLite gives up the whole transaction by itself; with room again there is nothing of it."""
    url = f"sqlite:///{tmp_path}/store.db"
    await upgrade(url)

    def room(work: Work, pages: int) -> None:
        count = work.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        work.connection.exec_driver_sql(f"PRAGMA max_page_count = {count + pages}")

    async with open_store(url) as store:
        await store.act(partial(room, pages=2), now=NOON)
        with pytest.raises(StoreUnavailable):
            await store.act(tell(*(told(n=n, text="x" * 4000) for n in range(50))), now=NOON)
        await store.act(partial(room, pages=1000), now=NOON)
        await store.act(tell(told("after")), now=NOON)
        assert [row[:3] for row in await store.read(log)] == [(1, "HoldPlaced", "after")]


async def test_a_reader_never_meets_a_number_before_a_smaller_one(store: Store) -> None:
    """The log is read by `seq > cursor` while 8 writers commit: nothing is ever passed over."""
    total = 160
    seen: list[int] = []

    async def write(writer: int) -> None:
        for n in range(total // 8):
            await store.act(tell(told(f"{writer}.{n}")), now=NOON)

    async def poll() -> None:
        while len(seen) < total:
            after = seen[-1] if seen else 0
            seen.extend(await store.read(partial(numbers, after=after)))

    await asyncio.wait_for(asyncio.gather(poll(), *(write(n) for n in range(8))), 60)

    assert seen == list(range(1, total + 1))


async def test_what_was_acknowledged_is_there_for_the_next_process(address: str) -> None:
    async with open_store(address) as first:
        await first.act(tell(told("kept")), now=NOON)
    async with open_store(address) as second:
        assert [row[2] for row in await second.read(log)] == ["kept"]


async def test_one_who_went_away_stops_nobody(store: Store) -> None:
    gone = asyncio.create_task(store.act(tell(told("gone")), now=NOON))
    await asyncio.sleep(0)
    gone.cancel()
    await store.act(tell(told("stays")), now=NOON)

    assert "stays" in [row[2] for row in await store.read(log)]


async def test_a_question_changes_nothing(store: Store) -> None:
    def sly(connection: Connection) -> None:
        connection.execute(log_head.update().values(epoch="changed"))

    with pytest.raises(DBAPIError, match=r"read-?only"):
        await store.read(sly)

    epoch = await store.read(lambda db: db.execute(select(log_head.c.epoch)).scalar_one())
    assert epoch != "changed"


async def test_a_database_without_our_tables_is_not_opened(empty: str) -> None:
    with pytest.raises(MisconfiguredError, match="tessera db upgrade"):
        async with open_store(empty):
            pass


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://u:secret@h/d", "sqlite+aiosqlite:///x"])
async def test_another_kind_of_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(MisconfiguredError) as refused:
        async with open_store(url):
            pass
    assert "secret" not in str(refused.value)


async def test_a_database_that_is_gone_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable):
        async with open_store("postgresql://nobody@127.0.0.1:1/none"):
            pass


def test_time_limits_are_set_in_every_session(migrated_postgres: str, postgres: Any) -> None:
    url = postgres.database(migrated_postgres)

    async def shown() -> list[str]:
        async with open_store(url) as store:
            names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
            return await store.read(
                lambda db: [db.execute(text(f"show {name}")).scalar_one() for name in names]
            )

    assert asyncio.run(shown()) == ["5s", "3s", "10s"]
