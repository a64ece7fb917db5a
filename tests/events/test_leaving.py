"""Clients that are let go are told where they were, and not all at once."""

import asyncio

from app.api.lasting import Lasting
from app.api.socket_outbox import Outbox
from app.store import Store
from tests.events.orders import Desk
from tests.events.test_streams import FOLLOW, heard, house, socket
from tests.staff import STAFF
from tests.streams.served import Clock, until


async def test_the_last_word_has_the_last_cursor(store: Store) -> None:
    await Desk(store).place("AAAA")
    async with house(store) as gateway, socket(gateway, STAFF) as client:
        await client.ask("1", FOLLOW)
        cursor = (await heard(client))["cursor"]
        await gateway.gateway.lasting.leave(10)
        assert await client.ends() == (1001, f"Going away; cursor={cursor}")


async def test_of_two_streams_no_cursor_is_told(store: Store) -> None:
    await Desk(store).place("AAAA")
    async with house(store) as gateway, socket(gateway, STAFF) as client:
        for id_ in ("1", "2"):
            await client.ask(id_, FOLLOW)
            await heard(client)
        await gateway.gateway.lasting.leave(10)
        assert await client.ends() == (1001, "Going away")


async def test_they_go_one_after_another_and_are_told_what_happens_until_then(
    store: Store,
) -> None:
    clock, desk = Clock(), Desk(store)
    await desk.place("AAAA")
    async with house(store, sleep=clock.sleep) as gateway, socket(gateway, STAFF) as client:
        await client.ask("1", FOLLOW)
        await heard(client)
        known = len(clock.sleepers)
        leaving = asyncio.create_task(gateway.gateway.lasting.leave(10, over=1_000))
        await until(lambda: len(clock.sleepers) > known)
        await desk.go_on("AAAA")
        assert (await heard(client))["state"] == "PLACED"
        clock.passes(1_000)
        code, _ = await client.ends()
        await leaving

    assert code == 1001


def test_moments_are_spread() -> None:
    book = Lasting(1, 1, _over=10)
    moments = [book.moment() for _ in range(1_000)]

    assert 0 <= min(moments) < 1
    assert 9 < max(moments) <= 10


async def test_a_cursor_counts_as_sent_when_the_next_message_is_taken() -> None:
    outbox = Outbox(10, 1_000)
    await outbox.put(b"first", 1, "one")
    await outbox.put(b"other", 1)
    await outbox.put(b"second", 1, "two")
    seen = []
    for _ in range(3):
        await outbox.take()
        seen.append(outbox.cursor)

    assert seen == [None, "one", "one"]
