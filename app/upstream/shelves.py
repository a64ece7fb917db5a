"""Which values stand together, and need we ask for them? Readers of many values a row.

All that is known of one SKU at several locations is one row, and a `Shelf` is what a row says of
some columns. A shelf that is fresh is given to everybody as it is, with whatever was made of it.
"""

from collections import Counter
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Generator,
    Hashable,
    Mapping,
)
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import Any, Generic, TypeVar

from app.errors import UpstreamBroken
from app.upstream.asking import asked
from app.upstream.flights import Flight, Flights, landed
from app.upstream.health import Health
from app.upstream.readings import (
    Cells,
    FetchedRows,
    FreshnessPolicy,
    Inquiry,
    Kept,
    Reading,
    Wish,
    before,
)
from app.upstream.report import Freshness, Report
from app.upstream.rows import NONE, Rows, Shelf

R = TypeVar("R", bound=Hashable)
C = TypeVar("C", bound=Hashable)
V = TypeVar("V")
Fetch = Callable[[Cells[R, C]], Awaitable[FetchedRows[R, C, V]]]
Before = Mapping[R, Mapping[C, Kept[V]]]
AS_OF, READ_AT = attrgetter("as_of"), attrgetter("read_at")
FRESHNESS = attrgetter("freshness")
LIVE, CACHED, STALE, UNKNOWN = Freshness
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class ShelfReader(Generic[R, C, V]):
    """Reads one port of one connection. `timeout` bounds a whole port call, all its pages."""

    port: str
    fetch: Fetch[R, C, V]
    policy: FreshnessPolicy
    health: Health
    timeout: timedelta
    flights: Flights[R, C] = field(init=False)
    rows: Rows[R, C, V] = field(init=False)
    newest: datetime = NEVER  # when anything that is kept was read last

    def __post_init__(self) -> None:
        self.flights = Flights(self._ask, f"read {self.port}")
        self.rows = Rows(self.policy.capacity)

    def read(
        self,
        rows: Collection[R],
        columns: tuple[C, ...],
        inquiry: Inquiry,
        *,
        max_age: timedelta | None = None,
    ) -> "Asked[R, C, V]":
        """Begin to read: the calls that are needed are under way before anybody waits.

        To be awaited: a shelf for every row. Upstream failures are reported, never raised.
        """
        wish = Wish.of(self.health.now(), self.policy, max_age)
        fresh = self._fresh(rows, columns, wish)
        asked = Asked(self, rows, columns, inquiry, wish, fresh, NONE, NONE, NONE)
        if len(fresh) < len(rows):
            asked.begin()
        return asked

    def _fresh(self, rows: Collection[R], columns: tuple[C, ...], wish: Wish) -> dict[R, Shelf[V]]:
        """The shelves that need no further thought."""
        read_since, true_since = wish.read_since, before(wish.now, wish.stale_after)
        known = self.rows.shelves(columns).get
        fresh = {
            row: shelf
            for row in rows
            if (shelf := known(row)) is not None
            and shelf.read_at > read_since
            and shelf.as_of >= true_since
        }
        self.rows.used(fresh)
        return fresh

    def keep(self, fetched: FetchedRows[R, C, V], wanted: Mapping[R, tuple[C, ...]] = NONE) -> None:
        """Keep what a call brought; a wanted cell that it did not bring is known to be absent.

        Raises:
            UpstreamBroken: rows could not be understood, and wanted cells are missing that may be
                among them. What was understood is kept.
        """
        read_at = self.health.now()
        self.newest = max(self.newest, read_at)
        for row, told in fetched.rows.items():
            self.rows.put(row, self._kept(told, read_at, fetched.read_at.get(row, read_at)))
        missing = {
            row: absent
            for row, columns in wanted.items()
            if (absent := _absent(columns, fetched.rows.get(row)))
        }
        if rejected := list(fetched.rejected):
            self.health.rejected(
                operation=self.port,
                references=[row.reference for row in rejected],
                reason=rejected[0].reason,
            )
            if missing:
                raise UpstreamBroken(f"{len(rejected)} of its rows could not be understood")
        nothing: Kept[V] = Kept(None, self.health.truthful(fetched.as_of, read_at), read_at)
        for row, columns in missing.items():
            self.rows.put(row, dict.fromkeys(columns, nothing))

    def _kept(
        self, told: Mapping[C, tuple[V, datetime]], heard: datetime, read_at: datetime
    ) -> dict[C, Kept[V]]:
        """The values of one row as they are kept; most often all are of one moment."""
        kept, said, true = {}, None, heard
        for column, (value, as_of) in told.items():
            if as_of is not said:
                said, true = as_of, self.health.truthful(as_of, heard)
            kept[column] = Kept(value, true, read_at)
        return kept

    def count(self, freshness: Freshness, values: int, as_of: datetime | None, to: Report) -> None:
        """Tell the report and the books how some values came."""
        to.read(self.health.connection, self.port, freshness, as_of)
        self.health.readings[self.port, freshness] += values

    async def _ask(self, cells: Cells[R, C]) -> None:
        fetched = await asked(
            self.health.connection, partial(self.fetch, cells), within=self.timeout
        )
        self.keep(fetched, cells.by_row)


@dataclass(slots=True)
class Asked(Generic[R, C, V]):
    """A read that has begun. `fresh` are the shelves that need no further thought."""

    reader: ShelfReader[R, C, V]
    rows: Collection[R]
    columns: tuple[C, ...]
    inquiry: Inquiry
    wish: Wish
    fresh: dict[R, Shelf[V]]
    _before: Before[R, C, V]
    _missing: Mapping[R, tuple[C, ...]]
    _aging: Mapping[R, tuple[C, ...]]
    _flights: Collection[Flight] = ()

    def __await__(self) -> Generator[Any, None, Mapping[R, Shelf[V]]]:
        return self._answer().__await__()

    def begin(self) -> None:
        """Look at each value of what is not fresh as a whole, and ask for what is too old.

        What is only aging is asked for behind the caller's back, in a call of its own: the caller
        waits for what is missing and for nothing else.
        """
        kept = self.reader.rows.row
        self._before = {row: kept(row) for row in self.rows if row not in self.fresh}
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
            absent, old = [], []
            for column in self.columns:
                one = known.get(column)
                if one is None or one.observed_at <= served:
                    absent.append(column)
                elif one.observed_at <= read:
                    old.append(column)
            if absent:
                missing[row] = tuple(absent)
            if old:
                aging[row] = tuple(old)
        self._missing, self._aging = missing, aging

    async def _answer(self) -> Mapping[R, Shelf[V]]:
        if self._flights:
            error = await landed(self._flights, self.inquiry.deadline)
            if error is not None:
                self.inquiry.report.failed(self.reader.health.connection, error)
        if self.fresh:
            oldest = min(map(AS_OF, self.fresh.values()))
            values = len(self.fresh) * len(self.columns)
            self.reader.count(CACHED, values, oldest, self.inquiry.report)
            self._told_since(self.fresh)
        if len(self.fresh) == len(self.rows):
            return self.fresh
        others = self._others()
        self._count([reading for shelf in others.values() for reading in shelf.readings])
        self._told_since(others)
        return {row: self.fresh.get(row) or others[row] for row in self.rows}

    def _told_since(self, shelves: Mapping[R, Shelf[V]]) -> None:
        """Tell the report since when all of this has been known."""
        if shelves and self.columns:
            source, port = self.reader.health.connection, self.reader.port
            since = min(map(READ_AT, shelves.values()))
            self.inquiry.report.read_before(source, port, since)

    def _others(self) -> dict[R, Shelf[V]]:
        """What is known now of the rows that were not fresh as a whole."""
        true_since = before(self.reader.health.now(), self.wish.stale_after)
        useful_since = before(self.wish.now, self.wish.error_for)
        return {
            row: self._shelf(row, was, true_since, useful_since)
            for row, was in self._before.items()
        }

    def _shelf(
        self, row: R, was: Mapping[C, Kept[V]], true_since: datetime, useful_since: datetime
    ) -> Shelf[V]:
        """What was asked for is as it is now, everything else as it was before."""
        source, now = self.reader.health.connection, self.wish.now
        known, missing = self.reader.rows.row(row), self._missing.get(row, ())
        aging = self._aging.get(row, ())
        readings: list[Reading[V]] = []
        read_at = as_of = None
        for column in self.columns:
            old, asked = was.get(column), column in missing
            if (one := known.get(column) if asked else old) is None:
                readings.append(Reading(None, None, UNKNOWN, source))
                continue
            true, read = one.as_of, one.observed_at
            if read is not read_at and (read_at is None or read < read_at):
                read_at = read
            if true is not as_of and (as_of is None or true < as_of):
                as_of = true
            if read < useful_since:
                readings.append(Reading(None, None, UNKNOWN, source))
            elif (asked and one is old) or true < true_since or column in aging:
                readings.append(Reading(one.value, true, STALE, source))
            else:
                freshness = LIVE if asked and read >= now else CACHED
                readings.append(Reading(one.value, true, freshness, source))
        shelf = Shelf(tuple(readings), read_at or now, as_of or now)
        if read_at is not None and all(one.freshness is CACHED for one in readings):
            self._shelve(row, was, shelf)
        return shelf

    def _shelve(self, row: R, was: Mapping[C, Kept[V]], shelf: Shelf[V]) -> None:
        """Keep a shelf, unless something newer came while its reader waited."""
        now, missing = self.reader.rows.row(row), self._missing.get(row, ())
        if all(column in missing or now.get(column) is was.get(column) for column in self.columns):
            self.reader.rows.shelve(row, self.columns, shelf)

    def _count(self, readings: list[Reading[V]]) -> None:
        """Once for each freshness and not for each value."""
        for freshness, count in Counter(map(FRESHNESS, readings)).items():
            times = (one.as_of for one in readings if one.freshness is freshness and one.as_of)
            self.reader.count(freshness, count, min(times, default=None), self.inquiry.report)


def _absent(columns: tuple[C, ...], told: Mapping[C, object] | None) -> tuple[C, ...]:
    """The columns that were not told."""
    return columns if told is None else tuple(one for one in columns if one not in told)
