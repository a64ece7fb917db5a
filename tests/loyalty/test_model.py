"""Any sequence of earning, spending and hours: the books say what a model of a page says."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
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
from sqlalchemy.exc import IntegrityError

from app.loyalty import ledger, model, ordered, repository, undoing
from app.loyalty.ledger import Earned
from app.loyalty.ordered import OrderPoints
from app.loyalty.refusals import NotEnoughPoints
from app.loyalty.tables import entries, lots, members, points_holds, transactions
from app.store import Store, open_store
from app.values import CurrencyCode, Money
from tests.builders import NOON
from tests.loyalty.builders import ADA, balance, joined
from tests.loyalty.sums import wrongs

HOLDERS, CROWD = ("cart:1", "cart:2"), tuple(f"cart:{n}" for n in range(3, 7))
ORDERS = ("T-1", "T-2", "T-3")
BACK = timedelta(days=3)  # how long points are good that are given back after their time
days = st.integers(0, 4).map(lambda n: timedelta(days=n))
some = st.integers(1, 6)


@dataclass(eq=False)
class Lot:
    """Points of one earning."""

    from_: datetime
    until: datetime | None
    free: int
    gone: int = 0
    held: dict[str, int] = field(default_factory=dict)


class Books(RuleBasedStateMachine):
    """`store` and `runner` are given by the test."""

    store: Store
    runner: asyncio.Runner

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.lots: list[Lot] = []
        self.holds: dict[str, tuple[datetime, int]] = {}
        self.fences = 0
        self.earned: dict[str, tuple[int, Lot | None, int]] = {}
        self.reversed: dict[str, tuple[int, int]] = {}
        self.spent: dict[str, list[tuple[Lot, int]]] = {}
        self.returned: dict[str, dict[int, int]] = {}
        self.adjusted = 0

    @initialize()
    def empty(self) -> None:
        def clear(work: Any) -> None:
            for table in (points_holds, entries, lots, transactions, members):
                work.connection.execute(table.delete())

        self.do(clear)
        self.runner.run(joined(self.store, ADA))

    def do(self, change: Any) -> Any:
        return self.runner.run(self.store.act(change, now=self.now))

    def settle(self) -> None:
        for holder, (until, _) in list(self.holds.items()):
            if until <= self.now:
                self.freed(holder)
        for lot in self.lots:
            if lot.until is not None and lot.until <= self.now:
                lot.gone += lot.free
                lot.free = 0

    def freed(self, holder: str) -> None:
        if self.holds.pop(holder, None) is not None:
            for lot in self.lots:
                lot.free += lot.held.pop(holder, 0)

    def open(self) -> list[Lot]:
        """Lots whose points can be spent, those first that go first."""
        there = [lot for lot in self.lots if lot.from_ <= self.now]
        return sorted(there, key=lambda lot: (lot.until is None, lot.until or self.now))

    def available(self) -> int:
        return sum(lot.free for lot in self.open())

    def take(self, points: int, lots: list[Lot]) -> list[tuple[Lot, int]]:
        taken = []
        for lot in lots:
            if count := min(points, lot.free):
                lot.free -= count
                points -= count
                taken.append((lot, count))
        return taken

    @rule(points=st.integers(0, 6), ago=days, wait=days, good=st.none() | days)
    def earn(self, points: int, ago: timedelta, wait: timedelta, good: timedelta | None) -> None:
        key = f"receipt:{len(self.earned)}"
        from_ = self.now - ago + wait
        until = None if good is None else from_ + good
        what = Earned(points=points, at=self.now - ago, available_at=from_, expires_at=until)
        number = self.do(partial(ledger.earn, customer=ADA, key=key, earned=what))
        lot = Lot(from_, until, points) if points else None
        self.settle()
        self.lots += [lot] if lot else []
        self.earned[key] = (number, lot, points)

    @rule(at=st.integers(0, 9), points=some)
    def earn_again(self, at: int, points: int) -> None:
        if at < len(self.earned):
            key = list(self.earned)[at]
            what = Earned(points=points, at=self.now, available_at=self.now, expires_at=None)
            again = self.do(partial(ledger.earn, customer=ADA, key=key, earned=what))
            assert again == self.earned[key][0]

    @rule(at=st.integers(0, 9), points=some)
    def reverse(self, at: int, points: int) -> None:
        if at >= len(self.earned):
            return
        key = list(self.earned)[at]
        number, own, had = self.earned[key]
        back, taken = self.reversed.get(key, (0, 0))
        points = min(points, had - back)
        if not points:
            return
        self.do(
            partial(
                undoing.reverse,
                transaction=number,
                customer=ADA,
                key=f"{key}:back:{back + points}",
                points=points,
            )
        )
        self.settle()
        assert own is not None
        left = max(0, min(points, back + points - own.gone - taken))
        before = left
        waiting = [lot for lot in self.lots if lot.from_ > self.now]
        soonest = sorted(waiting, key=lambda lot: (lot.until is None, lot.until or self.now))
        for lots_ in ([own], self.open(), soonest):
            left -= sum(count for _, count in self.take(left, lots_))
        self.reversed[key] = (back + points, taken + before - left)

    @rule(points=st.integers(-6, 6).filter(bool))
    def adjust(self, points: int) -> None:
        self.adjusted += 1
        key = f"adjust:{self.adjusted}"
        change = partial(
            ledger.adjust, customer=ADA, key=key, points=points, reason="goodwill", until=None
        )
        self.settle()
        if points > 0:
            self.do(change)
            self.lots.append(Lot(self.now, None, points))
        elif self.available() < -points:
            with pytest.raises(NotEnoughPoints) as caught:
                self.do(change)
            assert caught.value.available == self.available()
        else:
            self.do(change)
            self.take(-points, self.open())

    def place(self, holder: str, points: int, until: datetime) -> Any:
        self.fences += 1
        return partial(
            ledger.hold,
            customer=ADA,
            holder=holder,
            points=points,
            fence=self.fences,
            until=until,
        )

    @rule(holder=st.sampled_from(HOLDERS), points=some, ttl=days)
    def hold(self, holder: str, points: int, ttl: timedelta) -> None:
        until = self.now + ttl + timedelta(hours=1)
        self.settle()
        change = self.place(holder, points, until)
        own = sum(lot.held.get(holder, 0) for lot in self.open() if not self.over(lot))
        if self.available() + own < points:
            with pytest.raises(NotEnoughPoints):
                self.do(change)
            return
        self.do(change)
        self.freed(holder)
        self.keep(holder, points, until, self.fences)

    def over(self, lot: Lot) -> bool:
        return lot.until is not None and lot.until <= self.now

    def keep(self, holder: str, points: int, until: datetime, fence: int) -> None:
        for lot, count in self.take(points, self.open()):
            lot.held[holder] = lot.held.get(holder, 0) + count
        self.holds[holder] = (until, fence)

    @rule()
    def rush(self) -> None:
        """Several at once want all there is."""
        for holder in CROWD:
            self.release(holder)
        self.settle()
        points = self.available()
        if not points:
            return
        until = self.now + timedelta(hours=1)
        changes = [(self.place(holder, points, until), self.fences) for holder in CROWD]

        async def at_once() -> list[Any]:
            acts = (self.store.act(change, now=self.now) for change, _ in changes)
            return await asyncio.gather(*acts, return_exceptions=True)

        got = self.runner.run(at_once())
        assert sum(one is None for one in got) == 1
        for holder, (_, fence), one in zip(CROWD, changes, got, strict=True):
            if one is None:
                self.keep(holder, points, until, fence)
            else:
                assert isinstance(one, NotEnoughPoints)

    @rule(holder=st.sampled_from(HOLDERS))
    def release(self, holder: str) -> None:
        self.settle()
        assert self.do(partial(ledger.release, holder=holder)) is (holder in self.holds)
        self.freed(holder)

    @rule(
        holder=st.sampled_from(HOLDERS + CROWD),
        order=st.sampled_from(ORDERS),
        behind=st.sampled_from([0, 0, 0, 1]),
    )
    def commit(self, holder: str, order: str, behind: int) -> None:
        if order in self.spent:
            return
        self.settle()
        points = sum(lot.held.get(holder, 0) for lot in self.lots)
        fence = self.holds.get(holder, (self.now, 0))[1] - behind
        change = partial(ledger.commit, holder=holder, fence=fence, order=order, points=points)
        assert self.do(change) is (holder in self.holds and not behind)
        if holder in self.holds and not behind:
            del self.holds[holder]
            held = [(lot, lot.held.pop(holder, 0)) for lot in self.lots]
            self.spent[order] = [(lot, count) for lot, count in held if count]

    @rule(
        order=st.sampled_from(ORDERS),
        quarters=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    )
    def undo(self, order: str, quarters: list[int]) -> None:
        for one in quarters if order in self.spent else ():
            self.undo_part(order, one)

    def undo_part(self, order: str, quarters: int) -> None:
        agreed = OrderPoints(
            spent=1,
            value=Money(Decimal(1), CurrencyCode("EUR")),
            earns=0,
            available_at=NOON,
            expires_at=None,
            good_for=BACK,
        )
        part = Decimal(quarters) / 4
        self.do(partial(ordered.undone, order=order, points=agreed, part=part))
        self.settle()
        total = sum(count for _, count in self.spent[order])
        given = sum(self.returned.get(order, {}).values())
        self.give_back(order, int(total * part) - given)

    def give_back(self, order: str, points: int) -> None:
        """To the lots they came from, the last to go first; what is over is good for a while."""
        known = self.returned.setdefault(order, {})
        for place, (lot, count) in sorted(enumerate(self.spent[order]), key=self.latest)[::-1]:
            back = min(points, count - known.get(place, 0))
            if back <= 0:
                continue
            points -= back
            known[place] = known.get(place, 0) + back
            if self.over(lot):
                self.lots.append(Lot(self.now, self.now + BACK, back))
            else:
                lot.free += back

    def latest(self, one: tuple[int, tuple[Lot, int]]) -> Any:
        lot = one[1][0]
        return lot.until is None, lot.until or self.now, self.lots.index(lot)

    @rule(passing=days)
    def time_passes(self, passing: timedelta) -> None:
        self.now += passing

    @invariant()
    def the_books_agree(self) -> None:
        self.settle()
        got = self.runner.run(balance(self.store, now=self.now))
        waiting = sum(lot.free for lot in self.lots if lot.from_ > self.now)
        held = sum(sum(lot.held.values()) for lot in self.lots)
        assert (got.available, got.pending, got.held) == (self.available(), waiting, held)
        soon: dict[datetime, int] = {}
        for lot in self.open():
            if lot.until is not None and lot.free:
                soon[lot.until] = soon.get(lot.until, 0) + lot.free
        assert {one.at: one.points for one in got.expiring} == soon

    @invariant()
    def they_are_even_and_nobody_is_below_zero(self) -> None:
        assert self.runner.run(self.store.read(wrongs)) == []


@pytest.fixture
def machine(address: str) -> Iterator[type[Books]]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        opened = runner.run(stack.enter_async_context(open_store(address)))
        yield type("Opened", (Books,), {"store": opened, "runner": runner})
        runner.run(stack.aclose())


def checked(machine: type[Books], *, examples: int, steps: int, fixed: bool = False) -> None:
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


def test_the_books_are_what_the_model_says(machine: type[Books]) -> None:
    checked(machine, examples=25, steps=20)


def wrong(module: Any, name: str) -> Any:
    """A way to get it wrong that was seen in the field."""
    original = getattr(module, name)

    def spends_the_latest_first(lot: model.Lot) -> Any:
        return (-lot.id,)

    def never_expires(position: Any, now: datetime) -> Any:
        return tuple(one for one in original(position, now) if one.kind != model.Kind.EXPIRE)

    def keeps_what_has_lapsed(position: Any, now: datetime) -> Any:
        return tuple(one for one in original(position, now) if one.holder is None)

    def forgets_keys(connection: Any, key: str) -> None:  # noqa: ARG001
        return None

    def writes_one_side(connection: Any, member: Any, number: int, postings: Any) -> None:
        original(connection, member, number, postings)
        last = entries.c.place == 1
        connection.execute(entries.delete().where(entries.c.transaction == number, last))

    return locals()


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("module", "name", "mutant"),
    [
        (model, "_soonest", "spends_the_latest_first"),
        (ledger, "settled", "never_expires"),
        (ledger, "settled", "keeps_what_has_lapsed"),
        (repository, "find_key", "forgets_keys"),
        (repository, "add_entries", "writes_one_side"),
    ],
)
def test_the_model_tells_wrong_books(
    machine: type[Books], monkeypatch: pytest.MonkeyPatch, module: Any, name: str, mutant: str
) -> None:
    mutants = wrong(module, name)
    monkeypatch.setattr(module, name, mutants[mutant])

    with pytest.raises(
        (AssertionError, IntegrityError, pytest.fail.Exception)
    ):  # or a constraint says no
        checked(machine, examples=300, steps=20, fixed=True)
