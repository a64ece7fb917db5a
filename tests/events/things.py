"""A stream of made-up things, its writers and its followers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Connection

from app.events.following import Events
from app.events.model import Event, Happened, Lost, Quiet, Rows, Stream, There, Topic
from app.events.tail import Tail
from app.store import Fact, Store, Work, log
from app.upkeep import beside
from tests.builders import NOON

KINDS = frozenset({"ThingMade", "ThingChanged"})
PAGE = 3
Thing = tuple[str, int]  # its name and its value


def there(connection: Connection, topic: Topic, key: str) -> Rows[Thing]:
    """What things are now, after a name."""
    found = {one.fact.entity: one.fact.body["value"] for one in log.since(connection, 0, KINDS)}
    rows = [one for one in sorted(found.items()) if one[0] > key and topic.entity in {None, one[0]}]
    return Rows(rows[:PAGE], rows[PAGE - 1][0] if len(rows) > PAGE else None)


THINGS: Stream[Thing] = Stream(name="things", kinds=KINDS, snapshot=there)
OTHERS: Stream[Thing] = Stream(name="others", kinds=KINDS, snapshot=there)


def telling(*values: Thing, kind: str = "ThingChanged") -> Callable[[Work], None]:
    """An act that tells of things."""

    def change(work: Work) -> None:
        for name, value in values:
            work.tell(Fact(kind=kind, entity=name, body={"value": value}))

    return change


async def change(store: Store, *values: Thing) -> None:
    await store.act(telling(*values), now=NOON)


@dataclass
class Mirror:
    """A follower: what it was told, and what it makes of it."""

    things: dict[str, int] = field(default_factory=dict)
    seqs: list[int] = field(default_factory=list)
    cursor: str | None = None
    last: int | None = None
    gaps: list[tuple[int | None, int]] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    quiet: int = 0

    def take(self, event: Event[Thing]) -> None:
        """As a client is told to in docs/events.md."""
        match event:
            case There():
                for name, value in event.rows:
                    self.things[name], self.versions[name] = value, event.seq
                self.last = event.last
            case Happened():
                told = event.told
                if self.last is not None and event.prev != self.last:
                    self.gaps.append((self.last, event.prev))
                self.last = told.seq
                self.seqs.append(told.seq)
                if told.seq > self.versions.get(told.fact.entity, 0):
                    self.things[told.fact.entity] = told.fact.body["value"]
            case Quiet():
                self.quiet += 1
            case Lost():
                self.lost.append(event)
        self.cursor = event.cursor


@asynccontextmanager
async def following(
    store: Store, *, every: float = 0.02, beat: float = 10
) -> AsyncIterator[Events]:
    """What a process has that tells what happens."""
    tail = Tail(store, KINDS, every=timedelta(seconds=every))
    async with beside(tail.run()):
        yield Events(store, tail, lambda: NOON, beat=timedelta(seconds=beat))


async def follow(
    events: Events,
    mirror: Mirror,
    *,
    until: int | None = None,
    entity: str | None = None,
    most: int | None = None,
) -> None:
    """Follow until a fact was told, or so many messages."""
    stream = events.followed(THINGS, after=mirror.cursor, entity=entity)
    seen = 0
    async with asyncio.timeout(60), aclosing(stream) as told:
        async for event in told:
            mirror.take(event)
            seen += 1
            if seen == most or (until is not None and (mirror.last or 0) >= until):
                return
