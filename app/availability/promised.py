"""How many units have we promised ourselves, which no upstream knows of? Holds and orders.

They are few beside what is for sale, so all of them are kept in memory, and kept right by following
the log: a look asks what has happened since the last one, and reads again whom that concerns. So
availability costs the store one small question every now and then, however much is asked. What is
held is decided by the store alone, when it is held. Places in slots of work go the same way.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from types import MappingProxyType

from sqlalchemy import Connection

from app.availability import repository, slot_rows
from app.availability.book import LONG, Book, ByLocation, PromisedLine
from app.availability.ledger import TELLS_OF_PROMISES
from app.availability.slots import Place, SlotsTaken
from app.errors import UpstreamUnavailable
from app.store import Store, StoreUnavailable, log
from app.upstream.report import Report
from app.values import Sku

Found = Mapping[Sku, ByLocation]
NONE: Found = MappingProxyType({})
STORE = "store"  # what its failures are told under, as those of connections are
WITHIN = timedelta(seconds=1)
EVERY = timedelta(milliseconds=250)  # what other processes promise shows so much later, at most
REST = timedelta(seconds=2)  # after a failure nobody is kept waiting
MOST_FACTS = 10_000  # to catch up with; after more, everything is read anew
TIDY = timedelta(minutes=1)  # between two goes at forgetting what is over
SILENT = "does not answer, so that what is held may be counted as available"


@dataclass(frozen=True, slots=True)
class _News:
    """What a look found: whose these are; `owners` None: they are everybody's."""

    head: log.Head
    owners: frozenset[str] | None
    lines: list[PromisedLine]
    places: list[Place]


class Promised:
    """Follows the promises of all processes. A store that is silent keeps nobody waiting for long.

    What this process has promised shows at once, what others have `every` so often. `slots` are as
    they were at the last look.
    """

    def __init__(
        self,
        store: Store,
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float] = monotonic,
        every: timedelta = EVERY,
    ) -> None:
        self._store = store
        self._now = now
        self._clock = clock
        self._every = every.total_seconds()
        self._book = Book()
        self.slots = SlotsTaken(now)
        self._head: log.Head | None = None
        self._tidied_at = float("-inf")
        self._looked_at = float("-inf")
        self._changes = self._seen = 0
        self._silent_until = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    def changed(self) -> None:
        """Something was promised or given back here."""
        self._changes += 1

    async def of(
        self, skus: Collection[Sku], *, holder: str | None, report: Report, anew: bool = False
    ) -> Found:
        """What is promised of SKUs, but for what a `holder` holds; `anew`: the store is asked now.

        While the store is silent it is what was known before, and that is told.
        """
        if anew:
            self.changed()
        if self._seen < self._changes or self._clock() - self._looked_at >= self._every:
            await self._look(self._changes)
        if self._silent_until > self._looked_at:
            report.failed(STORE, UpstreamUnavailable(SILENT))
        if not self._book:
            return NONE
        now = self._now()
        found = ((sku, self._book.of(sku, now=now, holder=holder)) for sku in skus)
        return {sku: at for sku, at in found if at}

    async def _look(self, changes: int) -> None:
        """Let the store be asked, together with all who wait for the same."""
        for _ in range(2):  # what is under way may have begun before the change
            if self._clock() < self._silent_until:
                return
            looking = self._looking or self._begin()
            await asyncio.wait({looking})  # that one caller goes away is nobody else's matter
            if not looking.cancelled():
                looking.result()
            if self._seen >= changes:
                return

    def _begin(self) -> asyncio.Task[None]:
        self._looking = asyncio.create_task(self._caught_up())
        return self._looking

    async def _caught_up(self) -> None:
        began, changes, seen = self._clock(), self._changes, self._head
        try:
            async with asyncio.timeout(WITHIN.total_seconds()):
                news = await self._store.read(lambda db: _news(db, seen, self._now()))
        except (StoreUnavailable, TimeoutError):
            self._silent_until = self._clock() + REST.total_seconds()
            return
        finally:
            self._looking = None
        if news.owners is None:
            self._book = Book()
        self._book.replace(news.owners or (), news.lines)
        self.slots.replace(news.owners, news.places)
        if began - self._tidied_at >= TIDY.total_seconds():
            self._book.drop_over(self._now())
            self.slots.drop_past(self._now() - LONG)
            self._tidied_at = began
        self._head, self._looked_at, self._seen = news.head, began, changes


def _news(connection: Connection, seen: log.Head | None, now: datetime) -> _News:
    head = log.head(connection)
    behind = -1 if seen is None or seen.epoch != head.epoch else head.last - seen.last
    if seen is None or seen.last < head.floor or not 0 <= behind <= MOST_FACTS:
        everything = repository.every_promise(connection, now=now)
        return _News(head, None, everything, slot_rows.every(connection, now=now))
    if not behind:
        return _News(head, frozenset(), [], [])
    told = log.since(connection, seen.last, TELLS_OF_PROMISES)
    owners = frozenset(
        owner for one in told for owner in (one.fact.entity, one.fact.body.get("holder")) if owner
    )
    if not owners:
        return _News(head, owners, [], [])
    places = slot_rows.of(connection, owners, now=now)
    return _News(head, owners, repository.promises_of(connection, owners, now=now), places)
