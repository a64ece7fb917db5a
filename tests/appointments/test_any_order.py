"""Whoever books, moves and cancels, and in whatever order: never more than there is staff for."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from app.appointments.model import Appointment
from app.appointments.refusals import AppointmentFull
from app.appointments.service import AppointmentService
from app.store import Store, open_store
from app.values import CustomerId, LocationCode
from tests.appointments.desk import TERMS, a_desk, a_store, asked, at, books

PLACES = count()
# The night on which clocks go back: seven hours long, and two o'clock comes twice.
NIGHT, MIDNIGHT = "Mo-Su 00:00-06:00", at("2026-10-25T00:00:00+02:00")
LENGTHS = {"STYLING": 45, "BRIDAL": 90, "FITTING": 20}
MOST = 2


class Step(NamedTuple):
    """Cancel where no time is told; book where there is none yet, else move."""

    kind: str
    quarter: int | None


steps = st.builds(
    Step,
    kind=st.sampled_from(sorted(LENGTHS)),
    quarter=st.integers(0, 21) | st.none() | st.integers(0, 3),
)


def start(quarter: int) -> datetime:
    return MIDNIGHT + timedelta(minutes=15 * quarter)


async def done(
    desk: AppointmentService,
    who: CustomerId,
    where: LocationCode,
    step: Step,
    mine: Appointment | None,
) -> Appointment | None:
    """What somebody has after a step; a refusal leaves them what they had."""
    try:
        if step.quarter is None:
            if mine is not None:
                await desk.cancel(mine.id, mine.version, asked=asked(who))
            return None
        if mine is None:
            wanted = (where, step.kind)
            return await desk.book(who, wanted, start(step.quarter), asked=asked(who))
        to = (None, start(step.quarter))
        return await desk.move(mine.id, mine.version, to, asked=asked(who))
    except AppointmentFull:
        return mine


Run = Callable[[AppointmentService, LocationCode, Store], Awaitable[None]]


def at_a_new_store(address: str, run: Run) -> None:
    async def ran() -> None:
        where = LocationCode(f"ST-{next(PLACES)}")
        async with open_store(address) as store:
            await run(a_desk(store, TERMS, {where: a_store(NIGHT)}), where, store)

    asyncio.run(ran())


def test_at_once(address: str) -> None:
    @settings(max_examples=20)
    @given(st.lists(st.lists(steps, min_size=1, max_size=4), min_size=2, max_size=8))
    def check(everybody: list[list[Step]]) -> None:
        async def run(desk: AppointmentService, where: LocationCode, store: Store) -> None:
            async def one(number: int, wanted: list[Step]) -> Appointment | None:
                mine: Appointment | None = None
                for step in wanted:
                    mine = await done(desk, CustomerId(f"{where}-{number}"), where, step, mine)
                return mine

            had = await asyncio.gather(*(one(n, each) for n, each in enumerate(everybody)))
            found = await books(store, where)
            assert {each.id: each for each in found.booked} == {
                each.id: each for each in had if each is not None
            }
            assert found.taken == found.counted()
            assert max(found.taken.values(), default=0) <= MOST

        at_a_new_store(address, run)

    check()


def test_one_after_another_nobody_is_refused_where_there_is_room(address: str) -> None:
    @settings(max_examples=20)
    @given(st.lists(st.tuples(st.integers(0, 5), steps), min_size=1, max_size=20))
    def check(everything: list[tuple[int, Step]]) -> None:
        async def run(desk: AppointmentService, where: LocationCode, store: Store) -> None:
            has: dict[int, Appointment | None] = {}
            for who, step in everything:
                mine = has.get(who)
                after = await done(desk, CustomerId(f"{where}-{who}"), where, step, mine)
                if step.quarter is not None:
                    others = [one for each, one in has.items() if one is not None and each != who]
                    kind = step.kind if mine is None else mine.kind
                    fits = room(others, start(step.quarter), timedelta(minutes=LENGTHS[kind]))
                    assert (after != mine) is fits
                    assert not fits or (after is not None and after.starts == start(step.quarter))
                has[who] = after
            found = await books(store, where)
            assert found.taken == found.counted()

        at_a_new_store(address, run)

    check()


def room(others: list[Appointment], begins: datetime, length: timedelta) -> bool:
    """Whether there is, minute by minute."""
    minutes = (begins + timedelta(minutes=n) for n in range(int(length.total_seconds() // 60)))
    return all(sum(one.starts <= at_ < one.ends for one in others) < MOST for at_ in minutes)
