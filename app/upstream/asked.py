"""What is said of values that were asked for? A read that has begun, until it is answered."""

from collections import Counter
from collections.abc import Collection, Generator, Hashable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct, field

from app.upstream.flights import Flight, landed
from app.upstream.readings import NEVER, Brought, Inquiry, Kept, Reading, Wish, before
from app.upstream.report import Freshness
from app.upstream.rows import NONE, Shelf, Shelves

if TYPE_CHECKING:
    from app.upstream.shelves import ShelfReader

R = TypeVar("R", bound=Hashable)
C = TypeVar("C", bound=Hashable)
V = TypeVar("V")
Before = Mapping[R, Mapping[C, Kept[V]]]
MOMENT, OBSERVED_AT = attrgetter("moment"), attrgetter("moment.observed_at")
LIVE, CACHED, STALE, UNKNOWN = Freshness
Said = tuple[Freshness, datetime | None]
"""How a value came, and when it was true."""
NOTHING: Said = (UNKNOWN, None)


class Asked(Struct, Generic[R, C, V], eq=False):
    """A read that has begun. `fresh` are the shelves that need no further thought."""

    reader: "ShelfReader[R, C, V]"
    rows: Collection[R]
    columns: tuple[C, ...]
    inquiry: Inquiry
    wish: Wish
    fresh: Shelves[R, V]
    _before: Before[R, C, V]
    _missing: Mapping[R, tuple[C, ...]]
    _aging: Mapping[R, tuple[C, ...]]
    _brought: Before[R, C, V]
    _flights: Collection[Flight] = ()
    _true_since: datetime = NEVER
    _useful_since: datetime = NEVER
    _known: dict[int, "Said"] = field(default_factory=dict)

    def __await__(self) -> Generator[Any, None, Shelves[R, V]]:
        return self._answer().__await__()

    @property
    def waits(self) -> bool:
        """Whether something is to be waited for."""
        return bool(self._flights)

    def begin(self) -> None:
        """Look at each value of what is not fresh as a whole, and ask for what is too old.

        What is only aging is asked for behind the caller's back, in a call of its own: the caller
        waits for what is missing and for nothing else.
        """
        fresh = self.fresh
        missing = [row for row in self.rows if row not in fresh] if fresh else self.rows
        self._before = self.reader.rows.of(missing)
        if self.reader.newest <= self.wish.served_since:
            self._missing = dict.fromkeys(self._before, self.columns) if self.columns else NONE
        else:
            self._look()
        self._flights = self.reader.flights.start(self._missing)
        if self._aging:
            self.reader.flights.start(self._aging)

    def _look(self) -> None:
        """Find what must be asked for, and what should be."""
        served, read = self.wish.served_since, self.wish.read_since
        missing: dict[R, tuple[C, ...]] = {}
        aging: dict[R, tuple[C, ...]] = {}
        for row, known in self._before.items():
            kept = list(map(known.get, self.columns))
            if None not in kept and min(map(OBSERVED_AT, kept), default=read) > read:
                continue
            absent, old = [], []
            for column, one in zip(self.columns, kept, strict=True):
                if one is None or one.moment.observed_at <= served:
                    absent.append(column)
                elif one.moment.observed_at <= read:
                    old.append(column)
            if absent:
                missing[row] = tuple(absent)
            if old:
                aging[row] = tuple(old)
        self._missing, self._aging = missing, aging

    async def _answer(self) -> Shelves[R, V]:
        brought: list[Brought[R, C, V]] = []
        if self._flights:
            brought, error = await landed(self._flights, self.inquiry.deadline)
            if error is not None:
                self.inquiry.report.failed(self.reader.health.connection, error)
        if self.fresh:
            values = len(self.fresh) * len(self.columns)
            self.reader.count(CACHED, values, self.fresh.as_of, self.inquiry.report)
            self._told_since(self.fresh)
        if len(self.fresh) == len(self.rows):
            return self.fresh
        self._true_since = before(self.reader.health.now(), self.wish.ages.stale_after)
        long_ago = before(self.wish.now, self.wish.ages.error_for)
        self._useful_since = min(long_ago, self.wish.waiting_since)
        told = self._as_told(*brought) if len(self._flights) == len(brought) == 1 else None
        if told is None:
            self._brought = _joined(brought)
            told = self._others()
        others = Shelves(told)
        self._told_since(others)
        if not self.fresh:
            return others
        return Shelves({row: self.fresh.get(row) or others[row] for row in self.rows})

    def _told_since(self, shelves: Shelves[R, V]) -> None:
        """Tell the report since when all of this has been known."""
        if shelves and self.columns:
            source, port = self.reader.health.connection, self.reader.port
            self.inquiry.report.read_before(source, port, shelves.read_at)

    def _as_told(self, brought: Brought[R, C, V]) -> dict[R, Shelf[V]] | None:
        """What one call has just told of all rows that were not fresh; None if it is not as simple.

        That is: if they were not asked for in full, it told of several moments, or of an old one.
        """
        moment, columns = brought.moment, self.columns
        asked = sum(map(len, self._missing.values()))
        if moment is None or asked < len(self._before) * len(columns):
            return None
        if moment.observed_at < self.wish.now:
            return None
        freshness = STALE if moment.as_of < self._true_since else LIVE
        source, as_of, read_at = self.reader.health.connection, moment.as_of, moment.observed_at
        shelves = {}
        for row in self._before:
            told = brought.rows[row]
            readings = [Reading(told[one].value, as_of, freshness, source) for one in columns]
            shelves[row] = Shelf(tuple(readings), read_at, as_of)
        self.reader.count(freshness, asked, as_of, self.inquiry.report)
        return shelves

    def _others(self) -> dict[R, Shelf[V]]:
        """What is known now of the rows that were not fresh as a whole; it is counted."""
        source = self.reader.health.connection
        shelves, came = {}, list[Said]()
        for row, was in self._before.items():
            kept = self._kept(row, was)
            said = self._said(row, was, kept)
            readings = [
                Reading(None, None, UNKNOWN, source)
                if one is None or freshness is UNKNOWN
                else Reading(one.value, as_of, freshness, source)
                for one, (freshness, as_of) in zip(kept, said, strict=True)
            ]
            moments = {id(one.moment): one.moment for one in kept if one is not None}.values()
            shelves[row] = shelf = Shelf(
                tuple(readings),
                min((one.observed_at for one in moments), default=self.wish.now),
                min((one.as_of for one in moments), default=self.wish.now),
            )
            came += said
            if moments and all(freshness is CACHED for freshness, _ in said):
                self._shelve(row, was, shelf)
        told = dict(zip(map(id, came), came, strict=True))  # few, where the values are many
        for one, count in Counter(map(id, came)).items():
            freshness, as_of = told[one]
            self.reader.count(freshness, count, as_of, self.inquiry.report)
        return shelves

    def _kept(self, row: R, was: Mapping[C, Kept[V]]) -> list[Kept[V] | None]:
        """What was asked for is as it is now, or was when it came, if there was no room for it.

        Everything else is as it was before.
        """
        known, missing = self.reader.rows.row(row), self._missing.get(row, ())
        if (told := self._brought.get(row)) is not None and not told.keys() <= known.keys():
            known = {**told, **known}
        if len(missing) == len(self.columns):
            return list(map(known.get, self.columns))
        return [(known if column in missing else was).get(column) for column in self.columns]

    def _said(self, row: R, was: Mapping[C, Kept[V]], kept: Sequence[Kept[V] | None]) -> list[Said]:
        """How the values of a row came; the same for all of a moment, unless only some were asked.

        Whether they were asked for in vain shows in their moment, too: it was there before.
        """
        missing, aging = self._missing.get(row, ()), self._aging.get(row, ())
        pairs = zip(self.columns, kept, strict=True)
        if {len(missing), len(aging)} - {0, len(self.columns)}:
            return [self._judged(row, was, column, one) for column, one in pairs]
        known, kind = self._known, 2 * bool(missing) + bool(aging)
        said = []
        for column, one in pairs:
            key = 0 if one is None else 4 * id(one.moment) + kind
            if (found := known.get(key)) is None:
                found = known[key] = self._judged(row, was, column, one)
            said.append(found)
        return said

    def _judged(self, row: R, was: Mapping[C, Kept[V]], column: C, kept: Kept[V] | None) -> Said:
        """How a value came; it was asked for in vain if it is what was there before."""
        if kept is None or (moment := kept.moment).observed_at < self._useful_since:
            return NOTHING
        asked = column in self._missing.get(row, ())
        in_vain = asked and kept is was.get(column)
        outdated = moment.as_of < self._true_since or column in self._aging.get(row, ())
        if outdated or in_vain:
            return STALE, moment.as_of
        since = min(self.wish.now, self.wish.waiting_since) if asked else self.wish.waiting_since
        return LIVE if moment.observed_at >= since else CACHED, moment.as_of

    def _shelve(self, row: R, was: Mapping[C, Kept[V]], shelf: Shelf[V]) -> None:
        """Keep a shelf, unless something newer came while its reader waited, or it has no room."""
        now, missing = self.reader.rows.row(row), self._missing.get(row, ())
        if all(
            column in now and (column in missing or now[column] is was.get(column))
            for column in self.columns
        ):
            self.reader.rows.shelve(row, self.columns, shelf)


def _joined(brought: Sequence[Brought[R, C, V]]) -> Before[R, C, V]:
    """What several calls brought."""
    rows: dict[R, Mapping[C, Kept[V]]] = {}
    for one in brought:
        for row, told in one.rows.items():
            rows[row] = {**rows[row], **told} if row in rows else told
    return rows
