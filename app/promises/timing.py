"""When does a shipment arrive, and until when can it be ordered so? Seconds since 1970."""

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
    day of collection in `zone`.
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
        day, order_by = (
            local_date(collected, self.zone),
            self.work.before(collected, self.preparation),
        )
        same_day = self.transit[0] == 0
        coming = [one for one in self.delivers if one.date > day or (same_day and one.date == day)]
        fewest, most = (max(0, count - 1) for count in self.transit)
        if most >= len(coming) or order_by is None:
            return None
        end = coming[most].end
        return Timed(end, collected, coming[fewest].start, end, order_by)


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
