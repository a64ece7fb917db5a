"""Is there an answer already, is one being made, or must one be? Each is made once.

Those who ask for what is being made wait for it: in this process for one task, which no caller's
going away ends; in other processes for a lease. What fails is shared by those who waited and never
kept. What is out of date is told for a little longer while a new one is made behind the back.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from app.engine.caching.entries import Entry
from app.engine.caching.invalidations import Invalidations, Mark
from app.engine.caching.memory import Memory
from app.engine.caching.shared import SharedAnswers, Turn

T = TypeVar("T")
FIRST_WAIT, LONGEST_WAIT = 0.005, 0.05  # seconds between looks at what another process makes


@dataclass(frozen=True, slots=True)
class Made(Generic[T]):
    """An answer as it was made; `entry` is what may be kept of it, None if nothing.

    `tags` name what it tells of, kept or not.
    """

    answer: T
    entry: Entry | None
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reused(Generic[T]):
    """What somebody else's question brought: an answer that is kept, or one just made."""

    entry: Entry | None
    answer: T | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """For whom an answer is made: what was seen when it was begun, and in how much time."""

    mark: Mark
    within: timedelta


Make = Callable[[Order], Awaitable[Made[T]]]
Wanted = Callable[[Entry, datetime], bool]


@dataclass(slots=True)
class _Flight(Generic[T]):
    task: "asyncio.Task[Made[T] | Entry]"
    began: int


@dataclass(slots=True, kw_only=True)
class Answers(Generic[T]):
    """Keeps answers in `memory` and, where there is one, in a `shared` Redis.

    `within` is how long an answer may take in all. `counts` is a metric.
    """

    memory: Memory
    log: Invalidations
    now: Callable[[], datetime]
    within: timedelta
    shared: SharedAnswers | None = None
    counts: Counter[str] = field(default_factory=Counter)
    _flights: dict[bytes, _Flight[T]] = field(default_factory=dict)
    _background: set["asyncio.Task[None]"] = field(default_factory=set)

    async def get(self, key: bytes, make: Make[T]) -> Made[T] | Reused[T]:
        """The answer under a key; `make` makes one, with what is left of the time."""
        while True:
            if (kept := self._kept(key, make)) is not None:
                return kept
            flight, joined = self._flights.get(key), self.log.count
            leading = flight is None
            if flight is None:
                flight = self._fly(key, make)
            done = await asyncio.shield(flight.task)
            if isinstance(done, Entry):
                if leading or self.log.holds(done.tags, done.seen, joined):
                    return self._reused(done)
            elif leading:
                self.counts["miss"] += 1
                return done
            elif self.log.holds(done.tags, flight.began, joined):
                self.counts["joined"] += 1
                return Reused(done.entry, done.answer)

    async def invalidate(self, tags: frozenset[str]) -> None:
        """Say that whatever tells of one of the tags is out of date, here and everywhere."""
        self.counts["invalidated"] += 1
        self.log.add(tags, at=self.now())
        if self.shared is not None:
            await self.shared.invalidate(tags)

    async def close(self) -> None:
        """End what is being made; what is being kept ends by itself, within its time limit."""
        flights = [flight.task for flight in self._flights.values()]
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, *self._background, return_exceptions=True)

    def _kept(self, key: bytes, make: Make[T]) -> Reused[T] | None:
        entry = self.memory.find(key)
        if entry is None:
            return None
        now = self.now()
        if entry.fresh(now):
            self.counts["hit"] += 1
            return Reused(entry)
        if not entry.of_use(now):
            self.memory.drop(key)
            return None
        if key not in self._flights:
            self._fly(key, make, refresh=True)
        self.counts["stale"] += 1
        return Reused(entry)

    def _reused(self, entry: Entry) -> Reused[T]:
        self.counts["hit" if entry.fresh(self.now()) else "stale"] += 1
        return Reused(entry)

    def _fly(self, key: bytes, make: Make[T], *, refresh: bool = False) -> _Flight[T]:
        work = self._renewed(key, make) if refresh else self._led(key, make)
        flight = _Flight(asyncio.create_task(work, name="answer"), self.log.count)
        self._flights[key] = flight
        flight.task.add_done_callback(lambda done: self._land(key, done))
        return flight

    def _land(self, key: bytes, done: "asyncio.Task[Any]") -> None:
        del self._flights[key]
        if not done.cancelled():
            done.exception()  # marks it as seen: a refresh behind the back has no other listener

    async def _led(self, key: bytes, make: Make[T]) -> Made[T] | Entry:
        """Theirs, where another process has one that is of use; else a new one."""
        return await self._found_or_made(key, make, Entry.of_use)

    async def _renewed(self, key: bytes, make: Make[T]) -> Made[T] | Entry:
        """A new answer behind the back; theirs, where another process is making it."""
        if self.shared is None or await self.shared.claim(key) is not Turn.WAIT:
            return await self._made(key, make, self.within)
        return await self._found_or_made(key, make, Entry.fresh)

    async def _found_or_made(self, key: bytes, make: Make[T], wanted: Wanted) -> Made[T] | Entry:
        """Half of the time may go by waiting for another process."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.within.total_seconds()
        if self.shared is not None:
            patience = end - self.within.total_seconds() / 2
            found = await self._from_others(self.shared, key, wanted, patience)
            if found is not None:
                self.memory.keep(key, found)
                return found
        return await self._made(key, make, timedelta(seconds=end - loop.time()))

    async def _from_others(
        self, shared: SharedAnswers, key: bytes, wanted: Wanted, until: float
    ) -> Entry | None:
        """What other processes keep or are making; None if it is our turn."""
        loop, wait = asyncio.get_running_loop(), FIRST_WAIT
        while True:
            found = await shared.look(key)
            if isinstance(found, Entry) and wanted(found, self.now()):
                return found
            if found is Turn.LEAD or found is Turn.ALONE or loop.time() >= until:
                return None
            if isinstance(found, Entry) and not found.of_use(self.now()):
                return None
            await asyncio.sleep(wait)
            wait = min(LONGEST_WAIT, wait * 2)

    async def _made(self, key: bytes, make: Make[T], within: timedelta) -> Made[T]:
        mark = self.log.mark
        made = await make(Order(mark, within))
        entry = made.entry
        if entry is None or not self.log.holds(made.tags, mark.seen):
            self._behind(None if self.shared is None else self.shared.give_up(key))
            return made
        self.memory.keep(key, entry)
        self._behind(None if self.shared is None else self.shared.put(key, entry, mark))
        return made

    def _behind(self, work: Coroutine[Any, Any, None] | None) -> None:
        """Let nobody wait for it."""
        if work is not None:
            task = asyncio.create_task(work)
            self._background.add(task)
            task.add_done_callback(self._background.discard)
