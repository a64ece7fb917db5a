"""What is the value of these keys, how old is it, and need we ask? The read path of every port.

A reader stands between a service and one port of one connection. It keeps values by key (RFC 5861
windows), asks for all missing keys in one call, shares calls in flight, and never lets one caller's
impatience cancel another's answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from cachetools import LRUCache

from app.errors import UpstreamError, UpstreamUnavailable
from app.ports import RejectedRow
from app.upstream.deadline import Deadline
from app.upstream.health import Health
from app.upstream.report import Freshness, Report

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


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
        now = self.health.now()
        fresh_for = self.policy.fresh_for if max_age is None else min(max_age, self._useful)
        serve_for = fresh_for if max_age is not None else self._useful
        missing = [key for key in keys if self._age(key, now) >= serve_for]
        aging = [key for key in keys if fresh_for <= self._age(key, now) < serve_for]
        asked = self._fly([*missing, *aging])
        error = await self._landed({asked[key] for key in missing}, inquiry.deadline)
        if error is not None:
            inquiry.report.failed(self.health.connection, error)
        readings = {key: self._reading(key, now, fresh_for, max_age) for key in keys}
        for reading in readings.values():
            inquiry.report.read(reading.source, self.port, reading.freshness, reading.as_of)
        return readings

    def keep(self, fetched: Fetched[K, V], asked: Iterable[K] = ()) -> None:
        """Keep what a call brought; an asked key that it did not bring is known to be absent."""
        observed_at = self.health.now()
        if rejected := list(fetched.rejected):
            self.health.rejected(
                operation=self.port,
                references=[row.reference for row in rejected],
                reason=rejected[0].reason,
            )
        absent_as_of = self.health.truthful(fetched.as_of, observed_at)
        for key in asked:
            self._kept[key] = Kept(None, absent_as_of, observed_at)
        for key, (value, as_of) in fetched.values.items():
            self._kept[key] = Kept(value, self.health.truthful(as_of, observed_at), observed_at)

    @property
    def _useful(self) -> timedelta:
        return self.policy.fresh_for + self.policy.revalidate_for

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
        deadline = Deadline.after(self.timeout)
        with deadline.shared():
            try:
                async with asyncio.timeout_at(deadline.at):
                    self.keep(await self.fetch(keys), keys)
            except TimeoutError as error:
                raise UpstreamUnavailable("did not answer in time") from error

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

    def _reading(
        self, key: K, now: datetime, fresh_for: timedelta, max_age: timedelta | None
    ) -> Reading[V]:
        source = self.health.connection
        kept = self._kept.get(key)
        if kept is None or (age := now - kept.observed_at) > self._servable:
            return Reading(None, None, Freshness.UNKNOWN, source)
        too_old = min(self.policy.stale_after, max_age or timedelta.max)
        if age > fresh_for or self.health.now() - kept.as_of > too_old:
            return Reading(kept.value, kept.as_of, Freshness.STALE, source)
        freshness = Freshness.LIVE if kept.observed_at >= now else Freshness.CACHED
        return Reading(kept.value, kept.as_of, freshness, source)

    @property
    def _servable(self) -> timedelta:
        return self.policy.fresh_for + max(self.policy.revalidate_for, self.policy.if_error_for)
