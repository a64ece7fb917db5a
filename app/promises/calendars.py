"""When is work done, and when does the van come? Instants are whole seconds since 1970.

Calendars come from opening hours with their zones and public holidays (`app.locations.hours`), so
that a day on which clocks change is as long as it is.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.locations.hours import Hours

HORIZON = 45  # days ahead; what takes longer is not promised
BEFORE = 2  # days; a period that has begun is seen from its beginning
DAY = 86_400  # seconds


class Stretch(NamedTuple):
    """From one instant to another."""

    start: int
    end: int


class Calendar(NamedTuple):
    """Stretches in which something is done, in order and apart from each other."""

    stretches: tuple[Stretch, ...]
    starts: tuple[int, ...]

    @classmethod
    def of(cls, stretches: Collection[Stretch]) -> "Calendar":
        """A calendar of stretches."""
        return cls(tuple(stretches), tuple(one.start for one in stretches))

    def next_start(self, at: int) -> int | None:
        """The first stretch that begins then or later."""
        place = bisect_left(self.starts, at)
        return self.starts[place] if place < len(self.starts) else None

    def next_moment(self, at: int) -> int | None:
        """The first instant then or later that is within a stretch; its end still counts."""
        place = max(0, bisect_right(self.starts, at) - 1)
        for stretch in self.stretches[place:]:
            if stretch.end >= at:
                return max(at, stretch.start)
        return None

    def after(self, at: int, seconds: int) -> int | None:
        """The instant at which work that begins then is done."""
        place = max(0, bisect_right(self.starts, at) - 1)
        for stretch in self.stretches[place:]:
            room = stretch.end - max(at, stretch.start)
            if room >= seconds and room > 0:
                return max(at, stretch.start) + seconds
            seconds -= max(0, room)
        return None

    def worked(self, at: int, seconds: int) -> list[Stretch]:
        """When work that begins then is done, as far as it is within the weeks to come."""
        found: list[Stretch] = []
        for start, end in self.stretches[max(0, bisect_right(self.starts, at) - 1) :]:
            if seconds <= 0:
                break
            begun = max(at, start)
            if (done := min(end, begun + seconds)) > begun:
                found.append(Stretch(begun, done))
                seconds -= done - begun
        return found

    def before(self, until: int, seconds: int) -> int | None:
        """The last instant at which work may begin so that it is done in time."""
        for stretch in reversed(self.stretches[: bisect_left(self.starts, until)]):
            room = min(until, stretch.end) - stretch.start
            if room >= seconds:
                return min(until, stretch.end) - seconds
            seconds -= max(0, room)
        return None

    def without(self, slots: Collection[int], length: int) -> "Calendar":
        """The same without slots that are full, each told by its beginning."""
        kept = list(self.stretches)
        for slot in slots:
            kept = [part for one in kept for part in _cut(one, slot, slot + length)]
        return Calendar.of(kept)


def _cut(stretch: Stretch, start: int, end: int) -> list[Stretch]:
    if end <= stretch.start or stretch.end <= start:
        return [stretch]
    parts = (Stretch(stretch.start, start), Stretch(end, stretch.end))
    return [part for part in parts if part.start < part.end]


class Day(NamedTuple):
    """A local day on which something is delivered, and from when to when."""

    date: date
    start: int
    end: int


def calendar(hours: Hours, now: int) -> Calendar:
    """When it is open in the weeks around an instant."""
    return _calendar(hours, now // DAY)


def days(hours: Hours, now: int) -> tuple[Day, ...]:
    """The days on which it is open in the weeks around an instant."""
    return _days(hours, now // DAY)


def visits(hours: Hours, now: int) -> Calendar:
    """When somebody comes in the weeks around an instant: as each period begins.

    One that goes on for more than a day begins with each of its days.
    """
    return _visits(hours, now // DAY)


def local_date(at: int, zone: str) -> date:
    """The local day of an instant."""
    return datetime.fromtimestamp(at, ZoneInfo(zone)).date()


@lru_cache(maxsize=8192)
def _calendar(hours: Hours, today: int) -> Calendar:
    start = datetime.fromtimestamp((today - BEFORE) * DAY, UTC)
    opened = hours.open_between(start, start + timedelta(days=BEFORE + HORIZON))
    return Calendar.of([Stretch(int(one.timestamp()), int(end.timestamp())) for one, end in opened])


@lru_cache(maxsize=8192)
def _by_day(hours: Hours, today: int) -> tuple[Day, ...]:
    """Its stretches, each with its day; what goes on for more than a day is one of each day."""
    zone = ZoneInfo(hours.time_zone)
    found: list[Day] = []
    for start, end in _calendar(hours, today).stretches:
        begun, lasting = start, end - start > DAY
        while begun < end:
            day = local_date(begun, hours.time_zone)
            midnight = datetime.combine(day + timedelta(days=1), time(), zone)
            until = min(end, int(midnight.timestamp())) if lasting else end
            found.append(Day(day, begun, until))
            begun = until
    return tuple(found)


@lru_cache(maxsize=8192)
def _days(hours: Hours, today: int) -> tuple[Day, ...]:
    found: dict[date, Day] = {}
    for one in _by_day(hours, today):
        first = found.setdefault(one.date, one)
        found[one.date] = first._replace(end=one.end)
    return tuple(found.values())


@lru_cache(maxsize=8192)
def _visits(hours: Hours, today: int) -> Calendar:
    return Calendar.of([Stretch(one.start, one.end) for one in _by_day(hours, today)])
