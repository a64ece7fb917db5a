"""Where does the reading of a marketplace go on? Behind the last page, or a little before its end.

A cursor is the vendor's; what it stands for is not ours to know. So an overlap is made of the ends
of earlier rounds: the next round begins at the latest one that is as old as the overlap.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from app.ports import MarketOrderPage

LONGEST_TRAIL = 200
End = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Place:
    """A cursor, and the ends of earlier rounds with their times."""

    cursor: str | None
    trail: tuple[End, ...] = ()

    @classmethod
    def of(cls, row: Any) -> Self:
        """The place that is kept."""
        ends = tuple((datetime.fromisoformat(at), cursor) for at, cursor in row.trail)
        return cls(row.cursor, ends)

    def after(self, page: MarketOrderPage, now: datetime, *, overlap: timedelta) -> "Place":
        """The place behind a page; at the end of a round, that of the next one."""
        if page.more:
            return Place(page.cursor, self.trail)
        trail = [*self.trail, (now, page.cursor)][-LONGEST_TRAIL:]
        while len(trail) > 1 and trail[1][0] <= now - overlap:
            del trail[0]
        return Place(trail[0][1], tuple(trail))

    @property
    def row(self) -> dict[str, Any]:
        """As it is kept."""
        ends = [[at.isoformat(), cursor] for at, cursor in self.trail]
        return {"cursor": self.cursor, "trail": ends}
