"""Any sequence of changes, holds, repetitions and hours, through two processes: one model of it.

It shows that nothing is oversold (a hold is placed where the model says that there is enough, and
nowhere else), and that a key has one effect, whichever process it is told to.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from secrets import token_hex
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
from sqlalchemy import Connection, func, select

from app.api.context import Services
from app.availability import ledger, repository
from app.availability.model import Spot
from app.availability.refusals import InsufficientStock
from app.availability.tables import allocations, hold_lines, holds, stock_levels
from app.carts import acting, closing
from app.carts.acting import CartActs, Request, once_of
from app.carts.buyers import Buyer
from app.carts.holding import shared_out
from app.carts.model import Cart
from app.carts.refusals import CartClosed, CartVersionConflict, LineNotFound
from app.carts.repository import holder_of
from app.carts.tables import cart_lines, carts, hand_overs
from app.errors import Refusal
from app.settings import Carts as Terms
from app.store import Store, Work, open_store
from app.store.keys import KeyReused
from app.store.tables import facts, idempotency_keys, log_head
from app.upstream.deadline import Deadline
from app.upstream.reader import Inquiry
from app.upstream.report import Report
from app.values import ChannelCode, LocationCode, Sku
from tests.builders import NOON, a_level, a_location, a_price, a_product, a_variant
from tests.gateways import Retailer, running_over

# Small pools, so that the same units, carts and keys are wanted again and again.
SKUS = (Sku("A"), Sku("B"))
PLACES = (LocationCode("ST-1"), LocationCode("WH-1"))
SPOTS = [Spot(sku, at) for sku in SKUS for at in PLACES]
KEYS = (None, None, "first-key-0000000", "other-key-0000000")
WEB = ChannelCode("WEB")
HOLD_FOR = Terms().hold_for
which = st.integers(0, 1)
minutes = st.sampled_from([0, 1, 8]).map(lambda n: timedelta(minutes=n))
Ask = Callable[[Request], Coroutine[Any, Any, Cart]]
TABLES = (
    allocations, hold_lines, holds, stock_levels, hand_overs, cart_lines, carts, idempotency_keys,
    facts,
)  # fmt: skip


@dataclass
class Known:
    """What the model knows of a cart."""

    cart: Cart
    lines: dict[Sku, int] = field(default_factory=dict)
    numbers: dict[Sku, int] = field(default_factory=dict)
    last: int = 0
    version: int = 1
    held: dict[Spot, int] = field(default_factory=dict)
    until: datetime = NOON
    fence: int = 0
    told: dict[str, tuple[Any, Cart]] = field(default_factory=dict)
    order: str | None = None


class Shopping(RuleBasedStateMachine):
    """`store`, `runner`, `shop` and `processes` are given by the test."""

    store: Store
    runner: asyncio.Runner
    shop: Retailer
    processes: list[Services]
    time: list[datetime]

    def __init__(self) -> None:
        super().__init__()
        self.on_hand: dict[Spot, int] = {}
        self.owed: dict[str, dict[Spot, int]] = {}
        self.happened = 0

    @initialize()
    def begin(self) -> None:
        def clear(work: Work) -> None:
            for table in TABLES:
                work.connection.execute(table.delete())
            work.connection.execute(log_head.update().values(epoch=token_hex(16)))  # another log

        self.run(self.store.act(clear, now=self.now))
        for spot in SPOTS:
            self.news(spot, 2)
        create = [one.carts.create for one in self.processes]
        self.known = [Known(self.run(make(WEB, (), self.request()))) for make in create]
        self.happened = 2

    @property
    def now(self) -> datetime:
        return self.time[0]

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def request(self, scope: str = "", key: str | None = None, body: object = None) -> Request:
        inquiry = Inquiry(Deadline(self.runner.get_loop().time() + 60), Report())
        return Request(now=self.now, inquiry=inquiry, once=once_of(scope, key, repr(body)[:64]))

    def free(self, spot: Spot, but: Known | None = None) -> int:
        held = sum(
            one.held.get(spot, 0) for one in self.known if one.until > self.now and one is not but
        )
        owed = sum(units.get(spot, 0) for units in self.owed.values())
        return max(0, self.on_hand[spot] - held - owed)

    def asked(
        self, one: Known, key: str | None, body: object, ask: Ask, wrong: type[Refusal] | None
    ) -> bool:
        """Ask; whether something was done now. `wrong` is what the model says to a first time."""
        again = one.told.get(key or "")
        if one.order is not None:
            wrong = CartClosed
        if again is not None:
            wrong = KeyReused if again[0] != body else None
        if wrong is not None:
            with pytest.raises(wrong):
                self.run(ask(self.request(one.cart.id, key, body)))
            return False
        try:
            done = self.run(ask(self.request(one.cart.id, key, body)))
        except Refusal as refusal:
            raise AssertionError("the model knows no reason") from refusal
        if again is not None:
            assert done == replace(again[1], buyer=done.buyer)
            return False
        one.version += 1
        assert done.version == one.version
        if key is not None:
            one.told[key] = (body, done)
        return True

    @rule(at=which, by=which, sku=st.sampled_from(SKUS), quantity=st.integers(1, 3),
          behind=st.sampled_from([0, 0, 0, 1]), key=st.sampled_from(KEYS))  # fmt: skip
    def add(self, at: int, by: int, sku: Sku, quantity: int, behind: int, key: str | None) -> None:
        one, body = self.known[at], ("add", sku, quantity, self.known[at].version - behind)
        ask = partial(
            self.processes[by].carts.add, one.cart.id, one.version - behind, [(sku, quantity)]
        )
        if self.asked(one, key, body, ask, CartVersionConflict if behind else None):
            if sku not in one.lines:
                one.last += 1
                one.numbers[sku] = one.last
            one.lines[sku] = one.lines.get(sku, 0) + quantity
            self.content_changed(one)

    @rule(at=which, by=which, sku=st.sampled_from(SKUS), quantity=st.integers(1, 3),
          key=st.sampled_from(KEYS))  # fmt: skip
    def update(self, at: int, by: int, sku: Sku, quantity: int, key: str | None) -> None:
        one, body = self.known[at], ("update", sku, quantity, self.known[at].version)
        number = one.numbers.get(sku, 99)
        ask = partial(
            self.processes[by].carts.update, one.cart.id, one.version, [(number, quantity)]
        )
        if self.asked(one, key, body, ask, None if sku in one.lines else LineNotFound):
            one.lines[sku] = quantity
            self.content_changed(one)

    @rule(at=which, by=which, sku=st.sampled_from(SKUS), key=st.sampled_from(KEYS))
    def remove(self, at: int, by: int, sku: Sku, key: str | None) -> None:
        one, body = self.known[at], ("remove", sku, self.known[at].version)
        number = one.numbers.get(sku, 99)
        ask = partial(self.processes[by].carts.remove, one.cart.id, one.version, [number])
        if self.asked(one, key, body, ask, None if sku in one.lines else LineNotFound):
            del one.lines[sku], one.numbers[sku]
            self.content_changed(one)

    @rule(at=which, by=which, key=st.sampled_from(KEYS))
    def name(self, at: int, by: int, key: str | None) -> None:
        one, body = self.known[at], ("buyer", self.known[at].version)
        said = Buyer(email="anna@example.com")
        ask = partial(self.processes[by].carts.set_buyer, one.cart.id, one.version, said)
        self.happened += self.asked(one, key, body, ask, None)

    @rule(at=which, by=which, key=st.sampled_from(KEYS))
    def hold(self, at: int, by: int, key: str | None) -> None:
        one, body = self.known[at], ("hold", self.known[at].version)
        if not one.lines:
            return
        demand: dict[Spot, int] = {}
        short = False
        for sku, quantity in one.lines.items():
            free = {spot: self.free(spot, one) for spot in SPOTS if spot.sku == sku}
            short = short or sum(free.values()) < quantity
            demand |= shared_out(quantity, free)
        ask = partial(self.processes[by].cart_holds.hold, one.cart.id, one.version, None)
        if self.asked(one, key, body, ask, InsufficientStock if short else None):
            one.held, one.until = demand, self.now + HOLD_FOR
            one.fence += 1
            self.happened += 2

    @rule(at=which, by=which)
    def release(self, at: int, by: int) -> None:
        one = self.known[at]
        holds_ = self.processes[by].cart_holds
        if one.order is not None:
            with pytest.raises(CartClosed) as refused:
                self.run(holds_.release(one.cart.id, one.version, self.request()))
            assert refused.value.order == one.order
            return
        done = self.run(holds_.release(one.cart.id, one.version, self.request()))
        if one.held:
            one.version += 1
            self.happened += 2
        one.held = {}
        assert (done.version, done.hold) == (one.version, None)

    @rule(at=which, order=st.sampled_from(["T-1", "T-2"]))
    def order(self, at: int, order: str) -> None:
        one = self.known[at]
        if one.order is not None:
            return
        if not one.lines:
            self.add(at, 0, SKUS[0], 1, 0, None)
        if not one.held or one.until <= self.now:
            self.hold(at, 0, None)
        if order in self.owed or not one.held or one.until <= self.now:
            return
        holder, fence, version = holder_of(one.cart.id), one.fence, one.version

        def bought(work: Work) -> None:
            closing.close(work, one.cart.id, version, order)
            ledger.commit(work, holder, fence, order)

        if any(self.free(spot, one) < units for spot, units in one.held.items()):
            return
        self.run(self.store.act(bought, now=self.now))
        self.owed[order], one.held, one.order = one.held, {}, order
        one.version += 1
        self.happened += 2

    @rule(at=which)
    def not_paid(self, at: int) -> None:
        one = self.known[at]
        if (order := one.order) is None:
            return

        def refused(work: Work) -> None:
            closing.reopen(work, one.cart.id, order)
            ledger.give_back(work, order)

        self.run(self.store.act(refused, now=self.now))
        del self.owed[order]
        one.order = None
        one.version += 1
        self.happened += 2

    @rule(at=which, by=which)
    def begin_anew(self, at: int, by: int) -> None:
        if self.known[at].order is not None:
            create = self.processes[by].carts.create
            self.known[at] = Known(self.run(create(WEB, (), self.request())))
            self.happened += 1

    @rule(spot=st.sampled_from(SPOTS), on_hand=st.integers(0, 4))
    def news(self, spot: Spot, on_hand: int) -> None:
        self.time[0] += timedelta(seconds=1)
        self.on_hand[spot] = on_hand
        self.shop.levels = [
            a_level(sku=one.sku, location=one.location, on_hand=units, as_of=self.now)
            for one, units in self.on_hand.items()
        ]
        levels = self.shop.levels
        record = partial(ledger.record, source="shop", levels=levels)
        self.run(self.store.act(record, now=self.now))

    @rule(later=minutes)
    def time_passes(self, later: timedelta) -> None:
        self.time[0] += later

    def content_changed(self, one: Known) -> None:
        self.happened += 1
        if one.held:
            self.happened += 2  # the ledger's word and the cart's
        one.held = {}

    @invariant()
    def the_store_agrees(self) -> None:
        if not hasattr(self, "known"):
            return
        for one in self.known:
            found = self.run(self.processes[0].carts.find(one.cart.id, now=self.now))
            assert (found.version, found.order) == (one.version, one.order)
            assert {line.sku: line.quantity for line in found.lines} == one.lines
            held = one.held if one.until > self.now else {}
            assert _held(found) == held

        def asked(connection: Connection) -> tuple[Mapping[Spot, int], int | None]:
            count = connection.execute(select(func.count()).select_from(facts)).scalar_one()
            return ledger.sellable(connection, SPOTS, now=self.now), count

        free, told = self.run(self.store.read(asked))
        assert free == {spot: self.free(spot) for spot in SPOTS}
        assert told == self.happened


def _held(cart: Cart) -> dict[Spot, int]:
    units = () if cart.hold is None else cart.hold.units
    return {Spot(one.sku, one.location): one.quantity for one in units}


def a_shop() -> Retailer:
    return Retailer(
        known_products=[a_product(variants=tuple(a_variant(sku) for sku in SKUS))],
        known_prices=[a_price(sku) for sku in SKUS],
        known_locations=[a_location(at) for at in PLACES],
    )


@pytest.fixture
def machine(address: str) -> Iterator[type[Shopping]]:
    time, shop = [NOON], a_shop()
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        opened = runner.run(stack.enter_async_context(open_store(address)))
        running = [
            runner.run(running_over({"shop": shop}, now=lambda: time[0], kept_in=opened)).services
            for _ in range(2)
        ]
        given = {
            "store": opened, "runner": runner, "shop": shop, "processes": running, "time": time,
        }  # fmt: skip
        yield type("Opened", (Shopping,), given)
        runner.run(stack.aclose())


def checked(machine: type[Shopping], *, examples: int, steps: int, fixed: bool = False) -> None:
    """`fixed` examples are the same in every run."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            derandomize=fixed,
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_carts_and_holds_are_what_the_model_says(machine: type[Shopping]) -> None:
    checked(machine, examples=20, steps=25)


def forgets_keys(*_: object, **__: object) -> None:
    """As if nobody had asked before."""


def ignores_versions(cart: Cart, _version: int) -> Cart:
    return cart


def keeps_what_is_held(self: CartActs, work: Work, cart: Cart, *, lines: bool = False) -> Cart:
    from app.carts import repository as kept  # noqa: PLC0415

    cart = self.later(work, cart)
    kept.put(work.connection, cart, lines=lines)
    return cart


def tells_nothing(_work: Work, _fact: object) -> None:
    """The fact would be written later, in a transaction that never comes."""


def counts_nobody_else(*_: object, **__: object) -> dict[Spot, int]:
    return {}


MUTANTS: dict[str, tuple[list[tuple[Any, str]], Any]] = {
    "no row for a key": ([(acting, "claim"), (acting, "result_of")], forgets_keys),
    "versions are not looked at": ([(acting, "at_version")], ignores_versions),
    "what was bought stays open": ([(acting, "opened")], lambda cart: cart),
    "another content is held for": ([(CartActs, "keep")], keeps_what_is_held),
    "the fact is not in the transaction": ([(Work, "tell")], tells_nothing),
    "holds of others are not counted": ([(repository, "held")], counts_nobody_else),
    "orders are not counted": ([(repository, "allocated")], counts_nobody_else),
}


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_model_tells_wrong_carts(
    machine: type[Shopping], monkeypatch: pytest.MonkeyPatch, mutant: str
) -> None:
    places, wrong = MUTANTS[mutant]
    for module, name in places:
        monkeypatch.setattr(module, name, wrong)

    with pytest.raises((AssertionError, pytest.fail.Exception)):
        checked(machine, examples=100, steps=25, fixed=True)
