"""When can an appointment begin? On the clock of the store, while it is open for all of it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from app.appointments.model import GRAIN, Offer
from app.locations.hours import Hours

DAY = timedelta(days=1)


def day_between(hours: Hours, first: date, days: int = 1) -> tuple[int, int]:
    """When local days begin and end, as seconds since 1970: as long as they are, by their clocks.

    Raises:
        OverflowError: it is no time that a clock could show.
        ValueError: as above.
    """
    zone = ZoneInfo(hours.time_zone)
    begins = datetime.combine(first, time(), zone)
    ends = datetime.combine(first + timedelta(days=days), time(), zone)
    return int(begins.timestamp()), int(ends.timestamp())


def starts(offer: Offer, begins: int, ends: int) -> Iterator[int]:
    """Every time at which one can begin, from one time to before another."""
    zone = ZoneInfo(offer.hours.time_zone)
    for opens, closes in opened(offer.hours, begins, ends + offer.length):
        first = -(-max(opens, begins) // GRAIN) * GRAIN
        for start in range(first, min(ends, closes - offer.length + 1), GRAIN):
            if on_the_clock(start, zone, offer.step):
                yield start


def fits(offer: Offer, start: int) -> bool:
    """Whether the store is open for all of it."""
    end = start + offer.length
    return (start, end) in opened(offer.hours, start, end)


def on_the_clock(at: int, zone: ZoneInfo, step: int) -> bool:
    """Whether the minutes of local time are a multiple of the step."""
    local = datetime.fromtimestamp(at, zone)
    return at % GRAIN == 0 and local.minute % step == 0


def opened(hours: Hours, begins: int, ends: int) -> list[tuple[int, int]]:
    """Stretches between two times in which it is open throughout, in order."""
    first, last = hours.today(instant(begins)), hours.today(instant(ends))
    days = _opened(hours, first, last)
    within = ((max(begins, opens), min(ends, closes)) for opens, closes in days)
    return [(opens, closes) for opens, closes in within if opens < closes]


@lru_cache(maxsize=4096)
def _opened(hours: Hours, first: date, last: date) -> tuple[tuple[int, int], ...]:
    """The same of whole days: asked from within an hour that comes twice, the hours are wrong."""
    begins, ends = day_between(hours, first - DAY, (last - first).days + 3)
    found: list[tuple[int, int]] = []
    told = hours.open_between(instant(begins), instant(ends))
    for opens, closes in ((int(one.timestamp()), int(end.timestamp())) for one, end in told):
        if found and opens <= found[-1][1]:
            found[-1] = (found[-1][0], max(closes, found[-1][1]))
        else:
            found.append((opens, closes))
    return tuple(found)


def instant(at: int) -> datetime:
    """The time of seconds since 1970."""
    return datetime.fromtimestamp(at, UTC)
