"""How does somebody follow a stream so that nothing is missing, told twice or out of order?

It knows its place and asks for what comes after: of the channel where that goes back so far, of
the database else. Whatever goes wrong in between, the next question starts from the same place.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from app.events import reading
from app.events.cursors import START, CursorLost, CursorRefused, Cursors, Place
from app.events.model import Event, Happened, Lost, LostCode, Quiet, Stream, There
from app.events.tail import Channel, Item, Tail
from app.store import Store
from app.store.log import Head

R = TypeVar("R")
T = TypeVar("T")
READERS = 4  # at once: when all come back, they wait for each other and not for connections


@dataclass(frozen=True, slots=True)
class Events:
    """What happens, for whoever wants to know. `beat` is the longest silence."""

    store: Store
    tail: Tail
    now: Callable[[], datetime]
    beat: timedelta = timedelta(seconds=15)
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READERS))

    async def read(self, question: Callable[[Connection], T]) -> T:
        """The answer to what a follower asks of the store, when it is its turn."""
        async with self.turns:
            return await self.store.read(question)

    async def followed(
        self,
        stream: Stream[R],
        *,
        after: str | None,
        entity: str | None = None,
        party: str | None = None,
    ) -> AsyncGenerator[Event[R], None]:
        """Everything after a cursor, and what happens from now on; without one what there is first.

        It ends after a `Lost` only.

        Raises:
            CursorRefused: the cursor was not made for this.
            StoreUnavailable: the store does not answer.
        """
        topic = stream.topic(entity=entity, party=party)
        async with self.tail.channel(topic) as channel:
            follower = _Follower(self, stream, channel)
            try:
                async with aclosing(follower.all(after)) as told:
                    async for event in told:
                        yield event
            except CursorLost as lost:
                yield follower.told_of(lost)

    async def page(
        self,
        stream: Stream[R],
        *,
        after: str | None,
        entity: str | None = None,
        party: str | None = None,
        most: int = 100,
    ) -> list[Event[R]]:
        """The same, without waiting: at most so many facts, or one page of what there is.

        The last one says where to go on; nothing but a `Quiet` means that there is no more now.
        """
        topic = stream.topic(entity=entity, party=party)
        head = await self.tail.head()
        channel = Channel(topic, head.epoch, head.last)
        follower = _Follower(self, stream, channel)
        try:
            place = follower.cursors.read(after) if after is not None else START
            if place.key is not None:
                return [await follower.beginning(place)]
            return [event async for event in follower.kept(place, most=most)]
        except CursorLost as lost:
            return [follower.told_of(lost)]

    async def place(
        self,
        stream: Stream[R],
        cursor: str,
        *,
        entity: str | None = None,
        party: str | None = None,
    ) -> Place:
        """The place that a cursor names.

        Raises:
            CursorRefused: it was not made for this, or in another epoch.
        """
        topic, head = stream.topic(entity=entity, party=party), await self.tail.head()
        try:
            place = Cursors(head.epoch, topic).read(cursor)
        except CursorLost as lost:
            raise CursorRefused from lost
        return place


class _Follower:
    """One who follows."""

    def __init__(self, events: Events, stream: Stream[Any], channel: Channel) -> None:
        self._events = events
        self._stream = stream
        self._channel = channel
        self.place = START
        self.cursors = Cursors(channel.epoch, channel.topic)

    async def all(self, after: str | None) -> AsyncGenerator[Event[Any], None]:
        """What there is, what was told and what is told."""
        self.place = START if after is None else self.cursors.read(after)
        if self.place.key is None:
            async for event in self._caught_up():
                yield event
        while self.place.key is not None:
            yield await self.beginning(self.place)
        while True:
            if (code := self._channel.lost) is not None:
                raise CursorLost(self.place, code, self._channel.start)
            if self.place.at < self._channel.start:
                async for event in self.kept(self.place):
                    yield event
                continue
            told = self._channel.told  # before the look, or what comes between is not heard of
            async for event in self._one_by_one():
                yield event
            if not await self._channel.news(told, self._events.beat.total_seconds()):
                self.place = replace(self.place, at=max(self.place.at, self._events.tail.at))
                yield self._quiet()

    async def _one_by_one(self) -> AsyncGenerator[Happened, None]:
        """What is new, with a turn for others between one and the next."""
        for number, happened in enumerate(self._new()):
            if number:
                await asyncio.sleep(0)
            yield happened

    async def _caught_up(self) -> AsyncGenerator[Event[Any], None]:
        """What a follower that comes back has missed, and that this is all."""
        if self._channel.start <= self.place.at <= self._events.tail.at:
            for happened in self._new():
                yield happened
            yield self._quiet()
        else:  # a long time ago, or another process is ahead of us, or the log was set back
            async for event in self.kept(self.place):
                yield event

    async def beginning(self, place: Place) -> There[Any]:
        """The next page of what there is. What happens meanwhile is told after the last."""
        question = partial(
            reading.beginning,
            stream=self._stream,
            topic=self._channel.topic,
            key=place.key or "",
        )
        head, last, rows = await self._events.read(question)
        if head.epoch != self._channel.epoch:
            raise CursorLost(place, LostCode.EPOCH_CHANGED, head.last)
        if not place.key:
            place = Place(head.last, last, "")
        self.place = replace(place, key=rows.key)
        cursor = self.cursors.written(self.place)
        return There(rows.rows, head.last, place.last, rows.key is None, cursor)

    async def kept(
        self, place: Place, most: int = reading.AT_ONCE
    ) -> AsyncGenerator[Event[Any], None]:
        """What the database has after a place, then how far that is."""
        self.place = place
        topic = self._channel.topic
        page = await self._events.read(lambda db: reading.page(db, topic, place.at, most=most))
        if (code := _missing(page.head, self._channel.epoch, place.at)) is not None:
            raise CursorLost(place, code, page.head.floor)
        for told in page.told:
            yield self._happened(Item(told))
        self.place = replace(self.place, at=page.upto)
        yield self._quiet()

    def told_of(self, lost: CursorLost) -> Lost:
        """What is missing, and the way to begin anew."""
        return Lost(lost.code, lost.place.at, lost.before, self.cursors.written(START))

    def _new(self) -> Iterator[Happened]:
        for item in self._channel.after(self.place.at):
            yield self._happened(item)

    def _happened(self, item: Item) -> Happened:
        told, prev = item.told, self.place.last
        self.place = Place(told.seq, told.seq)
        if (made := item.made.get(prev)) is None:
            cursor = self.cursors.written(self.place)
            made = item.made[prev] = Happened(told, prev, cursor)
        return made

    def _quiet(self) -> Quiet:
        return Quiet(self.cursors.written(self.place))


def _missing(head: Head, epoch: str, at: int) -> LostCode | None:
    if head.epoch != epoch or at > head.last:
        return LostCode.EPOCH_CHANGED
    return LostCode.CURSOR_EXPIRED if at < head.floor else None
