"""What is the value of these keys, how old is it, and need we ask? The read path of every port.

A reader stands between a service and one port of one connection. It keeps values by key (RFC 5861
windows), asks for all missing keys in one call, shares calls in flight, and never lets one caller's
impatience cancel another's answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Generic, TypeVar

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


@dataclass(frozen=True, slots=True)
class Wish:
    """How old a caller takes values at a moment: the policy, sharpened by its `max_age`."""

    now: datetime
    max_age: timedelta | None
    policy: FreshnessPolicy

    @property
    def fresh_for(self) -> timedelta:
        """Up to this age a value counts as fresh."""
        useful = self.policy.fresh_for + self.policy.revalidate_for
        return self.policy.fresh_for if self.max_age is None else min(self.max_age, useful)

    @property
    def serve_for(self) -> timedelta:
        """Up to this age a value is served without waiting."""
        if self.max_age is not None:
            return self.fresh_for
        return self.policy.fresh_for + self.policy.revalidate_for

    @property
    def error_for(self) -> timedelta:
        """Up to this age a value is served rather than none."""
        return self.policy.fresh_for + max(self.policy.revalidate_for, self.policy.if_error_for)

    @property
    def stale_after(self) -> timedelta:
        """A value whose own time is further back is STALE."""
        if self.max_age is None:
            return self.policy.stale_after
        return min(self.policy.stale_after, max(self.max_age, CLOCK_SLACK))


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

    def __post_init__(self) -> None:
        self._kept = LRUCache(self.policy.capacity)

    async def read(
        self,
        keys: Collection[K],
        inquiry: Inquiry,
        *,
        max_age: timedelta | None = None,
    ) -> dict[K, Reading[V]]:
        """A reading for every key; upstream failures are reported, never raised."""
        wish = Wish(self.health.now(), max_age, self.policy)
        wanted = dict.fromkeys(keys)
        missing = [key for key in wanted if self._age(key, wish.now) >= wish.serve_for]
        aging = [
            key for key in wanted if wish.fresh_for <= self._age(key, wish.now) < wish.serve_for
        ]
        before = {key: self._kept.get(key) for key in missing}
        flights = self._fly([*missing, *aging])
        error = await self._landed({flights[key] for key in missing}, inquiry.deadline)
        if error is not None:
            inquiry.report.failed(self.health.connection, error)
        readings = {key: self._reading(key, wish, before) for key in wanted}
        self._count(readings.values(), inquiry.report)
        return readings

    def _count(self, readings: Iterable[Reading[V]], report: Report) -> None:
        for reading in readings:
            report.read(reading.source, self.port, reading.freshness, reading.as_of)
            self.health.readings[self.port, reading.freshness] += 1

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

    def _age(self, key: K, now: datetime) -> timedelta:
        kept = self._kept.get(key)
        return timedelta.max if kept is None else now - kept.observed_at

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

    def _reading(self, key: K, wish: Wish, before: Mapping[K, Kept[V] | None]) -> Reading[V]:
        """What is known of a key now; `before` holds what was kept of those that were asked for."""
        source = self.health.connection
        kept = self._kept.get(key)
        if kept is None or (age := wish.now - kept.observed_at) > wish.error_for:
            return Reading(None, None, Freshness.UNKNOWN, source)
        asked_in_vain = key in before and kept is before[key]
        behind = self.health.now() - kept.as_of > wish.stale_after
        if asked_in_vain or behind or (key not in before and age >= wish.fresh_for):
            return Reading(kept.value, kept.as_of, Freshness.STALE, source)
        freshness = Freshness.LIVE if key in before else Freshness.CACHED
        return Reading(kept.value, kept.as_of, freshness, source)
