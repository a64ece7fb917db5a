"""What is the value of these keys, how old is it, and need we ask? The read path of every port.

A reader stands between a service and one port of one connection. It keeps values by key (RFC 5861
windows), asks for all missing keys in one call, shares calls in flight, and never lets one caller's
impatience cancel another's answer.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Generic, Self, TypeVar

from cachetools import LRUCache

from app.errors import UpstreamBroken, UpstreamError, UpstreamUnavailable
from app.ports import RejectedRow
from app.upstream.asking import asked
from app.upstream.deadline import Deadline
from app.upstream.health import Health
from app.upstream.report import Freshness, Report

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
CLOCK_SLACK = timedelta(seconds=5)  # an answer's own time has whole seconds, by another clock


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessPolicy:
    """How long a value may be served, counted from when it was read.

    Up to `fresh_for` nobody is asked. For `revalidate_for` after that it is served at once and
    asked for again behind the caller's back. For `if_error_for` after `fresh_for` it is served when
    the upstream fails. A value whose own `as_of` is older than `stale_after` is STALE even if the
    upstream has just told it.
    """

    fresh_for: timedelta
    revalidate_for: timedelta = timedelta()
    if_error_for: timedelta = timedelta()
    stale_after: timedelta = timedelta.max
    capacity: int = 100_000

    def holding(self, capacity: int) -> "FreshnessPolicy":
        """The same windows for at most `capacity` values."""
        return replace(self, capacity=capacity)


@dataclass(frozen=True, slots=True)
class Reading(Generic[V]):
    """A value with its age.

    `value` None with a freshness other than UNKNOWN: the source answered and knows no such thing.
    """

    value: V | None
    as_of: datetime | None
    freshness: Freshness
    source: str


@dataclass(frozen=True, slots=True)
class Fetched(Generic[K, V]):
    """What one port call brought; it may hold more keys than were asked for."""

    values: Mapping[K, tuple[V, datetime]]
    as_of: datetime
    rejected: Iterable[RejectedRow] = ()


@dataclass(frozen=True, slots=True)
class Kept(Generic[V]):
    """A value as it lies in the cache."""

    value: V | None
    as_of: datetime
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class Inquiry:
    """On whose behalf something is read: until when, and where to tell what was learnt."""

    deadline: Deadline
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How old a caller takes values at a moment: the policy, sharpened by its `max_age`.

    Up to `fresh_for` a value counts as fresh; up to `serve_for` it is served without waiting, up to
    `error_for` rather than none. One whose own time is further back than `stale_after` is STALE.
    """

    now: datetime
    fresh_for: timedelta
    serve_for: timedelta
    error_for: timedelta
    stale_after: timedelta

    @classmethod
    def of(cls, now: datetime, policy: FreshnessPolicy, max_age: timedelta | None) -> Self:
        """The wish of a caller at a moment."""
        useful = policy.fresh_for + policy.revalidate_for
        fresh_for = policy.fresh_for if max_age is None else min(max_age, useful)
        own = policy.stale_after if max_age is None else max(max_age, CLOCK_SLACK)
        return cls(
            now=now,
            fresh_for=fresh_for,
            serve_for=useful if max_age is None else fresh_for,
            error_for=policy.fresh_for + max(policy.revalidate_for, policy.if_error_for),
            stale_after=min(policy.stale_after, own),
        )


Fetch = Callable[[Collection[K]], Awaitable[Fetched[K, V]]]


@dataclass(slots=True, kw_only=True)
class Reader(Generic[K, V]):
    """Reads one port of one connection. `timeout` bounds a whole port call, all its pages."""

    port: str
    fetch: Fetch[K, V]
    policy: FreshnessPolicy
    health: Health
    timeout: timedelta
    _kept: LRUCache[K, Kept[V]] = field(init=False)
    _flights: dict[K, "asyncio.Task[None]"] = field(default_factory=dict)
    _source: str = field(init=False)
    _unknown: Reading[V] = field(init=False)

    def __post_init__(self) -> None:
        self._kept = LRUCache(self.policy.capacity)
        self._source = self.health.connection
        self._unknown = Reading(None, None, Freshness.UNKNOWN, self._source)

    async def read(
        self,
        keys: Collection[K],
        inquiry: Inquiry,
        *,
        max_age: timedelta | None = None,
    ) -> dict[K, Reading[V]]:
        """A reading for every key; upstream failures are reported, never raised."""
        wish = Wish.of(self.health.now(), self.policy, max_age)
        before = {key: self._kept.get(key) for key in keys}
        missing, aging = [], []
        for key, kept in before.items():
            if kept is None or (age := wish.now - kept.observed_at) >= wish.serve_for:
                missing.append(key)
            elif age >= wish.fresh_for:
                aging.append(key)
        flights = self._fly([*missing, *aging])
        error = await self._landed({flights[key] for key in missing}, inquiry.deadline)
        if error is not None:
            inquiry.report.failed(self.health.connection, error)
        readings = self._readings(before, wish, missing=set(missing), aging=set(aging))
        self._count(readings.values(), inquiry.report)
        return readings

    def _readings(
        self,
        before: Mapping[K, Kept[V] | None],
        wish: Wish,
        *,
        missing: AbstractSet[K],
        aging: AbstractSet[K],
    ) -> dict[K, Reading[V]]:
        """What is known now; `missing` were asked for, the others are as they were before."""
        then = self.health.now()
        readings = {}
        for key, was in before.items():
            asked = key in missing
            kept = self._kept.get(key) if asked else was
            if kept is None or wish.now - kept.observed_at > wish.error_for:
                readings[key] = self._unknown
                continue
            in_vain = asked and kept is was
            if in_vain or then - kept.as_of > wish.stale_after or key in aging:
                freshness = Freshness.STALE
            else:
                freshness = Freshness.LIVE if asked else Freshness.CACHED
            readings[key] = Reading(kept.value, kept.as_of, freshness, self._source)
        return readings

    def _count(self, readings: Iterable[Reading[V]], report: Report) -> None:
        """Tell the report and the books, once for each freshness and not for each value."""
        counts: Counter[Freshness] = Counter()
        oldest: dict[Freshness, datetime] = {}
        for reading in readings:
            freshness, as_of = reading.freshness, reading.as_of
            counts[freshness] += 1
            if as_of is not None and (freshness not in oldest or as_of < oldest[freshness]):
                oldest[freshness] = as_of
        for freshness, count in counts.items():
            report.read(self._source, self.port, freshness, oldest.get(freshness))
            self.health.readings[self.port, freshness] += count

    def keep(self, fetched: Fetched[K, V], wanted: Iterable[K] = ()) -> None:
        """Keep what a call brought; a wanted key that it did not bring is known to be absent.

        Raises:
            UpstreamBroken: rows could not be understood, and wanted keys are missing that may be
                among them. What was understood is kept.
        """
        observed_at = self.health.now()
        for key, (value, as_of) in fetched.values.items():
            self._kept[key] = Kept(value, self.health.truthful(as_of, observed_at), observed_at)
        missing = [key for key in wanted if key not in fetched.values]
        if rejected := list(fetched.rejected):
            self.health.rejected(
                operation=self.port,
                references=[row.reference for row in rejected],
                reason=rejected[0].reason,
            )
            if missing:
                raise UpstreamBroken(f"{len(rejected)} of its rows could not be understood")
        absent_as_of = self.health.truthful(fetched.as_of, observed_at)
        for key in missing:
            self._kept[key] = Kept(None, absent_as_of, observed_at)

    def _fly(self, keys: list[K]) -> dict[K, "asyncio.Task[None]"]:
        """One task for all keys that nobody is asking for yet, joined with those in flight."""
        if new := [key for key in keys if key not in self._flights]:
            flight = asyncio.create_task(self._ask(new), name=f"read {self.port}")
            for key in new:
                self._flights[key] = flight
            flight.add_done_callback(lambda done: self._land(new, done))
        return {key: self._flights[key] for key in keys}

    async def _ask(self, keys: list[K]) -> None:
        fetched = await asked(
            self.health.connection, partial(self.fetch, keys), within=self.timeout
        )
        self.keep(fetched, keys)

    def _land(self, keys: list[K], flight: "asyncio.Task[None]") -> None:
        for key in keys:
            del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # marks it as seen: a refresh behind the back has no other listener

    async def _landed(
        self, flights: set["asyncio.Task[None]"], deadline: Deadline
    ) -> UpstreamError | None:
        """Wait for the flights, at most until the deadline; the first failure, if any."""
        if not flights:
            return None
        done, late = await asyncio.wait(flights, timeout=deadline.remaining())
        for flight in done:
            error = flight.exception()
            if isinstance(error, UpstreamError):
                return error
            if error is not None:
                raise error
        return UpstreamUnavailable("did not answer in time") if late else None
