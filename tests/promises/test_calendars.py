"""Work is done in working time, whatever the clocks and the holidays do."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.locations.hours import Hours
from app.promises.calendars import DAY, Calendar, Stretch, calendar, days, visits
from app.promises.timing import Journey
from app.values import CountryCode

HOUR = 3600


def instant(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp())  # type: ignore[misc,arg-type]


def rome(expression: str) -> Hours:
    return Hours(expression=expression, time_zone="Europe/Rome", country=CountryCode("IT"))


def test_a_night_in_which_clocks_go_back_is_an_hour_longer() -> None:
    night = calendar(rome("Sa 22:00-06:00"), instant(2026, 10, 24))

    [stretch] = [one for one in night.stretches if one.start == instant(2026, 10, 24, 20)]
    assert stretch.end - stretch.start == 9 * HOUR
    assert night.after(stretch.start, 9 * HOUR) == instant(2026, 10, 25, 5)


def test_work_goes_on_after_the_weekend() -> None:
    office = calendar(rome("Mo-Fr 09:00-17:00; PH off"), instant(2026, 11, 27))

    assert office.after(instant(2026, 11, 27, 15), 2 * HOUR) == instant(2026, 11, 30, 9)
    assert office.before(instant(2026, 11, 30, 9), 2 * HOUR) == instant(2026, 11, 27, 15)


def test_days_of_delivery_leave_out_holidays_of_their_country() -> None:
    found = days(rome("Mo-Fr 09:00-12:00,14:00-18:00; PH off"), instant(2026, 12, 7))

    around = [one.date.day for one in found if one.date.month == 12 and one.date.day < 14]
    assert around == [7, 9, 10, 11]
    assert found[0].end - found[0].start == 9 * HOUR


@pytest.mark.parametrize("expression", ["24/7", "Mo-Su 00:00-24:00", "Mo-Fr 00:00-24:00"])
def test_what_goes_on_round_the_clock_has_begun_and_is_one_of_each_day(expression: str) -> None:
    thursday = instant(2026, 11, 26)

    assert calendar(rome(expression), thursday).after(thursday, HOUR) == thursday + HOUR
    found = {one.date: one for one in days(rome(expression), thursday)}
    friday = found[date(2026, 11, 27)]
    assert friday == (date(2026, 11, 27), thursday + 23 * HOUR, thursday + 23 * HOUR + DAY)
    assert visits(rome(expression), thursday).next_start(thursday) == friday.start


def test_a_night_is_of_the_day_on_which_it_begins() -> None:
    friday = instant(2026, 11, 27)

    night = [one for one in days(rome("22:00-06:00"), friday) if one.date == date(2026, 11, 27)]
    assert night == [(date(2026, 11, 27), friday + 21 * HOUR, friday + 29 * HOUR)]


@pytest.mark.parametrize(
    ("collected", "transit", "earliest", "latest"),
    [
        (17, (0, 0), (23, 16), (23, 17)),  # there on the same day, but not before it is collected
        (17, (0, 1), (23, 16), (24, 17)),
        (17, (0, 2), (23, 16), (25, 17)),
        (17, (1, 2), (24, 8), (25, 17)),
        (19, (0, 0), (24, 8), (24, 17)),  # nothing is delivered any more
        (19, (0, 1), (24, 8), (24, 17)),
        (19, (1, 1), (24, 8), (24, 17)),
    ],
)
def test_days_of_delivery_are_counted_after_the_day_of_collection(
    collected: int, transit: tuple[int, int], earliest: tuple[int, int], latest: tuple[int, int]
) -> None:
    monday = instant(2026, 11, 23, 9)
    timed = Journey(
        preparation=HOUR,
        work=calendar(rome("Mo-Fr 08:00-20:00"), monday),
        collects=visits(rome(f"Mo-Fr {collected}:00-{collected}:30"), monday),
        delivers=days(rome("Mo-Fr 09:00-18:00"), monday),
        transit=transit,
        zone="Europe/Rome",
    ).timed(monday)

    assert timed is not None
    assert timed.collected_at == instant(2026, 11, 23, collected - 1)
    assert (timed.earliest, timed.latest) == (
        instant(2026, 11, *earliest),
        instant(2026, 11, *latest),
    )


def test_slots_that_are_full_are_left_out() -> None:
    day = Calendar.of([Stretch(0, 10)])

    assert day.without([2, 8], 3).stretches == ((0, 2), (5, 8))
    assert day.without([0, 3, 6, 9], 3).stretches == ()


stretches = st.lists(st.integers(0, 400), min_size=2, max_size=20, unique=True).map(
    lambda found: Calendar.of(
        [Stretch(*pair) for pair in zip(*[iter(sorted(found))] * 2, strict=False)]
    )
)


@given(stretches, st.integers(0, 400), st.integers(1, 100))
def test_what_is_begun_by_the_last_moment_is_done_in_time(
    work: Calendar, until: int, seconds: int
) -> None:
    last = work.before(until, seconds)

    if last is None:
        assert all((work.after(start, seconds) or until + 1) > until for start in range(-1, 401))
        return
    done, late = work.after(last, seconds), work.after(last + 1, seconds)
    assert done is not None
    assert done <= until
    assert late is None or late > until


@given(stretches, st.integers(0, 400), st.integers(1, 100))
def test_work_takes_its_time_and_no_more(work: Calendar, at: int, seconds: int) -> None:
    done = work.after(at, seconds)
    open_seconds = [one for one in range(at, 401) if any(s <= one < e for s, e in work.stretches)]

    assert done == (open_seconds[seconds - 1] + 1 if len(open_seconds) >= seconds else None)
