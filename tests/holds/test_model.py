"""Any sequence of news, holds, orders and hours: the store says what a model of a page says."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app.availability import ledger, level_rows, repository, slot_rows
from app.availability.model import Spot
from app.availability.refusals import HoldExpired, HoldSuperseded, InsufficientStock, SlotsFull
from app.availability.slots import Slot, Taking
from app.availability.tables import (
    allocations,
    hold_lines,
    holds,
    slot_places,
    slots,
    stock_levels,
)
from app.errors import Refusal
from app.ports import StockLevel
from app.store import Store, Work, open_store
from app.values import LocationCode, Sku
from tests.builders import NOON

# Small pools, so that the same units are wanted again and again.
SPOTS = [Spot(Sku("A"), LocationCode(at)) for at in ("ST-1", "WH-1")]
HOLDERS = ("cart:1", "cart:2")
ORDERS = ("T-1", "T-2", "T-3")
demands = st.dictionaries(st.sampled_from(SPOTS), st.integers(1, 2), min_size=1)
ELSEWHERE = LocationCode("ST-2")  # its goods are worked on where they are brought, too
# What each slot of work takes; holders at once (`rush`) want places in the first.
ROOM = {Slot(LocationCode("ST-1"), 0): 1, Slot(LocationCode("WH-1"), 3600): 2}
FIRST = next(iter(ROOM))
CROWD = ("cart:3", "cart:4", "cart:5", "cart:6")
# Places in slots, each with where the goods come from that are worked on.
ORIGINS = (*(spot.location for spot in SPOTS), ELSEWHERE)
Works = frozenset[tuple[Slot, LocationCode]]
BUSY: Works = frozenset({(FIRST, ORIGINS[0]), (FIRST, ELSEWHERE)})  # what the first order has
rooms = st.frozensets(st.tuples(st.sampled_from(list(ROOM)), st.sampled_from(ORIGINS)))
minutes = st.sampled_from([0, 0, 1, 2]).map(lambda n: timedelta(minutes=n))


def room_of(works: Works) -> dict[Slot, Taking]:
    slots = {slot for slot, _ in works}
    origins = {slot: frozenset(of for at, of in works if at == slot) for slot in slots}
    return {slot: Taking(ROOM[slot], origins[slot]) for slot in slots}


class Promises(RuleBasedStateMachine):
    """`store` and `runner` are given by the test."""

    store: Store
    runner: asyncio.Runner

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.levels: dict[Spot, StockLevel] = {}
        self.read: dict[Spot, tuple[Any, Any]] = {}
        self.held: dict[str, tuple[int, Any, dict[Spot, int]]] = {}
        self.fences: dict[str, int] = {}
        # What orders have, and since when upstreams' own figures have it.
        self.owed: dict[str, dict[Spot, tuple[int, Any]]] = {}
        self.places: dict[str, Works] = {}

    @initialize()
    def empty(self) -> None:
        def clear(work: Work) -> None:
            for table in (allocations, hold_lines, holds, stock_levels, slot_places, slots):
                work.connection.execute(table.delete())

        self.do(clear)
        for spot in SPOTS[:1]:  # of the other nobody has told yet
            self.news(spot, 3, timedelta())
        self.place(HOLDERS[0], {SPOTS[0]: 2}, timedelta(), BUSY)
        self.commit(HOLDERS[0], ORDERS[0], 0)

    def do(self, change: Any) -> Any:
        return self.runner.run(self.store.act(change, now=self.now))

    async def placed(self, holder: str, demand: dict[Spot, int], until: Any, room: Any) -> Any:
        change = partial(ledger.place, holder=holder, demand=demand, until=until, slots=room)
        return await self.store.act(change, now=self.now)

    def free(self, spot: Spot, holder: str | None = None) -> int:
        level = self.levels[spot]
        held = sum(
            demand.get(spot, 0)
            for who, (_, until, demand) in self.held.items()
            if until > self.now and who != holder
        )
        orders = [has[spot] for has in self.owed.values() if spot in has]
        owed = sum(
            units for units, known_at in orders if known_at is None or known_at > level.as_of
        )
        return max(0, level.on_hand - level.reserved - level.safety_stock - held - owed)

    def short(self, demand: dict[Spot, int], holder: str) -> bool:
        return any(
            spot not in self.levels or self.free(spot, holder) < asked
            for spot, asked in demand.items()
        )

    def taken(self, holder: str | None = None) -> dict[Slot, int]:
        """Orders of slots, without a holder's."""
        counts = dict.fromkeys(ROOM, 0)
        for owner, places in self.places.items():
            living = owner in self.owed or self.held[owner][1] > self.now
            for slot in {slot for slot, _ in places} if living and owner != holder else ():
                counts[slot] += 1
        return counts

    @rule(spot=st.sampled_from(SPOTS), on_hand=st.integers(-1, 4), age=minutes)
    def news(self, spot: Spot, on_hand: int, age: timedelta) -> None:
        level = StockLevel(
            sku=spot.sku, location=spot.location, on_hand=on_hand, as_of=self.now - age
        )
        self.do(partial(ledger.record, source="tills", levels=[level]))
        read = (level.as_of, self.now)
        if spot not in self.levels or read > self.read[spot]:
            self.levels[spot], self.read[spot] = level, read

    @rule(holder=st.sampled_from(HOLDERS), demand=demands, ttl=minutes, wanted=rooms)
    def place(self, holder: str, demand: dict[Spot, int], ttl: timedelta, wanted: Works) -> None:
        until = self.now + timedelta(minutes=1) + ttl
        others = self.taken(holder)
        expected: type[Refusal] | None = None
        if self.short(demand, holder):
            expected = InsufficientStock
        elif any(others[slot] >= ROOM[slot] for slot, _ in wanted):
            expected = SlotsFull
        got = None
        try:
            self.runner.run(self.placed(holder, demand, until, room_of(wanted)))
        except Refusal as refusal:
            got = type(refusal)
        assert got == expected
        if expected is None:
            self.keep(holder, demand, until, wanted)

    def keep(self, holder: str, demand: dict[Spot, int], until: Any, wanted: Works) -> None:
        self.fences[holder] = self.fences.get(holder, 0) + 1
        self.held[holder] = (self.fences[holder], until, demand)
        self.places[holder] = wanted

    @rule(spot=st.sampled_from(SPOTS))
    def rush(self, spot: Spot) -> None:
        """Several at once want a unit each, and a place in the same slot."""
        until, first = self.now + timedelta(minutes=1), frozenset({(FIRST, FIRST.location)})

        async def at_once() -> list[Any]:
            acts = (self.placed(holder, {spot: 1}, until, room_of(first)) for holder in CROWD)
            return await asyncio.gather(*acts, return_exceptions=True)

        for holder in CROWD:
            self.release(holder)
        expected = ROOM[FIRST] - self.taken()[FIRST]
        expected = min(expected, self.free(spot)) if spot in self.levels else 0
        got = self.runner.run(at_once())
        for holder, found in zip(CROWD, got, strict=True):
            if isinstance(found, ledger.Hold):
                self.keep(holder, {spot: 1}, until, first)
            else:
                assert isinstance(found, InsufficientStock | SlotsFull)
        assert sum(isinstance(found, ledger.Hold) for found in got) == expected

    @rule(holder=st.sampled_from(HOLDERS))
    def release(self, holder: str) -> None:
        assert self.do(partial(ledger.release, holder=holder)) is (holder in self.held)
        self.held.pop(holder, None)
        self.places.pop(holder, None)

    @rule(
        holder=st.sampled_from(HOLDERS),
        order=st.sampled_from(ORDERS),
        behind=st.sampled_from([0, 0, 0, 1]),
    )
    def commit(self, holder: str, order: str, behind: int) -> None:
        if order in self.owed:
            return
        fence = self.fences.get(holder, 1) - behind
        known = self.held.get(holder)
        if known is None or known[0] != fence:
            expected: type[Refusal] | None = HoldSuperseded
        elif known[1] <= self.now:
            expected = HoldExpired
        else:
            expected = InsufficientStock if self.short(known[2], holder) else None
        assert self.outcome(lambda work: ledger.commit(work, holder, fence, order)) == expected
        if expected is None:
            demand = self.held.pop(holder)[2]
            self.owed[order] = {spot: (units, None) for spot, units in demand.items()}
            self.places[order] = self.places.pop(holder)

    @rule(which=st.integers(0, 5), to=st.sampled_from(SPOTS), half=st.booleans(), wanted=rooms)
    def source_again(self, which: int, to: Spot, half: bool, wanted: Works) -> None:  # noqa: FBT001  a rule
        """Units go elsewhere, and the work on them with them."""
        every = [(one, spot) for one, has in self.owed.items() for spot in has]
        if not every:
            return
        order, gone = every[which % len(every)]
        has, others = self.owed[order], self.taken(order)
        units = 1 if half else has[gone][0]
        expected: type[Refusal] | None = None
        if self.short({to: units}, order):
            expected = InsufficientStock
        elif any(others[slot] >= ROOM[slot] for slot, _ in wanted):
            expected = SlotsFull
        room = room_of(wanted)

        def change(work: Work) -> None:
            ledger.move(work, order, {gone: units}, {to: units}, slots=room)

        assert self.outcome(change) == expected
        if expected is None:
            left = has | {gone: (has[gone][0] - units, has[gone][1])}
            kept = {one for one in self.places[order] if left[gone][0] or one[1] != gone.location}
            self.places[order] = frozenset(kept | wanted)
            after = left | {to: (left.get(to, (0, None))[0] + units, None)}
            self.owed[order] = {spot: one for spot, one in after.items() if one[0]}

    @rule(order=st.sampled_from(ORDERS))
    def give_back(self, order: str) -> None:
        assert self.do(partial(ledger.give_back, order=order)) is (order in self.owed)
        self.owed.pop(order, None)
        self.places.pop(order, None)

    @rule(order=st.sampled_from(ORDERS), age=minutes)
    def upstream_knows(self, order: str, age: timedelta) -> None:
        since = self.now - age
        self.do(partial(ledger.known, order=order, since=since))
        for spot, (units, known_at) in self.owed.get(order, {}).items():
            self.owed[order][spot] = (units, since if known_at is None else known_at)

    @rule(later=minutes)
    def time_passes(self, later: timedelta) -> None:
        self.now += later

    @invariant()
    def the_store_agrees(self) -> None:
        def asked(connection: Connection) -> dict[Spot, int]:
            return ledger.sellable(connection, SPOTS, now=self.now)

        got = self.runner.run(self.store.read(asked))
        assert got == {spot: self.free(spot) for spot in self.levels}

    @invariant()
    def everybody_has_their_places(self) -> None:
        def asked(connection: Connection) -> list[Any]:
            return list(connection.execute(slot_places.select()))

        got: dict[str, set[tuple[Slot, str]]] = {}
        for row in self.runner.run(self.store.read(asked)):
            got.setdefault(row.owner, set()).add((Slot(row.location, row.begins), row.origin))
        assert got == {owner: places for owner, places in self.places.items() if places}

    @invariant()
    def no_slot_has_more_orders_than_it_takes(self) -> None:
        def asked(connection: Connection) -> dict[Slot, int]:
            return slot_rows.others(connection, ROOM.keys(), now=self.now, owner="nobody")

        got = self.runner.run(self.store.read(asked))
        assert all(orders <= ROOM[slot] for slot, orders in got.items())
        assert got == {slot: orders for slot, orders in self.taken().items() if orders}

    def outcome(self, change: Any) -> type[Exception] | None:
        try:
            self.do(change)
        except Refusal as refusal:
            return type(refusal)
        return None


@pytest.fixture
def machine(address: str) -> Iterator[type[Promises]]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        opened = runner.run(stack.enter_async_context(open_store(address)))
        yield type("Opened", (Promises,), {"store": opened, "runner": runner})
        runner.run(stack.aclose())


def checked(machine: type[Promises], *, examples: int, steps: int, fixed: bool = False) -> None:
    """`fixed` examples are the same in every run."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            derandomize=fixed,
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # what fails is small already, and a step is a commit
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_holds_and_orders_are_what_the_model_says(machine: type[Promises]) -> None:
    checked(machine, examples=25, steps=20)


def wrong(module: Any, name: str) -> Any:
    """A way to get it wrong that was seen in the field."""
    original = getattr(module, name)

    def forgets_expiry(connection: Any, spots: Any, *, now: Any, holder: Any) -> Any:
        return original(connection, spots, now=now - timedelta(days=1), holder=holder)

    def blocks_its_holder(connection: Any, spots: Any, *, now: Any, holder: Any) -> Any:  # noqa: ARG001
        return original(connection, spots, now=now, holder=None)

    def forgets_orders(connection: Any, spots: Any) -> Any:  # noqa: ARG001
        return {}

    def promises_what_is_short(demand: Any, free: Any) -> None:
        if all(free.get(spot, 0) == 0 for spot in demand):
            original(demand, free)

    def believes_whoever_speaks_last(connection: Any, told: Any, **at: Any) -> None:
        for level, _ in told:
            columns = stock_levels.c
            there = (columns.sku == level.sku) & (columns.location == level.location)
            connection.execute(stock_levels.delete().where(there))
        original(connection, told, **at)

    return locals()


def wrong_with_slots(module: Any, name: str) -> Any:
    """The same for places in slots."""
    original = getattr(module, name)

    def forgets_own_place(connection: Any, among: Any, *, now: Any, owner: Any) -> Any:  # noqa: ARG001
        return original(connection, among, now=now, owner="nobody")

    def gives_no_place_back(connection: Any, *owners: Any) -> None:
        pass

    def stays_where_it_was(connection: Any, order: Any, _gone: Any, taken: Any) -> Any:
        return original(connection, order, (), taken)

    def takes_no_other_place(connection: Any, order: Any, gone: Any, _taken: Any) -> Any:
        return original(connection, order, gone, {})

    return locals()


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("module", "name", "mutant"),
    [
        (repository, "held", "forgets_expiry"),
        (repository, "held", "blocks_its_holder"),
        (repository, "allocated", "forgets_orders"),
        (level_rows, "put_levels", "believes_whoever_speaks_last"),
        (ledger, "_refuse_short", "promises_what_is_short"),
        (slot_rows, "others", "forgets_own_place"),
        (slot_rows, "drop", "gives_no_place_back"),
        (slot_rows, "move", "stays_where_it_was"),
        (slot_rows, "move", "takes_no_other_place"),
    ],
)
def test_the_model_tells_a_wrong_ledger(
    machine: type[Promises], monkeypatch: pytest.MonkeyPatch, module: Any, name: str, mutant: str
) -> None:
    mutants = wrong(module, name) | wrong_with_slots(module, name)
    monkeypatch.setattr(module, name, mutants[mutant])

    with pytest.raises((AssertionError, IntegrityError)):  # a place twice, the database tells
        checked(machine, examples=300, steps=20, fixed=True)


def test_the_model_tells_who_looks_and_then_inserts(
    machine: type[Promises], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room is looked for in one transaction, and taken in another."""
    full = ledger._full

    async def placed(
        self: Promises, holder: str, demand: dict[Spot, int], until: Any, room: Any
    ) -> Any:
        if await self.store.read(lambda db: full(Work(db, self.now), holder, room)):
            raise SlotsFull
        return await Promises.placed(self, holder, demand, until, room)

    monkeypatch.setattr(ledger, "_full", lambda *_: False)
    careless = type("Careless", (machine,), {"placed": placed})

    with pytest.raises(AssertionError):
        checked(careless, examples=100, steps=20, fixed=True)
