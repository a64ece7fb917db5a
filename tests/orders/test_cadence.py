"""Looks are rare enough and frequent enough, and end; what systems say is taken in any order."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.errors import MisconfiguredError
from app.orders import progress
from app.orders.cadence import Cadence
from app.orders.model import (
    FOLLOWED,
    Handing,
    HandingState,
    Order,
    OrderNumber,
    OrderState,
    key_of,
)
from app.ports import OrderStatus, Promised, SoldLine
from app.settings import Orders, parse
from app.store import Work
from app.values import ChannelCode, FulfilmentMethod, LocationCode, Sku
from tests.orders.world import ADA, NOON, euro

CADENCE = Cadence()
AGES = some.timedeltas(timedelta(), timedelta(days=40))
SINKS = ("a", "b", "c")
STATUSES = some.sampled_from([None, *OrderStatus])
ANSWERS = some.lists(some.tuples(some.sampled_from(SINKS), STATUSES), max_size=12)


def an_order(*sinks: str, **changes: Any) -> Order:
    """One that its sinks have taken, each with one unit."""
    parts = tuple(
        Handing(
            sink=sink,
            state=HandingState.TAKEN,
            lines=(
                SoldLine(
                    sku=Sku("A"), quantity=1, unit_price=euro("1.00"), location=LocationCode(sink)
                ),
            ),
        )
        for sink in sinks
    )
    order = Order(
        number=OrderNumber("N"),
        state=OrderState.SOURCED,
        cart=None,
        channel=ChannelCode("WEB"),
        placed_at=NOON,
        buyer=ADA,
        address=None,
        method=FulfilmentMethod.SHIP_TO_HOME,
        promised=None,
        promise_token=None,
        delivery=euro("0.00"),
        total=euro("1.00"),
        charge=None,
        handings=parts,
    )
    return replace(order, **changes)


@given(ages=some.tuples(AGES, AGES))
def test_the_older_the_rarer_and_never_for_ever(ages: tuple[timedelta, timedelta]) -> None:
    waits = []
    for age in sorted(ages):
        now = NOON + age
        at = CADENCE.next(an_order("a"), now)
        assert (at is None) == (age >= CADENCE.lasting)
        if at is not None:
            assert CADENCE.every <= at - now <= CADENCE.slowest
            waits.append(at - now)
    assert waits == sorted(waits)


@pytest.mark.parametrize(
    ("age", "wait"),
    [
        (timedelta(), timedelta(minutes=1)),
        (timedelta(hours=1), timedelta(minutes=1)),
        (timedelta(hours=10), timedelta(minutes=10)),
        (timedelta(days=20), timedelta(hours=1)),
        (timedelta(days=30), None),
    ],
)
def test_how_often_by_age(age: timedelta, wait: timedelta | None) -> None:
    at = CADENCE.next(an_order("a"), NOON + age)

    assert at == (None if wait is None else NOON + age + wait)


@pytest.mark.parametrize("state", [one for one in OrderState if one not in FOLLOWED])
def test_what_is_over_or_not_handed_over_is_not_looked_at(state: OrderState) -> None:
    assert CADENCE.next(an_order("a", state=state), NOON) is None


def test_what_is_expected_late_is_followed_from_then_on() -> None:
    later = NOON + timedelta(days=90)
    order = an_order("a", promised=Promised(earliest=later, latest=later))
    after = timedelta(days=29)

    assert CADENCE.next(order, later + after) == later + after + CADENCE.slowest
    assert CADENCE.next(order, later + timedelta(days=30)) is None


def test_the_settings_say_the_same() -> None:
    said = Orders()

    assert said.follow_every == CADENCE.every
    assert said.follow_slowest == CADENCE.slowest
    assert said.follow_for == CADENCE.lasting


def test_what_cannot_be_is_told() -> None:
    document = {
        "connections": {"shop": {"connector": "sandbox"}},
        "bind": {"catalogue": "shop", "prices": "shop", "locations": ["shop"], "stock": {}},
        "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "it"}},
    }
    parse(document)
    with pytest.raises(MisconfiguredError, match="follow_slowest is shorter than follow_every"):
        parse({**document, "orders": {"follow_every": "PT2H"}})


@given(sinks=some.lists(some.sampled_from(SINKS), min_size=1, unique=True), answers=ANSWERS)
def test_answers_in_any_order_and_again_come_to_the_same(
    sinks: list[str], answers: list[tuple[str, OrderStatus | None]]
) -> None:
    """What is silent, late, told twice or of another is no matter; each end is told once."""
    order, work = an_order(*sinks), Work(connection=NO_CONNECTION, now=NOON)
    ends: dict[str, OrderStatus] = {}
    for sink, status in answers:
        if status is not None and order.state in FOLLOWED and sink in sinks:
            if status is not OrderStatus.ACCEPTED:
                ends.setdefault(sink, status)
            told = {(sink, key_of(order, one)): status for one in order.handings}
            order = progress.heard(work, order, told)

    done = [sink for sink, end in ends.items() if end is OrderStatus.COMPLETED]
    back = OrderStatus.CANCELLED in ends.values()
    finished = len(done) == len(sinks)
    assert order.state is (
        OrderState.PLACED
        if back
        else OrderState.COMPLETED
        if finished
        else OrderState.IN_FULFILMENT
        if done
        else OrderState.SOURCED
    )
    assert [one.kind for one in work.told if one.kind.startswith("Handing")] == [
        "HandingCompleted" if end is OrderStatus.COMPLETED else "HandingRefused"
        for end in ends.values()
    ]
    kinds = [one.kind for one in work.told if one.kind.startswith("Order")]
    assert kinds == [
        *["OrderInFulfilment"] * bool(done and len(sinks) > 1),
        *["OrderSetBack"] * back,
        *["OrderCompleted"] * finished,
    ]


NO_CONNECTION: Any = None  # nothing is asked of the database
