"""What is known in memory of holds and orders is what the store says."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from app.availability import ledger, repository
from app.availability.book import Book, ByLocation, PromisedLine
from app.availability.model import Promises, Spot
from app.availability.promised import Promised
from app.availability.refusals import HoldExpired, HoldSuperseded, InsufficientStock
from app.events.retention import sweep
from app.ports import StockLevel
from app.store import Store, StoreUnavailable, Work, log
from app.upstream.report import Report
from app.values import LocationCode, Sku
from tests.builders import NOON

SHIRT, COAT = Sku("SHIRT"), Sku("COAT")
MILAN, DEPOT = LocationCode("ST-MIL"), LocationCode("WH-1")
SPOTS = [Spot(sku, at) for sku in (SHIRT, COAT) for at in (MILAN, DEPOT)]
MINUTE = timedelta(minutes=1)
AT_ONCE = timedelta()


class Ticking:
    """A clock for moments, and one for how long something takes."""

    def __init__(self) -> None:
        self.now, self.seconds = NOON, 0.0

    def time(self) -> datetime:
        return self.now

    def clock(self) -> float:
        return self.seconds


def follower(store: Any, ticking: Ticking, every: timedelta = AT_ONCE) -> Promised:
    return Promised(store, now=ticking.time, clock=ticking.clock, every=every)


async def known(
    promised: Promised, sku: Sku = SHIRT, *, holder: str | None = None
) -> dict[LocationCode, Promises]:
    found = await promised.of([sku], holder=holder, report=Report())
    return dict(found.get(sku, {}))


async def stocked(store: Store, units: int = 5) -> None:
    levels = [
        StockLevel(sku=spot.sku, location=spot.location, on_hand=units, as_of=NOON)
        for spot in SPOTS
    ]
    await store.act(partial(ledger.record, source="tills", levels=levels), now=NOON)


async def hold(store: Store, holder: str, spot: Spot, units: int, *, at: datetime = NOON) -> int:
    def change(work: Work) -> int:
        return ledger.place(work, holder, {spot: units}, until=at + MINUTE).fence

    return await store.act(change, now=at)


async def test_a_hold_shows_to_others_until_it_runs_out(store: Store) -> None:
    await stocked(store)
    ticking = Ticking()
    promised = follower(store, ticking)
    assert await known(promised) == {}

    await hold(store, "cart:1", Spot(SHIRT, MILAN), 2)

    assert await known(promised) == {MILAN: Promises(2)}
    assert await known(promised, holder="cart:1") == {}
    assert await known(promised, COAT) == {}
    ticking.now += MINUTE
    assert await known(promised) == {}


async def test_what_was_swept_before_it_was_read_is_not_missed(store: Store) -> None:
    await stocked(store)
    promised = follower(store, Ticking())
    assert await known(promised) == {}

    await hold(store, "cart:1", Spot(SHIRT, MILAN), 2)
    await store.act(partial(sweep, keep_for=-MINUTE, keep_at_most=1_000), now=NOON)

    assert await store.read(lambda db: list(log.since(db, 0, {"HoldPlaced"}))) == []
    assert await known(promised) == {MILAN: Promises(2)}


async def test_an_order_takes_the_place_of_its_hold_until_its_upstream_knows(store: Store) -> None:
    await stocked(store)
    ticking = Ticking()
    promised = follower(store, ticking)
    fence = await hold(store, "cart:1", Spot(SHIRT, MILAN), 2)
    assert await known(promised) == {MILAN: Promises(2)}

    await store.act(lambda work: ledger.commit(work, "cart:1", fence, "order:1"), now=NOON)
    assert await known(promised) == {MILAN: Promises(0, ((2, None),))}
    since = NOON + MINUTE
    await store.act(lambda work: ledger.known(work, "order:1", since=since), now=NOON)
    assert await known(promised) == {MILAN: Promises(0, ((2, since),))}
    await store.act(lambda work: ledger.give_back(work, "order:1"), now=NOON)
    assert await known(promised) == {}


async def test_what_the_level_has_by_now_is_not_read_at_all(store: Store) -> None:
    await stocked(store)
    fence = await hold(store, "cart:1", Spot(SHIRT, MILAN), 2)
    await store.act(lambda work: ledger.commit(work, "cart:1", fence, "order:1"), now=NOON)
    await store.act(lambda work: ledger.known(work, "order:1", since=NOON), now=NOON)

    assert await known(follower(store, Ticking())) == {}


class Counting:
    """A store that counts questions, and may be silent."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.questions, self.silent = 0, False

    async def read(self, question: Callable[[Connection], Any]) -> Any:
        self.questions += 1
        if self.silent:
            raise StoreUnavailable("The store does not answer. Try again later.")
        return await self._store.read(question)


async def test_the_store_is_asked_now_and_then_and_at_once_after_a_change_of_ours(
    store: Store,
) -> None:
    await stocked(store)
    counting, ticking = Counting(store), Ticking()
    promised = follower(counting, ticking, timedelta(seconds=0.25))
    await asyncio.gather(*(known(promised) for _ in range(10)))
    assert counting.questions == 1

    await hold(store, "cart:1", Spot(SHIRT, MILAN), 2)  # by another process
    assert (await known(promised), counting.questions) == ({}, 1)
    ticking.seconds += 0.25
    assert (await known(promised), counting.questions) == ({MILAN: Promises(2)}, 2)

    await hold(store, "cart:2", Spot(SHIRT, MILAN), 1)
    promised.changed()
    assert (await known(promised), counting.questions) == ({MILAN: Promises(3)}, 3)
    assert (await known(promised), counting.questions) == ({MILAN: Promises(3)}, 3)


async def test_who_is_about_to_hold_asks_the_store_now(store: Store) -> None:
    await stocked(store)
    promised = follower(store, Ticking(), timedelta(seconds=0.25))
    assert await known(promised) == {}

    await hold(store, "cart:1", Spot(SHIRT, MILAN), 2)  # by another process
    found = await promised.of([SHIRT], holder=None, report=Report(), anew=True)

    assert found == {SHIRT: {MILAN: Promises(2)}}


async def test_a_change_while_the_store_is_asked_is_asked_for_again(store: Store) -> None:
    await stocked(store)
    ticking, asked, go_on = Ticking(), asyncio.Event(), asyncio.Event()

    class Slow(Counting):
        async def read(self, question: Callable[[Connection], Any]) -> Any:
            found = await super().read(question)
            asked.set()
            await go_on.wait()
            return found

    promised = follower(Slow(store), ticking, timedelta(seconds=0.25))
    before = asyncio.create_task(known(promised))
    await asked.wait()
    await hold(store, "cart:1", Spot(SHIRT, MILAN), 2)
    promised.changed()
    after = asyncio.create_task(known(promised))
    go_on.set()

    assert await before in ({}, {MILAN: Promises(2)})
    assert await after == {MILAN: Promises(2)}


async def test_a_silent_store_is_told_of_and_keeps_nobody_waiting(store: Store) -> None:
    await stocked(store)
    await hold(store, "cart:1", Spot(SHIRT, MILAN), 2)
    counting, ticking = Counting(store), Ticking()
    promised = follower(counting, ticking)
    assert await known(promised) == {MILAN: Promises(2)}

    counting.silent = True
    reports = [Report() for _ in range(3)]
    for report in reports:
        found = await promised.of([SHIRT], holder=None, report=report)
        assert found == {SHIRT: {MILAN: Promises(2)}}  # as it was
    assert counting.questions == 2
    assert [[one.connection for one in report.failures] for report in reports] == [["store"]] * 3

    counting.silent, ticking.seconds = False, 2.0
    report = Report()
    await promised.of([SHIRT], holder=None, report=report)
    assert list(report.failures) == []


async def test_everything_is_read_anew_after_too_much(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.availability.promised.MOST_FACTS", 2)
    await stocked(store)
    ticking = Ticking()
    promised = follower(store, ticking)
    assert await known(promised) == {}
    for number in range(5):
        await hold(store, f"cart:{number}", Spot(SHIRT, DEPOT), 1)
    assert await known(promised) == {DEPOT: Promises(5)}


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_happens_what_is_known_is_what_the_store_says(
    store: Store, seed: int
) -> None:
    dice, ticking = Random(seed), Ticking()
    await stocked(store)
    near, far = follower(store, ticking, MINUTE), follower(store, ticking)
    fences: dict[str, int] = {}
    for step in range(60):
        holder = f"cart:{dice.randrange(4)}"
        match dice.randrange(6):
            case 0 | 1 | 2:
                try:
                    spot, units = dice.choice(SPOTS), dice.randint(1, 3)
                    fences[holder] = await hold(store, holder, spot, units, at=ticking.now)
                except InsufficientStock:
                    pass
            case 3:
                await store.act(partial(ledger.release, holder=holder), now=ticking.now)
            case 4 if holder in fences:
                order, fence = f"order:{step}", fences.pop(holder)
                change = partial(ledger.commit, holder=holder, fence=fence, order=order)
                with suppress(HoldExpired, HoldSuperseded):
                    await store.act(change, now=ticking.now)
            case 5:
                ticking.now += timedelta(seconds=dice.randint(1, 40))
        near.changed()
        for sku in (SHIRT, COAT):
            for one in (None, "cart:0"):
                said = await _said(store, sku, ticking.now, one)
                assert _units(await known(near, sku, holder=one)) == said
                assert _units(await known(far, sku, holder=one)) == said


def _units(promised: ByLocation) -> dict[LocationCode, int]:
    return {at: one.held + sum(units for units, _ in one.ordered) for at, one in promised.items()}


async def _said(
    store: Store, sku: Sku, now: datetime, holder: str | None
) -> dict[LocationCode, int]:
    spots = [spot for spot in SPOTS if spot.sku == sku]

    def question(connection: Connection) -> dict[Spot, int]:
        held = repository.held(connection, spots, now=now, holder=holder)
        ordered = repository.allocated(connection, spots)
        return {spot: held.get(spot, 0) + ordered.get(spot, 0) for spot in held | ordered}

    return {spot.location: units for spot, units in (await store.read(question)).items()}


LINES = st.builds(
    PromisedLine,
    owner=st.sampled_from(["cart:1", "cart:2", "order:1"]),
    ordered=st.booleans(),
    spot=st.sampled_from(SPOTS),
    quantity=st.integers(1, 9),
    until=st.sampled_from([NOON, NOON + MINUTE, NOON + 2 * MINUTE]),
    known_at=st.none(),
)


@settings(max_examples=200)
@given(
    changes=st.lists(st.tuples(st.sampled_from(["cart:1", "cart:2", "order:1"]), st.lists(LINES))),
    later=st.integers(0, 3),
)
def test_a_book_counts_what_its_owners_have_last(
    changes: list[tuple[str, list[PromisedLine]]], later: int
) -> None:
    book, now = Book(), NOON + later * MINUTE / 2
    have: dict[str, list[PromisedLine]] = {}
    for owner, lines in changes:
        have[owner] = [line._replace(owner=owner, ordered=owner == "order:1") for line in lines]
        book.replace([owner], have[owner])
        book.of(SHIRT, now=NOON)  # what was summed up before is not told again
    if later % 2:
        book.drop_over(now)
        assert len(book) == sum(any(one.until > now for one in lines) for lines in have.values())

    for spot in SPOTS:
        counted = [
            line.quantity
            for lines in have.values()
            for line in lines
            if line.spot == spot and line.until > now
        ]
        assert _units(book.of(spot.sku, now=now)).get(spot.location, 0) == sum(counted)


def test_what_its_upstream_has_known_for_long_is_forgotten() -> None:
    book, spot = Book(), SPOTS[0]
    lines = [PromisedLine("order:1", True, spot, 2, known_at=NOON)]  # noqa: FBT003  in their order
    book.replace(["order:1"], lines)

    book.drop_over(NOON + timedelta(hours=23))
    assert len(book) == 1
    book.drop_over(NOON + timedelta(hours=24))
    assert len(book) == 0
