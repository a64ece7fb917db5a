"""A promise holds as it was, or the one thing that was changed is named."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.availability.model import FulfilmentMethod
from app.errors import UpstreamUnavailable
from app.promises.drift import DriftCause, PromiseDrift
from app.promises.model import Option
from app.promises.refusals import TokenRefused
from app.values import LocationCode
from tests.promises.worlds import MONDAY, World, an_inquiry

METHODS = (FulfilmentMethod.SHIP_TO_HOME, FulfilmentMethod.PICK_UP_IN_STORE)
LINES = (("A", 2), ("B", 1))
Change = Callable[[World, Option], None]


def a_world() -> World:
    world = World({("A", "DC"): 5, ("B", "DC"): 5, ("A", "ST-NEAR"): 5, ("B", "ST-NEAR"): 1})
    world.rules["workplaces"]["*"] |= {"slot": "PT1H", "slot_orders": 3}
    world.rules["workplaces"]["DC"] |= {"slot": "PT1H", "slot_orders": 3}
    return world


async def promised(world: World, lines: tuple[tuple[str, int], ...] = LINES) -> list[Option]:
    stores = (LocationCode("ST-NEAR"),)
    async with world.service() as service:
        question = world.question(*lines, methods=METHODS, stores=stores)
        answer = await service.options(question, an_inquiry(), now=world.now)
        options = [one for choice in answer.choices for one in choice.options]
        tokens = [one.token for one in options]  # sealed while the service is there
    assert len(set(tokens)) == len(options)
    return options


async def checked(
    world: World, option: Option, lines: tuple[tuple[str, int], ...] = LINES
) -> Option | PromiseDrift:
    async with world.service() as service:
        question = world.question(*lines)
        return await service.check(option.token, question, an_inquiry(), now=world.now)


def sold_out(world: World, option: Option) -> None:
    leg = option.legs[0]
    line = leg.lines[0]
    world.stock[line.sku, leg.location] = line.quantity - 1


def silent(world: World, _option: Option) -> None:
    world.error = UpstreamUnavailable("silent")


def dearer(world: World, _option: Option) -> None:
    world.prices["B"] = "30.01"


def dearer_to_send(world: World, option: Option) -> None:
    assert option.legs[0].carrier_service is not None
    services = world.rules["carriers"]["post"]["services"]
    services[option.legs[0].carrier_service]["fees"] = {"EUR": "5.90"}


def moved_away(world: World, _option: Option) -> None:
    world.postal_code = "09100"


def slower(world: World, option: Option) -> None:
    carried = option.legs[0].carrier_service
    if carried is None:
        world.rules["transfers"]["days"] = 3
        return
    for lane in world.rules["carriers"]["post"]["services"][carried]["lanes"]:
        lane["days"] = [lane["days"][0] + 1, lane["days"][1] + 1]


def given_up(world: World, option: Option) -> None:
    carried = option.legs[0].carrier_service
    if carried is None:
        world.rules["transfers"] = None
        return
    del world.rules["carriers"]["post"]["services"][carried]


def filled(world: World, option: Option) -> None:
    start = int(MONDAY.timestamp()) // 3600 * 3600
    slots = {start + 3600 * hour: 3 for hour in range(14 * 24)}
    world.slots.by_location[option.legs[0].location] = slots
    world.slots.edition += 1


def too_late(world: World, option: Option) -> None:
    world.now = min(leg.order_by for leg in option.legs) + timedelta(seconds=1)


def applies(option: Option, change: Change) -> bool:
    if change in {dearer_to_send, moved_away}:
        return option.method is FulfilmentMethod.SHIP_TO_HOME
    if change in {slower, given_up}:
        return option.legs[0].service not in {"FROM_SHELF", "FROM_SHELF_EXPRESS"}
    return True


CAUSES: list[tuple[Change, DriftCause]] = [
    (sold_out, DriftCause.STOCK),
    (silent, DriftCause.STOCK),
    (dearer, DriftCause.PRICE),
    (dearer_to_send, DriftCause.PRICE),
    (moved_away, DriftCause.ADDRESS),
    (slower, DriftCause.CARRIER),
    (given_up, DriftCause.CARRIER),
    (filled, DriftCause.CAPACITY),
    (too_late, DriftCause.CUTOFF_PASSED),
]


@pytest.mark.parametrize(("change", "cause"), CAUSES)
async def test_the_cause_is_what_was_changed(change: Change, cause: DriftCause) -> None:
    options = [one for one in await promised(a_world()) if applies(one, change)]

    assert options
    for option in options:
        world = a_world()
        change(world, option)
        found = await checked(world, option)
        assert isinstance(found, PromiseDrift), (change, option.legs)
        assert found.cause is cause
        assert (found.before.earliest, found.before.latest) == (option.earliest, option.latest)


async def test_nothing_changed_is_the_same_promise() -> None:
    world = a_world()
    for option in await promised(world):
        assert await checked(world, option) == option


async def test_it_is_the_same_until_the_last_moment() -> None:
    for option in await promised(a_world()):
        world = a_world()
        world.now = min(leg.order_by for leg in option.legs)
        found = await checked(world, option)
        assert isinstance(found, Option)
        assert found.legs == option.legs
        assert (found.latest, found.cost_to_customer) == (option.latest, option.cost_to_customer)


async def test_what_does_not_matter_is_no_drift() -> None:
    for option in await promised(a_world()):
        world = a_world()
        used = {leg.location for leg in option.legs}
        world.stock = {
            (sku, code): n + 1 if code in used else 0 for (sku, code), n in world.stock.items()
        }
        world.now += timedelta(minutes=1)
        found = await checked(world, option)
        assert isinstance(found, Option)
        assert found.legs == option.legs


async def test_a_promise_of_another_basket_is_refused() -> None:
    [option, *_] = await promised(a_world())

    with pytest.raises(TokenRefused) as refused:
        await checked(a_world(), option, (("A", 1), ("B", 1)))
    assert refused.value.code == "TOKEN_OF_OTHER_LINES"


async def test_what_can_be_had_instead_is_told() -> None:
    [option, *_] = await promised(a_world())
    world = a_world()
    too_late(world, option)
    found = await checked(world, option)

    assert isinstance(found, PromiseDrift)
    assert found.after is not None
    assert found.after.method is option.method


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 1)),  # noqa: DTZ001  made UTC below
    st.integers(0, 20),
    st.sampled_from(CAUSES),
    st.integers(1, 4),
)
async def test_at_any_time_the_one_cause_is_named(
    moment: datetime, which: int, changing: tuple[Change, DriftCause], count: int
) -> None:
    change, cause = changing
    now = moment.replace(microsecond=0, tzinfo=UTC)
    lines = (("A", count), ("B", 1))
    world = a_world()
    world.now = now
    options = [one for one in await promised(world, lines) if applies(one, change)]
    if not options:
        return
    option = options[which % len(options)]
    again = a_world()
    again.now = now
    if change is filled:
        start = int(now.timestamp()) // 3600 * 3600
        slots = {start + 3600 * hour: 3 for hour in range(30 * 24)}
        again.slots.by_location[option.legs[0].location] = slots
    else:
        change(again, option)
    found = await checked(again, option, lines)
    assert isinstance(found, PromiseDrift)
    assert found.cause is cause
