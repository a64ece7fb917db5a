"""Who asks a marketplace for its orders, and sees that each of them is ours once?

How far it has been read is a cursor in the store, which moves on once the fate of every order of a
page is kept. Whoever has the lease reads; a process that dies leaves the cursor where it was, and
the next one reads the same page again, which `IncomingOrders` takes for what it is.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, update

from app.errors import InvalidInputError, UpstreamError, UpstreamThrottled
from app.markets import leases, order_rows
from app.markets.book import MarketBook
from app.markets.judging import Judge
from app.markets.leases import LeaseLostError
from app.markets.model import OPEN, Fate, Judged, Known, Why, backoff
from app.markets.places import Place
from app.markets.recording import Turn, recorded
from app.markets.tables import market_sources
from app.markets.words import Words
from app.ports import MarketOrder, MarketOrderPage, OrderSource, RejectedRow
from app.settings import Market as Terms
from app.store import Store, StoreUnavailable, Work
from app.store.rounds import Rounds
from app.upstream.asking import asked

log = structlog.get_logger(__name__)
POLL = timedelta(seconds=1)
PAUSE = timedelta(milliseconds=50)  # between two looks, however often it is woken
LEASE = timedelta(seconds=30)  # beyond one call; renewed with each order
PAGE = 50  # orders of one page
PAGES = 20  # of one turn
MOST = 20  # orders that are read again in one turn
NOBODYS = "the marketplace knows no such order"
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=15)


@dataclass(slots=True, kw_only=True)
class OrderPoller:
    """Reads the orders of one marketplace. Any number may, in any number of processes."""

    name: str
    terms: Terms
    source: OrderSource
    judge: Judge
    words: Words
    store: Store
    book: MarketBook
    now: Callable[[], datetime]
    timeout: timedelta
    _rounds: Rounds = field(init=False)

    def __post_init__(self) -> None:
        self._rounds = Rounds("markets", every=POLL, pause=PAUSE, market=self.name)

    def wake(self) -> None:
        """There is something to read."""
        self._rounds.wake()

    async def run(self) -> None:
        """Read until cancelled; whatever fails is tried again."""
        await self._rounds.run(self.once)

    async def once(self) -> bool:
        """Take the turn, if anything is due; whether there is more at once."""
        now = self.now()
        if not await self.store.read(partial(self._due, now=now)):
            return False
        until = now + self.timeout + LEASE
        row = await self.store.act(partial(self._taken, until=until), now=now)
        if row is None:
            return False
        turn = Turn(self.name, row.fence, self.timeout + LEASE)
        try:
            more = await self._worked(turn, row)
        except asyncio.CancelledError:  # let another process go on at once
            with suppress(StoreUnavailable, LeaseLostError):
                await self._put(turn, leased_until=None)
            raise
        await self._put(turn, leased_until=None)
        return more

    async def _worked(self, turn: Turn, row: Any) -> bool:
        more = await self._read(turn, row) if _wants_reading(row, self.now()) else False
        await self._asked_again(turn)
        await self.words.given(turn)
        return more

    async def _read(self, turn: Turn, row: Any) -> bool:
        """Read what has changed; whether there is more at once."""
        place = Place.of(row)
        await self._put(turn, begun_at=self.now())
        try:
            for _ in range(PAGES):
                page = await self._page(place)
                await self._judged(turn, page.orders, page.rejected)
                now = self.now()
                place = place.after(page, now, overlap=self.terms.overlap)
                due = now if page.more else now + self.terms.poll_every
                done: dict[str, Any] = {} if page.more else {"polled_at": now}
                await self._put(turn, **place.row, **done, due_at=due, attempts=0, reason=None)
                if not page.more:
                    self.book.polled_at[self.name] = now
                    return False
        except UpstreamError as error:
            await self._put(turn, **self._failed(error, row.attempts))
            return False
        return True

    async def _page(self, place: Place) -> MarketOrderPage:
        ask = partial(self.source.orders, first=PAGE)
        try:
            return await asked(self.name, partial(ask, place.cursor), within=self.timeout)
        except InvalidInputError:  # it is of another account, or too old
            log.warning("markets.anew", market=self.name)
            return await asked(self.name, partial(ask, None), within=self.timeout)

    async def _asked_again(self, turn: Turn) -> None:
        """Read again what could not be taken, or was heard of."""
        due = partial(order_rows.to_ask, name=self.name, now=self.now(), most=MOST)
        if known := await self.store.read(due):
            await self._reread(turn, known)

    async def _reread(self, turn: Turn, known: Sequence[Known]) -> None:
        """Read orders; if that fails, each for itself, as one of them may be to blame."""
        numbers = [one.number for one in known]
        try:
            answer = await asked(
                self.name, partial(self.source.numbered, numbers), within=self.timeout
            )
        except UpstreamError as error:
            log.warning("markets.silent", market=self.name, reason=error.code)
            alone = len(known) == 1 or isinstance(error, UpstreamThrottled)
            for one in known:
                if alone:
                    await self._later(turn, one, error)
                else:
                    await self._reread(turn, [one])
            return
        await self._judged(turn, answer.rows, answer.rejected)
        told = {row.number for row in answer.rows} | {row.reference for row in answer.rejected}
        for one in known:
            if one.number not in told:
                missing = Judged(
                    number=one.number, fate=Fate.REFUSED, reason=NOBODYS, why=Why.NO_SUCH_ORDER
                )
                await self._kept(turn, missing)

    async def _judged(
        self, turn: Turn, orders: Iterable[MarketOrder], rejected: Iterable[RejectedRow]
    ) -> None:
        orders = list(orders)
        numbers = [one.number for one in orders]
        known = await self.store.read(partial(order_rows.known, name=self.name, numbers=numbers))
        for told in orders:
            await self._kept(turn, await self._fate(told, known.get(told.number)))
        for row in rejected:
            await self._kept(turn, Judged.unreadable(row))

    async def _fate(self, told: MarketOrder, known: Known | None) -> Judged:
        """What becomes of an order; one that we fail at must not stop the others."""
        try:
            return await self.judge.judged(told, known)
        except StoreUnavailable:
            raise
        except Exception as bug:  # noqa: BLE001  as above
            kind = type(bug).__name__
            log.error("markets.order_bug", market=self.name, order=told.number, kind=kind)  # noqa: TRY400  as above
            return Judged(
                number=told.number,
                fate=Fate.REFUSED,
                status=told.status,
                reason=f"we failed at it: {kind}",
                why=Why.FAILED,
            )

    async def _kept(self, turn: Turn, judged: Judged) -> None:
        keep = partial(recorded, turn=turn, judged=judged)
        was = await self.store.act(keep, now=self.now())
        if judged.fate is was:
            return
        if judged.fate is Fate.TAKEN:
            self.book.taken[self.name] += 1
        elif judged.why is not None:
            log.warning("markets.refused", market=self.name, order=judged.number, why=judged.why)
            self.book.refused[self.name, judged.why] += 1

    async def _later(self, turn: Turn, known: Known, error: UpstreamError) -> None:
        wait = backoff(known.attempts, FIRST_WAIT, LONGEST_WAIT)
        if isinstance(error, UpstreamThrottled):
            wait = max(wait, error.retry_after)

        def put(work: Work) -> None:
            values = {"ask_at": work.now + wait, "attempts": known.attempts + 1}
            until = work.now + turn.lasting
            leases.put(work, market_sources, turn.name, turn.fence, leased_until=until)
            order_rows.change(work.connection, turn.name, known.number, **values)

        await self.store.act(put, now=self.now())

    def _failed(self, error: UpstreamError, attempts: int) -> dict[str, Any]:
        log.warning("markets.silent", market=self.name, reason=error.code)
        wait = backoff(attempts, FIRST_WAIT, max(LONGEST_WAIT, self.terms.poll_every))
        if isinstance(error, UpstreamThrottled):
            wait = max(wait, error.retry_after)
        return {"due_at": self.now() + wait, "attempts": attempts + 1, "reason": error.code}

    def _due(self, connection: Connection, now: datetime) -> bool:
        counts = order_rows.counted(connection, self.name, OPEN)
        self.book.fates[self.name] = dict.fromkeys(OPEN, 0) | counts
        row = leases.free(connection, market_sources, self.name, now)
        if row is None:
            return not leases.there(connection, market_sources, self.name)
        if row.polled_at is not None:
            self.book.polled_at[self.name] = row.polled_at
        return (
            _wants_reading(row, now)
            or order_rows.any_due(connection, self.name, now)
            or self.words.any_due(connection, now)
        )

    def _taken(self, work: Work, until: datetime) -> Any:
        begin(work, self.name)
        return leases.take(work.connection, market_sources, self.name, work.now, until)

    async def _put(self, turn: Turn, **values: Any) -> None:
        def put(work: Work) -> None:
            until = {"leased_until": work.now + turn.lasting} | values
            leases.put(work, market_sources, turn.name, turn.fence, **until)

        await self.store.act(put, now=self.now())


def begin(work: Work, name: str) -> None:
    """Begin to read the orders of a marketplace, unless somebody has."""
    leases.add(work.connection, market_sources, name, trail=[], due_at=work.now)


def nudge(work: Work, name: str) -> None:
    """Something has changed over there: let it be read at once, unless it is failing."""
    begin(work, name)
    mine = market_sources.c.connection == name
    work.connection.execute(update(market_sources).where(mine).values(nudged_at=work.now))


def _wants_reading(row: Any, now: datetime) -> bool:
    nudged = row.nudged_at is not None and (row.begun_at is None or row.nudged_at >= row.begun_at)
    return bool(row.due_at <= now or (nudged and not row.attempts))
