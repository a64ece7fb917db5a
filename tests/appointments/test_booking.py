"""Appointments are booked, moved and cancelled, and never more than staff can see to."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from app.appointments.keeping import forget, tell
from app.appointments.model import Appointment, AppointmentId
from app.appointments.refusals import (
    AppointmentClosed,
    AppointmentFull,
    AppointmentLimitReached,
    AppointmentNotFound,
    AppointmentsNotOffered,
    AppointmentVersionConflict,
    InvalidAppointmentInput,
    OutsideOpeningHours,
    TooFar,
    TooSoon,
    UnknownAppointmentKind,
)
from app.appointments.service import Selves
from app.customers.linking import locked
from app.customers.refusals import CustomerNotFound
from app.customers.service import new
from app.store import Store
from app.store.keys import KeyReused
from app.values import CustomerId, LocationCode
from tests.appointments.desk import (
    ADA,
    EVE,
    FEW,
    MIL,
    NOW,
    OFF,
    TERMS,
    a_desk,
    a_store,
    asked,
    at,
    books,
)

TEN, ELEVEN = at("2026-10-21T10:00:00+02:00"), at("2026-10-21T11:00:00+02:00")


async def test_of_32_who_want_the_last_place_one_gets_it(store: Store) -> None:
    desk = a_desk(store)
    await desk.book(EVE, (MIL, "STYLING"), TEN, asked=asked(EVE))

    async def wants(number: int) -> str:
        who, start = CustomerId(f"c{number}"), TEN + timedelta(minutes=15 * (number % 3))
        try:
            await desk.book(who, (MIL, "BRIDAL"), start, asked=asked(who))
        except AppointmentFull as full:
            return "full" if full.next_start is not None else "for ever"
        return "booked"

    # Whenever it begins, it overlaps the only one there was, and all others of them.
    outcomes = Counter(await asyncio.gather(*map(wants, range(32))))
    found = await books(store)
    assert max(found.counted().values()) == 2
    assert found.taken == found.counted()
    assert outcomes == {"booked": 1, "full": 31}


async def test_32_move_to_the_last_place_and_31_stay_where_they_were(store: Store) -> None:
    desk = a_desk(store, TERMS.model_copy(update={"ahead": timedelta(days=60)}))
    starts = [one.starts for one in await desk.free(desk.offer(FEW, "FITTING"), None, 7, now=NOW)]
    first = starts[0]
    mine = []
    for number, start in enumerate(starts[4:68:2]):
        who = CustomerId(f"c{number}")
        mine.append(await desk.book(who, (FEW, "FITTING"), start, asked=asked(who)))
    assert len(mine) == 32

    async def moves(one: Appointment) -> Appointment | None:
        try:
            return await desk.move(one.id, 1, (None, first), asked=asked(one.customer))
        except AppointmentFull:
            return None

    moved = [one for one in await asyncio.gather(*map(moves, mine)) if one is not None]
    assert [(one.starts, one.version) for one in moved] == [(first, 2)]
    found = await books(store, FEW)
    stayed = {one.id: one.starts for one in mine} | {moved[0].id: first}
    assert {one.id: one.starts for one in found.booked} == stayed
    assert found.taken == found.counted()


async def test_a_key_is_one_appointment_whatever_became_of_it_since(store: Store) -> None:
    desk, key = a_desk(store), asked(ADA, key="one", what="book")
    first = await desk.book(ADA, (MIL, "STYLING"), TEN, asked=key)
    moved = await desk.move(first.id, 1, (None, ELEVEN), asked=asked())
    later = asked(ADA, key="one", what="book", now=TEN - timedelta(hours=1))
    assert await desk.book(ADA, (MIL, "STYLING"), TEN, asked=later) == first
    with pytest.raises(KeyReused):
        await desk.book(ADA, (MIL, "STYLING"), TEN, asked=asked(ADA, key="one", what="other"))
    assert [one.starts for one in (await books(store)).booked] == [moved.starts]


async def test_a_key_asked_at_once_is_one_appointment(store: Store) -> None:
    desk = a_desk(store)
    same = [asked(ADA, key="one", what="book") for _ in range(8)]
    told = await asyncio.gather(*(desk.book(ADA, (MIL, "STYLING"), TEN, asked=one) for one in same))
    assert {one.id for one in told} == {told[0].id}
    assert len((await books(store)).booked) == 1


async def test_moves_and_cancellations_are_done_once_too(store: Store) -> None:
    desk = a_desk(store)
    one = await desk.book(ADA, (MIL, "STYLING"), TEN, asked=asked())
    move, cancel = asked(key="move"), asked(key="cancel")
    moved = [await desk.move(one.id, 1, (None, ELEVEN), asked=move) for _ in range(2)]
    assert [each.version for each in moved] == [2, 2]
    gone = [await desk.cancel(one.id, 2, asked=cancel) for _ in range(2)]
    assert [(each.version, each.state) for each in gone] == [(3, "CANCELLED")] * 2
    found = await books(store)
    assert (found.booked, found.taken) == ([], {})


async def test_a_move_may_overlap_where_it_was(store: Store) -> None:
    desk = a_desk(store)
    one = await desk.book(ADA, (FEW, "BRIDAL"), TEN, asked=asked())
    after = await desk.move(one.id, 1, (None, TEN + timedelta(minutes=15)), asked=asked())
    assert after.starts == TEN + timedelta(minutes=15)
    found = await books(store, FEW)
    assert found.taken == found.counted()
    assert set(found.taken.values()) == {1}


async def test_a_move_to_another_store_lets_the_old_place_go(store: Store) -> None:
    desk = a_desk(store)
    one = await desk.book(ADA, (FEW, "STYLING"), TEN, asked=asked())
    await desk.move(one.id, 1, (MIL, TEN), asked=asked())
    assert (await books(store, FEW)).taken == {}
    await desk.book(EVE, (FEW, "STYLING"), TEN, asked=asked(EVE))


async def test_teams_do_not_wait_for_each_other_and_kinds_of_one_do(store: Store) -> None:
    desk = a_desk(store)
    await desk.book(ADA, (MIL, "STYLING"), TEN, asked=asked())
    await desk.book(EVE, (MIL, "BRIDAL"), TEN, asked=asked(EVE))
    await desk.book(ADA, (MIL, "ALTERATION"), TEN, asked=asked())
    with pytest.raises(AppointmentFull) as full:
        await desk.book(ADA, (MIL, "FITTING"), TEN, asked=asked())
    assert full.value.next_start == TEN + timedelta(minutes=45)


async def test_what_is_changed_twice_from_one_version_is_changed_once(store: Store) -> None:
    desk = a_desk(store)
    one = await desk.book(ADA, (MIL, "STYLING"), TEN, asked=asked())
    acts = [
        desk.cancel(one.id, 1, asked=asked()),
        desk.move(one.id, 1, (None, ELEVEN), asked=asked()),
    ]
    done = await asyncio.gather(*acts, return_exceptions=True)
    (refused,) = [each for each in done if isinstance(each, Exception)]
    assert isinstance(refused, AppointmentVersionConflict)
    assert refused.version == 2
    found = await books(store)
    assert found.taken == found.counted()


async def test_anothers_looks_as_one_that_is_not_there(store: Store) -> None:
    desk = a_desk(store)
    one = await desk.book(ADA, (MIL, "STYLING"), TEN, asked=asked())
    told = []
    for id_ in (one.id, AppointmentId("nobody-has-this-one-here")):
        for act in (
            desk.cancel(id_, 1, asked=asked(EVE)),
            desk.cancel(id_, 7, asked=asked(EVE)),
            desk.move(id_, 1, (None, ELEVEN), asked=asked(EVE)),
        ):
            with pytest.raises(AppointmentNotFound) as refused:
                await act
            told.append(str(refused.value))
    assert len(set(told)) == 1
    cancelled = await desk.cancel(one.id, 1, asked=asked(None))
    assert cancelled.state == "CANCELLED"


@pytest.mark.parametrize("start", ["2026-10-21T12:30:00+02:00", "2026-10-21T18:30:00+02:00"])
async def test_it_has_to_end_before_the_store_closes(store: Store, start: str) -> None:
    desk, opens = a_desk(store), {12: "2026-10-21T14:00:00+02:00", 18: "2026-10-22T10:00:00+02:00"}
    with pytest.raises(OutsideOpeningHours) as refused:
        await desk.book(ADA, (MIL, "STYLING"), at(start), asked=asked())
    assert refused.value.next_start == at(opens[at(start).hour])
    until = at(start) - timedelta(minutes=15)
    assert (await desk.book(ADA, (MIL, "STYLING"), until, asked=asked())).starts == until


async def test_public_holidays_and_full_days_are_passed_over(store: Store) -> None:
    desk, now = a_desk(store), at("2026-10-30T10:00:00+01:00")
    # Sunday is All Saints, and on Monday morning there is somebody.
    await desk.book(EVE, (FEW, "BRIDAL"), at("2026-11-02T10:00:00+01:00"), asked=asked(EVE))
    sunday = at("2026-11-01T11:00:00+01:00")
    with pytest.raises(OutsideOpeningHours) as refused:
        await desk.book(ADA, (FEW, "STYLING"), sunday, asked=asked(now=now))
    assert refused.value.next_start == at("2026-11-02T11:30:00+01:00")


async def test_shoppers_give_notice_and_staff_does_not_have_to(store: Store) -> None:
    desk = a_desk(store)
    noon = at("2026-10-20T12:00:00+02:00")
    with pytest.raises(TooSoon) as refused:
        await desk.book(ADA, (MIL, "STYLING"), at("2026-10-20T11:45:00+02:00"), asked=asked())
    assert refused.value.next_start == noon
    assert (await desk.book(ADA, (MIL, "STYLING"), noon, asked=asked())).starts == noon
    soon = at("2026-10-20T10:15:00+02:00")
    assert (await desk.book(ADA, (MIL, "STYLING"), soon, asked=asked(None))).starts == soon
    with pytest.raises(TooSoon) as refused:
        await desk.book(ADA, (MIL, "STYLING"), at("2026-10-20T09:45:00+02:00"), asked=asked(None))
    assert refused.value.next_start == at("2026-10-20T10:00:00+02:00")


async def test_nobody_knows_what_is_too_far_ahead(store: Store) -> None:
    desk = a_desk(store)
    with pytest.raises(TooFar) as refused:
        await desk.book(ADA, (MIL, "STYLING"), NOW + timedelta(days=31), asked=asked())
    assert refused.value.latest == NOW + timedelta(days=30)
    with pytest.raises(TooFar):
        await desk.book(ADA, (MIL, "STYLING"), at("9999-12-31T23:59:59-12:00"), asked=asked(None))
    with pytest.raises(TooSoon):
        await desk.book(ADA, (MIL, "STYLING"), at("0001-01-01T00:00:00+12:00"), asked=asked())


@pytest.mark.parametrize(
    "start",
    ["2026-10-21T10:10:00+02:00", "2026-10-21T10:00:01+02:00", "2026-10-21T10:00:00"],
)
async def test_a_start_is_one_of_the_clock_of_the_store(store: Store, start: str) -> None:
    with pytest.raises(InvalidAppointmentInput) as refused:
        await a_desk(store).book(ADA, (MIL, "STYLING"), at(start), asked=asked())
    assert refused.value.path == ("start",)


async def test_only_what_is_offered_where_it_is_offered(store: Store) -> None:
    desk = a_desk(store)
    with pytest.raises(UnknownAppointmentKind) as unknown:
        await desk.book(ADA, (MIL, "HAIRCUT"), TEN, asked=asked())
    assert unknown.value.kinds == ("ALTERATION", "BRIDAL", "FITTING", "STYLING")
    for where, kind in (
        (OFF, "STYLING"),
        (FEW, "ALTERATION"),
        (LocationCode("ST-NONE"), "STYLING"),
    ):
        with pytest.raises(AppointmentsNotOffered):
            await desk.book(ADA, (where, kind), TEN, asked=asked())
    assert [one.kind for one in desk.offers(FEW)] == ["STYLING", "BRIDAL", "FITTING"]


async def test_nobody_keeps_others_out_with_more_than_they_need(store: Store) -> None:
    desk = a_desk(store)
    for hour in range(3):
        start = TEN + timedelta(hours=hour % 2, days=hour)
        mine = await desk.book(ADA, (MIL, "FITTING"), start, asked=asked())
    with pytest.raises(AppointmentLimitReached) as refused:
        await desk.book(ADA, (MIL, "FITTING"), ELEVEN, asked=asked(None))
    assert refused.value.most == 3
    await desk.cancel(mine.id, 1, asked=asked())
    await desk.book(ADA, (MIL, "FITTING"), ELEVEN, asked=asked())


async def test_the_limit_holds_for_who_books_everywhere_at_once(store: Store) -> None:
    ada = (await store.act(new, now=NOW)).id
    lock: Selves = lambda connection, one: locked(connection, one).selves  # noqa: E731
    stores = {LocationCode(f"ST-{n}"): a_store() for n in range(8)}
    desk = replace(a_desk(store, TERMS, stores), selves=lock)
    acts = [desk.book(ada, (one, "STYLING"), TEN, asked=asked(ada)) for one in stores]
    done = await asyncio.gather(*acts, return_exceptions=True)
    assert Counter(type(one) for one in done) == {Appointment: 3, AppointmentLimitReached: 5}
    assert len(await desk.of({ada}, now=NOW)) == 3


async def test_nobody_is_booked_who_is_not_there(store: Store) -> None:
    lock: Selves = lambda connection, one: locked(connection, one).selves  # noqa: E731
    desk = replace(a_desk(store), selves=lock)
    with pytest.raises(CustomerNotFound):
        await desk.book(EVE, (MIL, "STYLING"), TEN, asked=asked(None))
    assert (await books(store)).taken == {}


async def test_what_has_begun_or_was_cancelled_stays(store: Store) -> None:
    desk = a_desk(store)
    one = await desk.book(ADA, (MIL, "STYLING"), TEN, asked=asked())
    with pytest.raises(AppointmentClosed):
        await desk.cancel(one.id, 1, asked=asked(now=TEN))
    with pytest.raises(AppointmentClosed):
        await desk.move(one.id, 1, (None, ELEVEN), asked=asked(now=TEN))
    await desk.cancel(one.id, 1, asked=asked())
    with pytest.raises(AppointmentClosed):
        await desk.cancel(one.id, 2, asked=asked())


async def test_with_less_staff_than_before_nobody_new_comes_and_all_can_go(store: Store) -> None:
    before = [
        await a_desk(store).book(who, (MIL, "STYLING"), TEN, asked=asked(who)) for who in (ADA, EVE)
    ]
    teams = {"stylists": {"at_once": {"*": 1}}, "tailors": {"at_once": {"*": 1}}}
    less = a_desk(store, type(TERMS).model_validate(TERMS.model_dump() | {"teams": teams}))
    with pytest.raises(AppointmentFull):
        await less.book(ADA, (MIL, "STYLING"), TEN, asked=asked())
    assert (await less.free(less.offer(MIL, "STYLING"), TEN.date(), 1, now=NOW))[
        0
    ].starts == TEN + timedelta(minutes=45)
    await less.move(before[0].id, 1, (None, ELEVEN), asked=asked(ADA))
    await less.cancel(before[1].id, 1, asked=asked(EVE))
    await less.book(EVE, (MIL, "STYLING"), TEN, asked=asked(EVE))


async def test_who_is_forgotten_leaves_their_place_to_others(store: Store) -> None:
    desk = a_desk(store)
    past = await desk.book(ADA, (FEW, "STYLING"), TEN, asked=asked(key="past", what="past"))
    coming = await desk.book(ADA, (FEW, "STYLING"), ELEVEN, asked=asked())
    told = await store.read(lambda connection: tell(connection, {ADA}))
    assert sorted(one["id"] for one in told) == sorted([past.id, coming.id])
    now = TEN + timedelta(minutes=30)
    assert await store.act(lambda work: forget(work, {ADA}), now=now)
    assert await store.read(lambda connection: tell(connection, {ADA})) == []
    begins = {begins for _, begins in (await books(store, FEW)).taken}
    assert begins == {int(TEN.timestamp()) + 300 * n for n in range(9)}
    again = asked(key="past", what="past")
    with pytest.raises(AppointmentNotFound):
        await desk.book(ADA, (FEW, "STYLING"), TEN, asked=again)
    await desk.book(EVE, (FEW, "STYLING"), ELEVEN, asked=asked(EVE))
