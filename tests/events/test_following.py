"""A follower that comes and goes is told all that happened, once and in order."""

import asyncio
import random
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.errors import InvalidInputError
from app.events.model import Happened, LostCode, Quiet, There, Topic
from app.events.retention import sweep
from app.events.tail import Channel
from app.store import Fact, Store
from app.store.log import Told
from app.store.tables import log_head
from tests.builders import NOON
from tests.events.things import OTHERS, THINGS, Mirror, change, follow, following


async def test_a_newcomer_is_told_what_there_is_and_then_what_happens(store: Store) -> None:
    await change(store, ("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1))
    mirror = Mirror()
    async with (
        following(store) as events,
        asyncio.timeout(60),
        aclosing(events.followed(THINGS, after=None)) as told,
    ):
        first, second = await anext(told), await anext(told)
        assert isinstance(first, There)
        assert (first.rows, first.complete) == ([("a", 1), ("b", 1), ("c", 1)], False)
        assert isinstance(second, There)
        assert (second.rows, second.complete) == ([("d", 1), ("e", 1)], True)
        await change(store, ("a", 2))
        third = await anext(told)
        assert isinstance(third, Happened)
        assert (third.told.seq, third.prev, third.told.fact.entity) == (6, second.last, "a")
        mirror.take(third)
        await change(store, ("b", 2))
        fourth = await anext(told)
        assert isinstance(fourth, Happened)
        assert (fourth.told.seq, fourth.prev) == (7, 6)


async def test_what_happens_while_pages_are_told_is_told_after_them(store: Store) -> None:
    await change(store, *((name, 1) for name in "abcdefg"))
    mirror = Mirror()
    async with following(store) as events:
        async with aclosing(events.followed(THINGS, after=None)) as told:
            mirror.take(await anext(told))
            await change(store, ("a", 2), ("g", 2))
        await follow(events, mirror, until=9)  # it left, and goes on within the pages

    assert mirror.things == {**dict.fromkeys("bcdef", 1), "a": 2, "g": 2}
    assert mirror.seqs == [8, 9]
    assert mirror.gaps == []


async def test_a_follower_of_one_thing_is_told_of_that_only(store: Store) -> None:
    await change(store, ("a", 1), ("b", 1))
    mirror = Mirror()
    async with following(store) as events:
        await follow(events, mirror, entity="b", most=1)
        await change(store, ("a", 2), ("b", 2), ("a", 3), ("b", 3))
        await follow(events, mirror, entity="b", until=6)

    assert mirror.things == {"b": 3}
    assert mirror.seqs == [4, 6]
    assert mirror.gaps == []


@pytest.mark.parametrize("seed", range(3))
async def test_followers_that_come_and_go_miss_nothing(store: Store, seed: int) -> None:
    chance, total = random.Random(seed), 300
    mirrors = [Mirror() for _ in range(10)]
    async with following(store) as events:

        async def write() -> None:
            for value in range(total):
                await change(store, (chance.choice("abcd"), value))

        async def restless(mirror: Mirror) -> None:
            await follow(events, mirror, most=1)
            while (mirror.last or 0) < total:
                await follow(events, mirror, until=total, most=chance.randint(1, 40))

        await asyncio.gather(write(), *map(restless, mirrors))

    for mirror in mirrors:
        assert mirror.gaps == []
        assert mirror.seqs == list(range(mirror.seqs[0], total + 1))
        assert mirror.things == mirrors[0].things
    assert events.tail.followers == 0


async def test_silence_moves_the_cursor_on(store: Store) -> None:
    await change(store, ("a", 1))
    mirror = Mirror()
    async with following(store, beat=0.01) as events:
        await follow(events, mirror, entity="a", most=2)
        assert mirror.quiet == 1
        await change(store, *(("b", value) for value in range(5)))
        while events.tail.at < 6:
            await follow(events, mirror, entity="a", most=1)
            await asyncio.sleep(0)  # what is in memory is told without waiting
        await follow(events, mirror, entity="a", most=2)
        await store.act(lambda work: sweep(work, keep_for=NOON - NOON, keep_at_most=2), now=NOON)
        await change(store, ("a", 2))
        await follow(events, mirror, entity="a", until=7)

    assert mirror.lost == []
    assert mirror.seqs == [7]
    assert mirror.gaps == []


async def test_what_was_swept_is_told_as_a_gap_with_the_way_back(store: Store) -> None:
    await change(store, ("a", 1), ("b", 1))
    mirror = Mirror()
    async with following(store) as events:
        await follow(events, mirror, most=1)
    await change(store, ("a", 2), ("b", 2), ("c", 2))
    swept = await store.act(
        lambda work: sweep(work, keep_for=NOON - NOON, keep_at_most=2), now=NOON
    )
    assert swept == 5
    async with following(store) as events:
        old, place = mirror.cursor, mirror.last
        await follow(events, mirror, most=5)
        [lost] = mirror.lost
        assert (lost.code, lost.after, lost.before) == (LostCode.CURSOR_EXPIRED, 2, 5)
        assert place == 2
        [paged] = await events.page(THINGS, after=old)
        assert paged == lost

        await change(store, ("c", 3))
        await follow(events, mirror, most=1)
        assert mirror.things["c"] == 3


async def test_another_epoch_is_told_to_who_comes_back_and_to_who_is_there(store: Store) -> None:
    await change(store, ("a", 1))
    mirror, here = Mirror(), Mirror()
    async with following(store) as events:
        await follow(events, mirror, most=1)
        staying = asyncio.create_task(follow(events, here, most=2))
        while not here.cursor:  # noqa: ASYNC110  it tells nobody
            await asyncio.sleep(0.001)
        await store.act(
            lambda work: work.connection.execute(log_head.update().values(epoch="other")),
            now=NOON,
        )
        await staying
        await follow(events, mirror, most=1)

    assert [one.code for one in (*mirror.lost, *here.lost)] == [LostCode.EPOCH_CHANGED] * 2


async def test_a_log_that_was_set_back_is_told_too(store: Store) -> None:
    await change(store, ("a", 1), ("a", 2))
    mirror = Mirror()
    async with following(store) as events:
        await follow(events, mirror, most=1)
        await store.act(
            lambda work: work.connection.execute(log_head.update().values(last=1)), now=NOON
        )
        await follow(events, mirror, most=2)  # at first the reader may not have noticed

    assert [one.code for one in mirror.lost] == [LostCode.EPOCH_CHANGED]


async def test_cursors_that_were_not_made_for_it_are_refused(store: Store) -> None:
    await change(store, ("a", 1))
    mirror = Mirror()
    async with following(store) as events:
        await follow(events, mirror, most=1)
        assert mirror.cursor is not None
        forged = [
            mirror.cursor[:-1] + ("A" if mirror.cursor[-1] != "A" else "B"),
            mirror.cursor[:20] + "AAAA" + mirror.cursor[24:],
            "x",
            "!" * 40,
            "é",
            mirror.cursor * 20,
        ]
        for cursor in forged:
            with pytest.raises(InvalidInputError, match="not a cursor of this stream"):
                await events.page(THINGS, after=cursor)
        with pytest.raises(InvalidInputError):
            await events.page(OTHERS, after=mirror.cursor)
        with pytest.raises(InvalidInputError):
            await events.page(THINGS, after=mirror.cursor, entity="a")
        [same] = await events.page(THINGS, after=mirror.cursor)
        assert isinstance(same, Quiet)


async def test_pages_and_the_stream_go_on_from_each_others_cursors(store: Store) -> None:
    await change(store, ("a", 1))
    mirror = Mirror()
    async with following(store) as events:
        for event in await events.page(THINGS, after=None):
            mirror.take(event)
        await change(store, *(("a", value) for value in range(2, 8)))
        for event in await events.page(THINGS, after=mirror.cursor, most=2):
            mirror.take(event)
        await follow(events, mirror, until=5)
        for event in await events.page(THINGS, after=mirror.cursor):
            mirror.take(event)

    assert mirror.seqs == [2, 3, 4, 5, 6, 7]
    assert mirror.gaps == []
    assert mirror.things == {"a": 7}


async def test_who_was_cut_off_is_told_what_it_missed_without_asking_the_store(
    store: Store,
) -> None:
    """Whoever comes back within a while, at any of the streams it may follow."""
    await change(store, ("a", 1), ("b", 1))
    mirror, of_a = Mirror(), Mirror()
    async with following(store) as events:
        await follow(events, mirror, most=1)
        await follow(events, of_a, entity="a", most=1)
        await change(store, ("a", 2), ("b", 2), ("a", 3))
        while events.tail.at < 5:  # noqa: ASYNC110  it tells nobody
            await asyncio.sleep(0.001)
        deaf = replace(events, store=NoStore())
        await follow(deaf, mirror, until=5)
        await follow(deaf, of_a, entity="a", until=5)

    assert mirror.seqs == [3, 4, 5]
    assert of_a.seqs == [3, 5]
    assert (mirror.gaps, of_a.gaps) == ([], [])


async def test_after_a_while_without_followers_the_log_is_not_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.events.tail.LINGER", timedelta())
    await change(store, ("a", 1))
    mirror = Mirror()
    async with following(store) as events:
        await follow(events, mirror, most=1)
        assert mirror.last == 1
        while events.tail.current:  # noqa: ASYNC110  it tells nobody
            await asyncio.sleep(0.001)
        await change(store, ("a", 2))
        await follow(events, mirror, until=2)

    assert mirror.seqs == [2]
    assert mirror.gaps == []


class NoStore:
    """A store that nobody may ask."""

    async def read(self, question: Any) -> Any:
        raise AssertionError(question)

    async def act(self, *arguments: Any, **options: Any) -> Any:
        raise AssertionError(arguments, options)


async def test_who_falls_behind_what_is_kept_in_memory_reads_the_rest(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.events.tail.KEPT", 4)
    mirror = Mirror()
    async with following(store) as events, aclosing(events.followed(THINGS, after=None)) as told:
        mirror.take(await anext(told))
        for value in range(5):
            await change(store, *(("a", value * 10 + n) for n in range(10)))
        while events.tail.at < 50:  # noqa: ASYNC110  it tells nobody
            await asyncio.sleep(0.001)
        async for event in told:
            mirror.take(event)
            if mirror.last == 50:
                break

    assert mirror.seqs == list(range(1, 51))
    assert mirror.gaps == []


async def test_what_comes_just_as_the_silence_is_over_is_not_passed_over() -> None:
    """A follower that is told of silence takes it that everything up to now has been told."""
    channel = Channel(Topic("things", frozenset({"Thing"})), "epoch", 0)
    waiting = asyncio.create_task(channel.news(channel.told, 0.001))
    while not any(one.done() for one in channel._waiting):  # noqa: ASYNC110  it tells nobody
        await asyncio.sleep(0)
    assert not waiting.done()  # its time is over, and it has not had its turn
    channel.add(Told(1, Fact(kind="Thing", entity="a", body={}), NOON))
    channel.tell()

    assert await waiting
