"""Starts are on the clock of the store: on days of 23 and 25 hours, too."""

from datetime import date, timedelta

import pytest

from app.settings import Appointments
from app.store import Store
from app.values import LocationCode
from tests.appointments.desk import ADA, EVE, MIL, NOW, a_desk, a_store, asked, at

NIGHT = LocationCode("ST-NIGHT")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


@pytest.mark.parametrize(
    ("day", "hours", "starts"),
    [
        (SPRING, "Mo-Su 01:00-04:00", ["01:00+0100", "01:30+0100", "03:00+0200"]),
        (
            AUTUMN,
            "Mo-Su 01:00-03:00",
            ["01:00+0200", "01:30+0200", "02:00+0200", "02:30+0200", "02:00+0100"],
        ),
        (date(2026, 10, 24), "Mo-Su 01:00-03:00", ["01:00+0200", "01:30+0200", "02:00+0200"]),
    ],
)
async def test_days_on_which_clocks_change_are_as_long_as_they_are(
    store: Store, day: date, hours: str, starts: list[str]
) -> None:
    terms = {
        "step": 30,
        "teams": {"t": {"at_once": {"*": 1}}},
        "kinds": {"K": {"label": "K", "length": "PT60M", "team": "t"}},
    }
    desk = a_desk(store, Appointments.model_validate(terms), {NIGHT: a_store(hours)})
    now = at(f"{day.replace(day=day.day - 3)}T12:00:00+00:00")
    found = await desk.free(desk.offer(NIGHT, "K"), day, 1, now=now)
    assert [f"{one.starts:%H:%M%z}" for one in found] == starts
    assert {one.ends.timestamp() - one.starts.timestamp() for one in found} == {3600.0}


async def test_both_halves_of_a_doubled_hour_are_times_of_their_own(store: Store) -> None:
    desk = a_desk(store, stores={LocationCode("ST-FEW"): a_store("Mo-Su 00:00-06:00")})
    where = (LocationCode("ST-FEW"), "STYLING")
    first, second = at("2026-10-25T02:00:00+02:00"), at("2026-10-25T02:00:00+01:00")
    one = await desk.book(ADA, where, first, asked=asked())
    other = await desk.book(EVE, where, second, asked=asked(EVE))
    assert (other.starts - one.starts).total_seconds() == 3600


async def test_free_starts_tell_how_many_are_left(store: Store) -> None:
    desk = a_desk(store)
    await desk.book(ADA, (MIL, "BRIDAL"), at("2026-10-21T10:30:00+02:00"), asked=asked())
    await desk.book(EVE, (MIL, "STYLING"), at("2026-10-21T11:00:00+02:00"), asked=asked(EVE))
    found = await desk.free(desk.offer(MIL, "STYLING"), date(2026, 10, 21), 1, now=NOW)
    left = {f"{one.starts:%H:%M}": one.left for one in found}
    # From 10:30 to 12:00 one is taken, from 11:00 to 11:45 both are.
    assert left == {
        "10:00": 1,
        "10:15": 1,
        "11:45": 1,
        "12:00": 2,
        "12:15": 2,
        **{f"{hour}:{minute:02}": 2 for hour in (14, 15, 16, 17) for minute in (0, 15, 30, 45)},
        "18:00": 2,
        "18:15": 2,
    }


async def test_what_is_over_or_too_soon_is_not_free(store: Store) -> None:
    desk = a_desk(store)
    offer = desk.offer(MIL, "STYLING")
    today = await desk.free(offer, None, 1, now=NOW)
    assert f"{today[0].starts:%d %H:%M}" == "20 12:00"
    assert await desk.free(offer, date(1, 1, 1), 1, now=NOW) == today
    assert await desk.free(offer, date(9999, 12, 31), 14, now=NOW) == []
    last = await desk.free(offer, date(2026, 11, 18), 14, now=NOW + timedelta(hours=5))
    assert last[-1].starts == at("2026-11-19T14:00:00+01:00") == NOW + timedelta(days=30, hours=5)
