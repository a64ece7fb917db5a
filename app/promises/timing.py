"""When does a shipment arrive, and until when can it be ordered so? Seconds since 1970."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple

from app.promises.calendars import Calendar, Day, local_date

QUARTER = 900  # seconds; a time at a counter is told in quarters of an hour


class Timed(NamedTuple):
    """When a shipment goes and arrives; `order_by` is the last moment to order it so.

    `soonest` is when everything could be there, `latest` when it is told to be.
    """

    soonest: int
    collected_at: int | None
    earliest: int
    latest: int
    order_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """How something is put together, collected and delivered.

    `preparation` in seconds of `work`; `transit` the fewest and the most days of delivery after the
    day of collection in `zone`, which is 0 itself as long as something is delivered on it.
    """

    preparation: int
    work: Calendar
    collects: Calendar
    delivers: tuple[Day, ...]
    transit: tuple[int, int]
    zone: str

    def timed(self, now: int) -> Timed | None:
        """Ready, then the next van, then the days it takes; None: not in the weeks to come."""
        ready = self.work.after(now, self.preparation)
        collected = None if ready is None else self.collects.next_start(ready)
        if collected is None:
            return None
        order_by = self.work.before(collected, self.preparation)
        first, last = (self._arrives(collected, count) for count in self.transit)
        if first is None or last is None or order_by is None:
            return None
        return Timed(last.end, collected, first.start, last.end, order_by)

    def _arrives(self, collected: int, count: int) -> Day | None:
        """The day of delivery so many after that of collection; on that one, what is left of it."""
        today = local_date(collected, self.zone)
        later = bisect_right(self.delivers, today, key=lambda one: one.date)
        if count == 0 and later > 0:
            one = self.delivers[later - 1]
            if one.date == today and one.end > collected:
                return one._replace(start=max(one.start, collected))
        coming = self.delivers[later:]
        return coming[max(0, count - 1)] if max(1, count) <= len(coming) else None


def at_counter(now: int, preparation: int, work: Calendar, *, holds: int) -> Timed | None:
    """Told to be there at a quarter of an hour that is open, and true for some seconds."""
    ready = work.after(now, preparation)
    if ready is None:
        return None
    soonest, told = (work.next_moment(-(-at // QUARTER) * QUARTER) for at in (ready, ready + holds))
    order_by = None if told is None else work.before(told, preparation)
    if soonest is None or told is None or order_by is None:
        return None
    return Timed(soonest, None, told, told, order_by)
