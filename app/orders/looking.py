"""Who asks the systems that have orders how far they are? Many orders in one call of each.

When an order is looked at next is kept with it, and moved on before anybody is asked: whoever dies
meanwhile leaves it to the next, in a while. What was said changes an order in one act with its
facts, and only once: a part whose end is known is not asked about again.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from app.errors import UpstreamError
from app.orders import look_rows, progress
from app.orders.book import FollowBook
from app.orders.model import HandingState, Order, OrderNumber, key_of
from app.orders.progress import Told
from app.orders.turns import Turns
from app.orders.working import OrderWorker
from app.ports import OrderKey
from app.store import StoreUnavailable, Work
from app.store.rounds import Rounds
from app.upstream.handing import HandingDesk

log = structlog.get_logger(__name__)
MOST = 100  # orders of one round
POLL = timedelta(seconds=1)
APART = timedelta(seconds=1)  # looks at the orders of one system that says that some have changed
COUNT_EVERY = timedelta(seconds=30)


@dataclass(slots=True, kw_only=True)
class OrderFollower:
    """Follows orders to their end. Any number may, in any number of processes.

    `sinks` are desks by the connection's name. The `worker` does what follows from what is heard.
    """

    turns: Turns
    sinks: Mapping[str, HandingDesk]
    worker: OrderWorker
    book: FollowBook = field(default_factory=FollowBook)
    rounds: Rounds = field(default_factory=partial(Rounds, "follow", every=POLL))
    _counted_at: datetime | None = None

    async def run(self) -> None:
        """Look until cancelled; a store that does not answer is asked again."""

        async def once() -> bool:
            return await self.round() >= MOST

        await self.rounds.run(once)

    async def hear(self, connection: str) -> None:
        """A system says that something has changed: the orders that it has are looked at soon.

        That is at the next full second, so whatever it says within one costs one look.

        Raises:
            StoreUnavailable: unknown whether they will be.
        """
        if connection not in self.sinks:
            return
        now = self.turns.now()
        at = now.replace(microsecond=0) + APART

        def sooner(work: Work) -> None:
            look_rows.bring_forward(work.connection, connection, at=at, apart=APART, most=MOST)

        await self.turns.store.act(sooner, now=now)

    async def round(self) -> int:
        """Look at what is due; at how many orders that was."""
        await self._count()
        now, store = self.turns.now(), self.turns.store
        if not await store.read(partial(look_rows.any_due, now=now)):
            return 0
        until = now + self.turns.lasting

        def take(work: Work) -> tuple[list[Order], list[OrderNumber]]:
            taken = look_rows.claim(work.connection, now=now, until=until, most=MOST)
            late = [(one, now + self.turns.cadence.slowest) for one in taken[1]]
            look_rows.put_off(work.connection, late, until=until)
            return taken

        orders, unreadable = await store.act(take, now=now)
        for number in unreadable:
            self._failed_at(number, kind="unreadable")
        told = await self._asked(orders)
        moved = [one for one in orders if progress.news(one, told)]
        await self._put_off([one for one in orders if one not in moved], until)
        failed = [one for one in moved if not await self._heard(one, told)]
        await self._put_off(failed, until)
        return len(orders) + len(unreadable)

    async def _asked(self, orders: Iterable[Order]) -> Told:
        keys: dict[str, list[OrderKey]] = {}
        for order in orders:
            for part in progress.followed(order):
                keys.setdefault(part.sink, []).append(key_of(order, part))
        answers = await asyncio.gather(*(self._standing(*one) for one in keys.items()))
        return {one: status for answer in answers for one, status in answer.items()}

    async def _standing(self, sink: str, keys: Sequence[OrderKey]) -> Told:
        """What one sink says; a silent one is asked again when its orders are looked at again."""
        if (desk := self.sinks.get(sink)) is None:  # it is not bound any more
            return {}
        try:
            found = await desk.standing(keys)
        except UpstreamError as error:
            log.warning("follow.silent", connection=sink, reason=error.code)
            self.book.asked[sink, "silent"] += 1
            return {}
        self.book.asked[sink, "told"] += 1
        return {(sink, key): status for key, status in found.items()}

    async def _put_off(self, orders: Sequence[Order], until: datetime) -> None:
        """Nothing new is kept of them; those that are followed no more are told to a log."""
        if not orders:
            return
        now, cadence = self.turns.now(), self.turns.cadence
        looks = [(one.number, cadence.next(one, now)) for one in orders]

        def put(work: Work) -> None:
            look_rows.put_off(work.connection, looks, until=until)

        await self.turns.store.act(put, now=now)
        if over := sum(at is None for _, at in looks):
            log.warning("follow.given_up", orders=over)
            self.book.given_up += over

    async def _heard(self, order: Order, told: Told) -> bool:
        """Keep what was said of one; False after a bug with it, which must not stop the others."""
        change = partial(progress.heard, told=told)
        try:
            before, after = await self.turns.heard(order.number, change)
        except StoreUnavailable:
            raise
        except Exception as bug:  # noqa: BLE001  as said
            self._failed_at(order.number, kind=type(bug).__name__)
            return False
        for part in progress.news(before, told):
            done = part.state is HandingState.COMPLETED
            self.book.ended[part.sink, "completed" if done else "cancelled"] += 1
        if not after.settled:
            self.worker.wake()
        return True

    def _failed_at(self, number: OrderNumber, *, kind: str) -> None:
        """Tell of a bug, never by its text: that may hold personal data."""
        log.error("follow.bug", order=number, kind=kind)
        self.book.bugs += 1

    async def _count(self) -> None:
        """Now and then, as whoever scrapes does not look more often."""
        now = self.turns.now()
        if self._counted_at is not None and now < self._counted_at + COUNT_EVERY:
            return
        self._counted_at = now
        self.book.followed, self.book.due_at = await self.turns.store.read(look_rows.standing)
