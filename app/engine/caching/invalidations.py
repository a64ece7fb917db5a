"""What has been said to be out of date, and since when?

One short log a process. What is kept remembers how far the log was when it began to be made; it
holds as long as none of its tags was named after that. So nobody keeps an index of tags, and what
was being made while its tags were named is not kept either.
"""

from collections import deque
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

MOST = 10_000  # events that are remembered; what is older than all of them does not hold


@dataclass(frozen=True, slots=True)
class Mark:
    """How much was heard at a moment: by this process, and of what all processes know."""

    seen: int
    heard: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """Some tags are out of date. `name` is what all processes know the event by.

    One that has none was said here, `at` a moment; whether others hear of it is not sure.
    """

    number: int
    tags: AbstractSet[str]
    name: str | None
    at: datetime | None


@dataclass(slots=True)
class Invalidations:
    """The log. Names (ids of a Redis stream) grow; `heard` is None while nobody listens.

    `watchers` are told of every event, and None where some may have been missed.
    """

    most: int = MOST
    heard: str | None = None
    watchers: list[Callable[[AbstractSet[str] | None], None]] = field(default_factory=list)
    count: int = 0
    _floor: str = ""
    _missed: bool = False
    _events: deque[Event] = field(default_factory=deque)

    @property
    def mark(self) -> Mark:
        """How much was heard until now."""
        return Mark(self.count, self.heard)

    def add(
        self, tags: AbstractSet[str], name: str | None = None, at: datetime | None = None
    ) -> None:
        """Hear that tags are out of date."""
        self.count += 1
        self._events.append(Event(self.count, tags, name, at))
        if name is not None:
            self.heard = name
        while len(self._events) > self.most:
            self._floor = self._events.popleft().name or self._floor
        for tell in self.watchers:
            tell(tags)

    def miss(self) -> None:
        """Hear no more what all processes know, until somebody listens again."""
        self.heard, self._missed = None, True

    def listen(self, since: str) -> None:
        """Hear from now on what all processes know; whatever was missed, nothing older holds."""
        self.count += 1
        self._events.clear()
        self.heard = self._floor = since
        if self._missed:
            self._missed = False
            for tell in self.watchers:
                tell(None)

    def holds(self, tags: AbstractSet[str], seen: int, until: int | None = None) -> bool:
        """Whether no tag was named after `seen` events (and not later than `until`)."""
        if seen < self.count - len(self._events):
            return False
        last = self.count if until is None else until
        return all(tags.isdisjoint(event.tags) for event in self._after(seen, last))

    def holds_for(self, tags: AbstractSet[str], heard: str, made_at: datetime) -> bool:
        """Whether what another process made holds: no tag was named that it had not heard of."""
        if before(heard, self._floor):
            return False
        return not any(
            event.at >= made_at if event.at is not None else before(heard, event.name or "")
            for event in self._events
            if not tags.isdisjoint(event.tags)
        )

    def _after(self, seen: int, until: int) -> Iterator[Event]:
        for event in reversed(self._events):
            if event.number <= seen:
                return
            if event.number <= until:
                yield event


def before(one: str, other: str) -> bool:
    """Whether an id of a stream (`milliseconds-number`) comes before another."""
    return _parts(one) < _parts(other)


def _parts(name: str) -> tuple[int, int]:
    milliseconds, _, number = name.partition("-")
    return int(milliseconds or 0), int(number or 0)
