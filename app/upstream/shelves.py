"""Which values stand together, and need we ask for them? Readers of many values a row.

All that is known of one SKU at several locations is one row, and a `Shelf` is what a row says of
some columns. A shelf that is fresh is given to everybody as it is, with whatever was made of it.
"""

from collections import Counter, OrderedDict
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Generator,
    Hashable,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import Any, Generic, TypeVar

from app.errors import UpstreamBroken
from app.upstream.asking import asked
from app.upstream.flights import Flight, Flights, landed
from app.upstream.health import Health
from app.upstream.readings import (
    Faces,
    Fetched,
    FreshnessPolicy,
    Inquiry,
    Kept,
    Reading,
    Wish,
    before,
)
from app.upstream.report import Freshness, Report

R = TypeVar("R", bound=Hashable)
C = TypeVar("C", bound=Hashable)
V = TypeVar("V")
Fetch = Callable[[Collection[tuple[R, C]]], Awaitable[Fetched[tuple[R, C], V]]]
Before = Mapping[tuple[R, C], Kept[V] | None]
AS_OF = attrgetter("as_of")
CACHED = Freshness.CACHED
MOST_SHELVES = 4  # of one row: choices of columns that are asked for again and again


@dataclass(frozen=True, slots=True)
class Shelf(Generic[V]):
    """Readings of one row, in the order of the columns that were asked for.

    `read_at` is when the first of them was read, `as_of` the oldest of their times.
    """

    readings: tuple[Reading[V], ...]
    read_at: datetime
    as_of: datetime | None
    faces: Faces = field(default_factory=Faces, compare=False, repr=False)


@dataclass(slots=True)
class _Row(Generic[C, V]):
    """Everything kept of one row; `shelves` are made of it and fall with its first change."""

    values: dict[C, Kept[V]] = field(default_factory=dict)
    shelves: dict[tuple[C, ...], Shelf[V]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class ShelfReader(Generic[R, C, V]):
    """Reads one port of one connection. `timeout` bounds a whole port call, all its pages."""

    port: str
    fetch: Fetch[R, C, V]
    policy: FreshnessPolicy
    health: Health
    timeout: timedelta
    flights: Flights[tuple[R, C]] = field(init=False)
    _rows: OrderedDict[R, _Row[C, V]] = field(default_factory=OrderedDict)
    _size: int = 0
    _shelved: int = 0
    _source: str = field(init=False)

    def __post_init__(self) -> None:
        self.flights = Flights(self._ask, f"read {self.port}")
        self._source = self.health.connection

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
        read_since, true_since = wish.read_since, before(wish.now, wish.stale_after)
        known = self._rows.get
        fresh: dict[R, Shelf[V]] = {}
        for row in rows:
            kept = known(row)
            shelf = None if kept is None else kept.shelves.get(columns)
            if shelf is not None and shelf.read_at > read_since and AS_OF(shelf) >= true_since:
                fresh[row] = shelf
        self._used(fresh)
        asked = Asked(self, rows, columns, inquiry, wish, fresh)
        if len(fresh) < len(rows):
            asked.begin()
        return asked

    def kept(self, row: R, column: C) -> Kept[V] | None:
        """What is kept of one value."""
        found = self._rows.get(row)
        return None if found is None else found.values.get(column)

    def shelve(self, row: R, columns: tuple[C, ...], shelf: Shelf[V]) -> None:
        """Give this shelf to whoever asks for the same while it is fresh."""
        if len(self._rows[row].shelves) >= MOST_SHELVES:
            self._clear(self._rows[row])
        self._rows[row].shelves[columns] = shelf
        self._shelved += len(columns)
        if 2 * self._shelved > self.policy.capacity:
            self._make_room()

    def keep(self, fetched: Fetched[tuple[R, C], V], wanted: Iterable[tuple[R, C]] = ()) -> None:
        """Keep what a call brought; a wanted key that it did not bring is known to be absent.

        Raises:
            UpstreamBroken: rows could not be understood, and wanted keys are missing that may be
                among them. What was understood is kept.
        """
        read_at, truthful = self.health.now(), self.health.truthful
        for key, (value, as_of) in fetched.values.items():
            moment = fetched.read_at.get(key, read_at)
            self._put(key, Kept(value, truthful(as_of, read_at), moment))
        missing = [key for key in wanted if key not in fetched.values]
        if rejected := list(fetched.rejected):
            self.health.rejected(
                operation=self.port,
                references=[row.reference for row in rejected],
                reason=rejected[0].reason,
            )
            if missing:
                raise UpstreamBroken(f"{len(rejected)} of its rows could not be understood")
        absent_as_of = truthful(fetched.as_of, read_at)
        for key in missing:
            self._put(key, Kept(None, absent_as_of, read_at))

    def _make_room(self) -> None:
        """Shelves can be made again: half of them go, from the rows that are the oldest."""
        for row in self._rows.values():
            if 4 * self._shelved <= self.policy.capacity:
                return
            self._clear(row)

    def _clear(self, row: _Row[C, V]) -> None:
        if row.shelves:
            self._shelved -= sum(map(len, row.shelves))
            row.shelves.clear()

    def _put(self, key: tuple[R, C], value: Kept[V]) -> None:
        name, column = key
        row = self._rows.get(name)
        if row is None:
            row = self._rows[name] = _Row()
        self._size += column not in row.values
        row.values[column] = value
        self._clear(row)
        self._rows.move_to_end(name)
        while self._size > self.policy.capacity:
            _, oldest = self._rows.popitem(last=False)
            self._size -= len(oldest.values)
            self._clear(oldest)

    def _used(self, rows: Iterable[R]) -> None:
        """What is used stays longest, once it is clear that not everything can."""
        if 2 * self._size > self.policy.capacity:
            for row in rows:
                self._rows.move_to_end(row)

    def count(self, freshness: Freshness, values: int, as_of: datetime | None, to: Report) -> None:
        """Tell the report and the books how some values came."""
        to.read(self._source, self.port, freshness, as_of)
        self.health.readings[self.port, freshness] += values

    async def _ask(self, keys: list[tuple[R, C]]) -> None:
        fetched = await asked(self._source, partial(self.fetch, keys), within=self.timeout)
        self.keep(fetched, keys)


@dataclass(slots=True)
class Asked(Generic[R, C, V]):
    """A read that has begun. `fresh` are the shelves that need no further thought."""

    reader: ShelfReader[R, C, V]
    rows: Collection[R]
    columns: tuple[C, ...]
    inquiry: Inquiry
    wish: Wish
    fresh: dict[R, Shelf[V]]
    _before: Before[R, C, V] = field(default_factory=dict)
    _missing: Mapping[tuple[R, C], Flight] = field(default_factory=dict)
    _aging: Mapping[tuple[R, C], Flight] = field(default_factory=dict)

    def __await__(self) -> Generator[Any, None, Mapping[R, Shelf[V]]]:
        return self._answer().__await__()

    def begin(self) -> None:
        """Look at each value of what is not fresh as a whole, and ask for what is too old.

        What is only aging is asked for behind the caller's back, in a call of its own: the caller
        waits for what is missing and for nothing else.
        """
        others = [row for row in self.rows if row not in self.fresh]
        keys = [(row, column) for row in others for column in self.columns]
        self._before = {key: self.reader.kept(*key) for key in keys}
        missing, aging = [], []
        for key, kept in self._before.items():
            if kept is None or kept.observed_at <= self.wish.served_since:
                missing.append(key)
            elif kept.observed_at <= self.wish.read_since:
                aging.append(key)
        self._missing = self.reader.flights.start(missing)
        self._aging = self.reader.flights.start(aging)

    async def _answer(self) -> Mapping[R, Shelf[V]]:
        if self._missing:
            error = await landed(self._missing.values(), self.inquiry.deadline)
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
        self._count(reading for shelf in others.values() for reading in shelf.readings)
        self._told_since(others)
        return {row: self.fresh.get(row) or others[row] for row in self.rows}

    def _told_since(self, shelves: Mapping[R, Shelf[V]]) -> None:
        """Tell the report since when all of this has been known."""
        if shelves and self.columns:
            source, port = self.reader.health.connection, self.reader.port
            since = min(shelf.read_at for shelf in shelves.values())
            self.inquiry.report.read_before(source, port, since)

    def _others(self) -> dict[R, Shelf[V]]:
        """What is known now of the rows that were not fresh as a whole."""
        true_since = before(self.reader.health.now(), self.wish.stale_after)
        shelves = {}
        for row in dict.fromkeys(row for row in self.rows if row not in self.fresh):
            kept = [self._kept((row, column)) for column in self.columns]
            readings = [
                self._reading((row, column), one, true_since)
                for column, one in zip(self.columns, kept, strict=True)
            ]
            known = [one for one in kept if one is not None]
            shelf = shelves[row] = Shelf(
                tuple(readings),
                min((one.observed_at for one in known), default=self.wish.now),
                min(map(AS_OF, known), default=None),
            )
            if known and all(reading.freshness is CACHED for reading in readings):
                self._shelve(row, shelf, kept)
        return shelves

    def _shelve(self, row: R, shelf: Shelf[V], kept: Sequence[Kept[V] | None]) -> None:
        """Keep a shelf, unless something newer came while its reader waited."""
        now = [self.reader.kept(row, column) for column in self.columns]
        if all(one is was for one, was in zip(now, kept, strict=True)):
            self.reader.shelve(row, self.columns, shelf)

    def _kept(self, key: tuple[R, C]) -> Kept[V] | None:
        """What was asked for is as it is now, everything else as it was before."""
        return self.reader.kept(*key) if key in self._missing else self._before[key]

    def _reading(self, key: tuple[R, C], kept: Kept[V] | None, true_since: datetime) -> Reading[V]:
        source = self.reader.health.connection
        if kept is None or self.wish.now - kept.observed_at > self.wish.error_for:
            return Reading(None, None, Freshness.UNKNOWN, source)
        asked = key in self._missing
        in_vain = asked and kept is self._before[key]
        if in_vain or kept.as_of < true_since or key in self._aging:
            freshness = Freshness.STALE
        else:
            live = asked and kept.observed_at >= self.wish.now
            freshness = Freshness.LIVE if live else CACHED
        return Reading(kept.value, kept.as_of, freshness, source)

    def _count(self, readings: Iterable[Reading[V]]) -> None:
        """Once for each freshness and not for each value."""
        counts: Counter[Freshness] = Counter()
        oldest: dict[Freshness, datetime] = {}
        for reading in readings:
            freshness, as_of = reading.freshness, reading.as_of
            counts[freshness] += 1
            if as_of is not None and (freshness not in oldest or as_of < oldest[freshness]):
                oldest[freshness] = as_of
        for freshness, count in counts.items():
            self.reader.count(freshness, count, oldest.get(freshness), self.inquiry.report)
