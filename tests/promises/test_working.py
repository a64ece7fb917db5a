"""An order is worked on in the slots that its promise was made of, and nobody blocks itself."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.availability.model import FulfilmentMethod
from app.availability.slots import Slot, Taking
from app.promises.calendars import Calendar, Stretch
from app.promises.drift import DriftCause, PromiseDrift
from app.promises.model import Option
from app.values import LocationCode
from tests.promises.worlds import MONDAY, World, an_inquiry

NEAR = LocationCode("ST-NEAR")
TEN = int(MONDAY.timestamp())  # in Milan
HOUR = 3_600


def a_world() -> World:
    world = World({("A", "ST-NEAR"): 5})
    world.rules["workplaces"]["*"] |= {
        "slot": "PT1H",
        "slot_orders": 1,
        "express_preparation": "PT1H",
    }
    return world


async def picked_up(world: World, *, holder: str | None = None) -> Option:
    async with world.service() as service:
        question = world.question(
            ("A", 1),
            methods=(FulfilmentMethod.PICK_UP_IN_STORE,),
            stores=(NEAR,),
            holder=holder,
        )
        answer = await service.options(question, an_inquiry(), now=world.now)
        [option] = [one for choice in answer.choices for one in choice.options]
        assert option.token
    return option


@pytest.mark.parametrize(
    ("full", "slots"),
    [
        ([], [0, 1]),
        ([0], [1]),  # from eleven on
        ([1], [0, 2]),  # half an hour in each
        ([0, 1, 2], [3]),
    ],
)
async def test_slots_are_those_of_the_work_without_what_is_full(
    full: list[int], slots: list[int]
) -> None:
    world = a_world()
    world.now = MONDAY + timedelta(minutes=30)
    world.slots.by_location[NEAR] = {TEN + HOUR * one: 1 for one in full}
    option = await picked_up(world)
    async with world.service() as service:
        found = service.slots([option], holder="somebody", now=world.now)

    mine = Taking(1, frozenset({NEAR}))
    assert found == {Slot(NEAR, TEN + HOUR * one): mine for one in slots}


async def test_what_has_no_limit_has_no_slots() -> None:
    world = a_world()
    world.rules["workplaces"]["*"]["slot_orders"] = None
    option = await picked_up(world)
    async with world.service() as service:
        assert service.slots([option], holder="somebody", now=world.now) == {}


async def test_to_its_holder_a_place_is_free_and_to_nobody_else() -> None:
    before = await picked_up(a_world())
    world = a_world()
    world.slots.by_location[NEAR] = {TEN: 1}
    world.slots.edition += 1

    assert (await picked_up(world, holder="holder")).latest == before.latest
    assert (await picked_up(world, holder="another")).latest > before.latest
    assert (await picked_up(world)).latest > before.latest


@pytest.mark.parametrize("held", [False, True])
async def test_once_it_is_held_a_slot_is_no_reason_to_drift(held: bool) -> None:  # noqa: FBT001  a parameter
    option = await picked_up(a_world())
    world = a_world()
    world.slots.by_location[NEAR] = {TEN + HOUR * one: 1 for one in range(10)}
    async with world.service() as service:
        question = world.question(("A", 1), held=held)
        found = await service.check(option.token, question, an_inquiry(), now=world.now)

    assert isinstance(found, Option) is held
    assert held or (isinstance(found, PromiseDrift) and found.cause is DriftCause.CAPACITY)


@given(
    lengths=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=6),
    at=st.integers(0, 20),
    seconds=st.integers(1, 20),
)
def test_what_is_worked_ends_when_the_work_is_done(
    lengths: list[tuple[int, int]], at: int, seconds: int
) -> None:
    start, stretches = 0, []
    for pause, length in lengths:
        stretches.append(Stretch(start + pause, start + pause + length))
        start += pause + length
    work = Calendar.of(stretches)
    worked, done = work.worked(at, seconds), work.after(at, seconds)

    assert all(any(a <= one.start < one.end <= b for a, b in stretches) for one in worked)
    assert all(one.start >= at for one in worked)
    if done is not None:
        assert sum(one.end - one.start for one in worked) == seconds
        assert worked[-1].end == done
