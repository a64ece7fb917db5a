"""Writers that commit late, and what would be missed if numbers were taken otherwise."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from functools import partial

import pytest
from sqlalchemy import Connection, insert, text, update

from app.events import reading
from app.events.cursors import Place
from app.events.following import Events, _Follower
from app.events.model import Event, Happened, Topic
from app.events.tail import Tail
from app.store import Fact, Store
from app.store.opening import driven
from app.store.postgres import PostgresStore
from app.store.tables import facts, log_head
from app.store.work import Work, conclude
from tests.builders import NOON
from tests.events.things import KINDS, THINGS, Mirror, Thing, change, follow, following
from tests.postgres import Postgres

Write = Callable[[Connection, int], None]
ALL = Topic(THINGS.name, KINDS)


def at_the_end(connection: Connection, value: int) -> None:
    """As the store does: the number is taken last, and held until the commit."""
    work = Work(connection, NOON)
    work.tell(Fact(kind="ThingChanged", entity="a", body={"value": value}))
    conclude(connection, [work])


def out_of_a_sequence(connection: Connection, value: int) -> None:
    """As many do: the number is taken when the row is written, whoever commits first."""
    seq = connection.execute(text("select nextval('numbers')")).scalar_one()
    row = {"seq": seq, "kind": "ThingChanged", "entity": "a", "occurred_at": NOON}
    connection.execute(insert(facts), [{**row, "body": {"value": value}}])
    higher = update(log_head).where(log_head.c.last < seq)
    if seq % 5 == 0:  # or else the head is a lock again
        connection.execute(higher.values(last=seq))


async def write(store: PostgresStore, how: Write, *, writers: int, each: int) -> None:
    dice = random.Random(7)

    async def one(number: int) -> None:
        for value in range(each):
            async with store.engine.begin() as connection:
                await asyncio.sleep(dice.uniform(0, 0.004))
                await connection.run_sync(how, number * each + value)
                await asyncio.sleep(dice.uniform(0, 0.004))  # others write and commit meanwhile

    await asyncio.gather(*map(one, range(writers)))


async def told_of(store: PostgresStore, how: Write) -> int:
    """How many of 400 events a follower is told of."""
    mirror = Mirror()
    async with following(store, every=0.005) as events:
        await follow(events, mirror, most=1)
        stream = events.followed(THINGS, after=mirror.cursor)
        reader = asyncio.create_task(_all(stream, mirror))
        await write(store, how, writers=8, each=50)
        await change(store, ("the end", 0))
        await asyncio.wait_for(reader, 30)
    assert mirror.seqs == sorted(set(mirror.seqs))
    return len(mirror.seqs) - 1


async def _all(stream: AsyncGenerator[Event[Thing], None], mirror: Mirror) -> None:
    async with aclosing(stream) as told:
        async for event in told:
            mirror.take(event)
            if "the end" in mirror.things:
                return


@pytest.fixture
async def many(postgres: Postgres, migrated_postgres: str) -> AsyncIterator[PostgresStore]:
    """A store with many writers; on SQLite one writes at a time, and nobody commits late."""
    store = PostgresStore(driven(postgres.database(migrated_postgres)))
    yield store
    await store.close()


async def test_nothing_of_writers_that_commit_late_is_missed(many: PostgresStore) -> None:
    assert await told_of(many, at_the_end) == 400


async def test_numbers_out_of_a_sequence_would_be_missed(many: PostgresStore) -> None:
    """The wrong way is noticed: `seq > cursor` is no good without the order of commits."""
    async with many.engine.begin() as connection:
        await connection.execute(text("create sequence numbers"))
    assert await told_of(many, out_of_a_sequence) < 400


async def restless(
    store: Store, followed: Callable[[Events, str | None], AsyncGenerator[Event[Thing], None]]
) -> Mirror:
    """A mirror kept over many connections while things change all the time."""
    dice, mirror, total = random.Random(3), Mirror(), 200
    async with following(store, every=0.002) as events:
        [first] = await events.page(THINGS, after=None)
        mirror.take(first)

        async def writing() -> None:
            value = 0  # until all is read: who missed the last of a few would wait for ever
            while not reader.done():
                await change(store, (dice.choice("abc"), value))
                value += 1

        async def reading_() -> None:
            while (mirror.last or 0) < total:
                left = dice.randint(1, 8)
                async with aclosing(followed(events, mirror.cursor)) as told:
                    async for event in told:
                        mirror.take(event)
                        left -= 1
                        if not left or (mirror.last or 0) >= total:
                            break

        reader = asyncio.create_task(reading_())
        await asyncio.wait_for(asyncio.gather(writing(), reader), 60)
    return mirror


def rightly(events: Events, cursor: str | None) -> AsyncGenerator[Event[Thing], None]:
    return events.followed(THINGS, after=cursor)


async def read_then_subscribed(
    events: Events, cursor: str | None
) -> AsyncGenerator[Event[Thing], None]:
    """The wrong way: what happens between the end of the reading and the start is missed."""
    assert cursor is not None
    tail: Tail = events.tail
    async with tail.channel(ALL) as known:
        place: Place = _Follower(events, THINGS, known).cursors.read(cursor)
        follower = _Follower(events, THINGS, known)
        follower.place = place
        while (
            await events.store.read(partial(reading.page, topic=ALL, after=follower.place.at))
        ).told:
            async for event in follower.kept(follower.place):
                yield event
        await asyncio.sleep(0.005)
    async with tail.channel(ALL) as channel:
        late = _Follower(events, THINGS, channel)
        now = (await tail.head()).last
        late.place = Place(max(follower.place.at, now), follower.place.last)
        while True:
            told = channel.told
            for happened in late._new():
                yield happened
            await channel.news(told, 30)


async def test_the_right_way_is_complete(store: Store) -> None:
    mirror = await restless(store, rightly)

    assert mirror.gaps == []
    assert mirror.seqs == list(range(1, 201))


async def test_reading_before_subscribing_is_noticed(store: Store) -> None:
    mirror = await restless(store, read_then_subscribed)

    assert len(mirror.seqs) < (mirror.last or 0)


class Eager(Mirror):
    """The wrong client: it keeps the cursor first, and is cut off before it does the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    def take(self, event: Event[Thing]) -> None:
        self.number += 1
        if isinstance(event, Happened) and self.number % 7 == 0:
            self.cursor = event.cursor
            raise ConnectionResetError
        super().take(event)


async def test_keeping_the_cursor_before_the_work_is_done_is_noticed(store: Store) -> None:
    mirror = Eager()
    async with following(store) as events:
        await follow(events, mirror, most=1)
        await change(store, *(("a", value) for value in range(30)))
        while (mirror.last or 0) < 30:
            try:
                await follow(events, mirror, until=30)
            except ConnectionResetError:
                continue

    assert mirror.gaps != []
    assert len(mirror.seqs) < 30
