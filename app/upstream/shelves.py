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
    Fetched,
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
Fetch = Callable[[Collection[tuple[R, C]]], Awaitable[Fetched[tuple[R, C], V]]]
Before = Mapping[tuple[R, C], Kept[V] | None]
AS_OF, READ_AT = attrgetter("as_of"), attrgetter("read_at")
CACHED = Freshness.CACHED


@dataclass(slots=True, kw_only=True)
class ShelfReader(Generic[R, C, V]):
    """Reads one port of one connection. `timeout` bounds a whole port call, all its pages."""

    port: str
    fetch: Fetch[R, C, V]
    policy: FreshnessPolicy
    health: Health
    timeout: timedelta
    flights: Flights[tuple[R, C]] = field(init=False)
    rows: Rows[R, C, V] = field(init=False)

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

    def keep(self, fetched: Fetched[tuple[R, C], V], wanted: Iterable[tuple[R, C]] = ()) -> None:
        """Keep what a call brought; a wanted key that it did not bring is known to be absent.

        Raises:
            UpstreamBroken: rows could not be understood, and wanted keys are missing that may be
                among them. What was understood is kept.
        """
        read_at, truthful = self.health.now(), self.health.truthful
        for key, (value, as_of) in fetched.values.items():
            moment = fetched.read_at.get(key, read_at)
            self.rows.put(*key, Kept(value, truthful(as_of, read_at), moment))
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
            self.rows.put(*key, Kept(None, absent_as_of, read_at))

    def count(self, freshness: Freshness, values: int, as_of: datetime | None, to: Report) -> None:
        """Tell the report and the books how some values came."""
        to.read(self.health.connection, self.port, freshness, as_of)
        self.health.readings[self.port, freshness] += values

    async def _ask(self, keys: list[tuple[R, C]]) -> None:
        fetched = await asked(
            self.health.connection, partial(self.fetch, keys), within=self.timeout
        )
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
    _before: Before[R, C, V]
    _missing: Mapping[tuple[R, C], Flight]
    _aging: Mapping[tuple[R, C], Flight]

    def __await__(self) -> Generator[Any, None, Mapping[R, Shelf[V]]]:
        return self._answer().__await__()

    def begin(self) -> None:
        """Look at each value of what is not fresh as a whole, and ask for what is too old.

        What is only aging is asked for behind the caller's back, in a call of its own: the caller
        waits for what is missing and for nothing else.
        """
        others = [row for row in self.rows if row not in self.fresh]
        keys = [(row, column) for row in others for column in self.columns]
        self._before = {key: self.reader.rows.value(*key) for key in keys}
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
            since = min(map(READ_AT, shelves.values()))
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
                min(map(AS_OF, known), default=self.wish.now),
            )
            if known and all(reading.freshness is CACHED for reading in readings):
                self._shelve(row, shelf, kept)
        return shelves

    def _shelve(self, row: R, shelf: Shelf[V], kept: Sequence[Kept[V] | None]) -> None:
        """Keep a shelf, unless something newer came while its reader waited."""
        now = [self.reader.rows.value(row, column) for column in self.columns]
        if all(one is was for one, was in zip(now, kept, strict=True)):
            self.reader.rows.shelve(row, self.columns, shelf)

    def _kept(self, key: tuple[R, C]) -> Kept[V] | None:
        """What was asked for is as it is now, everything else as it was before."""
        return self.reader.rows.value(*key) if key in self._missing else self._before[key]

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
