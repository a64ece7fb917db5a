"""What is new in the log? One reader in each process reads it for all who follow.

It reads when it is woken, and every now and then in any case: a wake-up that is lost costs time,
never a fact. Each topic that is followed has a channel, which has everything that was told lately;
before that, and after falling behind, followers read the database themselves. When the last has
gone the reader goes on for a while: those who were cut off together come back together, and are
told what they missed without asking the database.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from app.events import reading
from app.events.model import Happened, LostCode, Topic
from app.events.recent import KEPT, Recent
from app.store import Store, StoreUnavailable, log
from app.store.log import Head, Told

logs = structlog.get_logger(__name__)
Route = tuple[str | None, str | None]  # of an entity, to a party
PAUSE = timedelta(milliseconds=10)  # between two questions, so that facts come in groups
LINGER = timedelta(minutes=1)  # that the reader goes on when nobody follows any more


@dataclass(slots=True)
class Item:
    """A fact in a channel, and what was made of it for followers with the same past."""

    told: Told
    made: dict[int, Happened] = field(default_factory=dict)


@dataclass(slots=True)
class Channel:
    """All facts of a topic after `start`; more come while it is open."""

    topic: Topic
    epoch: str
    start: int
    items: deque[Item] = field(default_factory=deque)
    lost: LostCode | None = None
    followers: int = 0
    told: int = 0  # how often there was something new
    _waiting: dict["asyncio.Future[bool]", None] = field(default_factory=dict)

    def after(self, seq: int) -> list[Item]:
        """The facts after a number that is not before `start`."""
        if not self.items or self.items[-1].told.seq <= seq:
            return []
        found = []
        for item in reversed(self.items):
            if item.told.seq <= seq:
                break
            found.append(item)
        return found[::-1]

    async def news(self, told: int, within: float) -> bool:
        """Wait until there is something new since a count, for so many seconds; whether there is.

        Thousands wait here, each for hours, so this is cheaper than an event with a time limit.
        """
        if self.told != told:
            return True
        loop = asyncio.get_running_loop()
        coming: asyncio.Future[bool] = loop.create_future()
        self._waiting[coming] = None
        silent = loop.call_later(within, _settle, coming, False)  # noqa: FBT003  of a callback
        try:
            await coming
            return self.told != told  # it may have come just after the time was over
        finally:
            silent.cancel()
            self._waiting.pop(coming, None)

    def add(self, told: Told) -> None:
        """Take one more; the oldest may have to go."""
        self.items.append(Item(told))
        if len(self.items) > KEPT:
            self.start = self.items.popleft().told.seq

    def tell(self) -> None:
        """Wake who waits."""
        self.told += 1
        waiting, self._waiting = self._waiting, {}
        for one in waiting:
            _settle(one, True)  # noqa: FBT003  what it waits for

    def lose(self, code: LostCode) -> None:
        """Nothing more will come."""
        self.lost = code
        self.tell()


def _settle(future: "asyncio.Future[bool]", result: bool) -> None:  # noqa: FBT001  a callback
    if not future.done():
        future.set_result(result)


class Tail:
    """Follows the log for this process; `kinds` are those that anybody may follow."""

    def __init__(
        self,
        store: Store,
        kinds: Collection[str],
        *,
        every: timedelta,
    ) -> None:
        self.at = 0
        self._store = store
        self._everything = Topic("", frozenset(kinds))
        self._every = every.total_seconds()
        self._epoch = ""
        self._channels: dict[Topic, Channel] = {}
        self._by_route: dict[Route, list[Channel]] = {}
        self._recent = Recent()
        self.current = False
        """Whether it knows where the log is: it goes on reading."""
        self._left_at = 0.0
        self._followed = asyncio.Event()
        self._woken = asyncio.Event()
        self._opening = asyncio.Lock()

    @property
    def followers(self) -> int:
        """How many follow here."""
        return sum(one.followers for one in self._channels.values())

    def wake(self) -> None:
        """Something was told."""
        self._woken.set()

    @asynccontextmanager
    async def channel(self, topic: Topic) -> AsyncIterator[Channel]:
        """The channel of a topic, for as long as the block lasts.

        Raises:
            StoreUnavailable: where the log is now is unknown.
        """
        channel = await self._open(topic)
        channel.followers += 1
        try:
            yield channel
        finally:
            channel.followers -= 1
            if not channel.followers and self._channels.get(topic) is channel:
                del self._channels[topic]
                self._unroute(channel)
                self._left_at = asyncio.get_running_loop().time()

    async def head(self) -> Head:
        """Where the log is now."""
        return await self._store.read(log.head)

    async def _open(self, topic: Topic) -> Channel:
        async with self._opening:
            if not self.current:  # nobody has looked for a while
                head = await self.head()
                self._epoch, self.at = head.epoch, head.last
                self._recent.begin(head.last)
                self.current = True
            channel = self._channels.get(topic)
            if channel is None or channel.lost is not None:
                channel = self._channels[topic] = self._new(topic)
            self._followed.set()
            return channel

    def _new(self, topic: Topic) -> Channel:
        channel = Channel(topic, self._epoch, self._recent.since)
        for told in self._recent.of(topic):
            channel.add(told)
        self._by_route.setdefault(_route(topic), []).append(channel)
        return channel

    async def run(self) -> None:
        """Read until cancelled; a store that does not answer is asked again."""
        while True:
            if not self._wanted():
                self.current = False
                self._followed.clear()
                await self._followed.wait()
            self._woken.clear()
            try:
                while await self._read():
                    pass
                await asyncio.sleep(PAUSE.total_seconds())
            except StoreUnavailable:
                await asyncio.sleep(self._every)
            except Exception as bug:  # noqa: BLE001  as above
                logs.error("events.bug", kind=type(bug).__name__)  # noqa: TRY400  it may hold values
                await asyncio.sleep(self._every)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._woken.wait()

    def _wanted(self) -> bool:
        if self._channels:
            return True
        silent = asyncio.get_running_loop().time() - self._left_at
        return self.current and silent < LINGER.total_seconds()

    async def _read(self) -> bool:
        """Tell what is new; whether there may be more."""
        at, epoch = self.at, self._epoch
        page = await self._store.read(lambda db: reading.page(db, self._everything, at))
        if at != self.at or epoch != self._epoch:
            return True  # it was begun anew meanwhile
        if page.head.epoch != epoch or page.head.last < at:
            self._lose(LostCode.EPOCH_CHANGED)
        elif page.head.floor > at:
            self._lose(LostCode.CURSOR_EXPIRED)
        else:
            self._told(page.told)
            self.at = page.upto
            return page.upto < page.head.last
        return False

    def _told(self, told: Collection[Told]) -> None:
        woken: dict[Topic, Channel] = {}
        for one in told:
            self._recent.add(one)
            for channel in self._concerned(one):
                channel.add(one)
                woken[channel.topic] = channel
        for channel in woken.values():
            channel.tell()

    def _concerned(self, told: Told) -> Iterator[Channel]:
        fact = told.fact
        routes: list[Route] = [(fact.entity, None), (None, None)]
        if fact.party is not None:
            routes += [(None, fact.party), (fact.entity, fact.party)]
        for route in routes:
            for channel in self._by_route.get(route, ()):
                if fact.kind in channel.topic.kinds:
                    yield channel

    def _unroute(self, channel: Channel) -> None:
        route = _route(channel.topic)
        left = [one for one in self._by_route[route] if one is not channel]
        if left:
            self._by_route[route] = left
        else:
            del self._by_route[route]

    def _lose(self, code: LostCode) -> None:
        lost, self._channels, self._by_route = self._channels, {}, {}
        self.current = False
        for channel in lost.values():
            channel.lose(code)


def _route(topic: Topic) -> Route:
    return topic.entity, topic.party
