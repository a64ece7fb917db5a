"""Who tells a marketplace how many there are and what they cost, until it shows what we say?

What is to be shown is looked at again and again and kept; only what differs from what was told is
told. Whoever has the lease looks and tells, so that older figures never follow newer ones. Before
something is told it is written that nobody knows what is shown: a process that dies leaves just
that, and the next one tells what is true by then.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from secrets import token_hex
from typing import Any

import structlog
from sqlalchemy import Connection

from app.errors import UpstreamError, UpstreamRefused, UpstreamThrottled
from app.markets import deciding, leases, listing_rows
from app.markets.book import MarketBook
from app.markets.deciding import Sent
from app.markets.leases import LeaseLostError
from app.markets.looking import AT_ONCE, Looking, news
from app.markets.model import Saying, Shown, backoff, money_of
from app.markets.outcomes import outcomes, stopped
from app.markets.tables import market_shelves
from app.ports import Answer, ListingSink, Offer, OfferState, PublicationKey, PublishedOffer
from app.settings import Market as Terms
from app.store import Store, StoreUnavailable, Work
from app.store.rounds import Rounds
from app.upstream.asking import asked
from app.values import Sku

log = structlog.get_logger(__name__)
POLL = timedelta(seconds=1)
PAUSE = timedelta(milliseconds=50)  # between two looks, however often it is woken
SLACK = timedelta(seconds=30)  # that a lease lasts longer than one publication, or one look
BATCHES = 50  # of one turn
LONGEST_PAUSE = timedelta(hours=1)


@dataclass(slots=True)
class Turn:
    """The listings of a marketplace in the hands of whoever has the lease."""

    fence: int
    lasting: timedelta
    attempts: int
    paused_until: datetime | None


@dataclass(slots=True, kw_only=True)
class ListingTeller:
    """Tells one marketplace. Any number may, in any number of processes."""

    name: str
    terms: Terms
    sink: ListingSink
    looking: Looking
    store: Store
    book: MarketBook
    now: Callable[[], datetime]
    _rounds: Rounds = field(init=False)

    def __post_init__(self) -> None:
        self._rounds = Rounds("listings", every=POLL, pause=PAUSE, market=self.name)

    def wake(self) -> None:
        """Something has happened."""
        self._rounds.wake()

    async def run(self) -> None:
        """Tell until cancelled; whatever fails is tried again."""
        await self._rounds.run(self.once)

    async def once(self) -> bool:
        """Take the turn, if anything is due; whether there is more at once."""
        now = self.now()
        if not await self.store.read(partial(self._due, now=now)):
            return False
        lasting = self.terms.publish_within + SLACK
        row = await self.store.act(partial(self._taken, until=now + lasting), now=now)
        if row is None:
            return False
        turn = Turn(row.fence, lasting, row.attempts, row.paused_until)
        try:
            return await self._worked(turn, row)
        finally:  # also when it is cancelled: let another process go on at once
            with suppress(StoreUnavailable, LeaseLostError):
                await self._put(turn, leased_until=None)

    async def _worked(self, turn: Turn, row: Any) -> bool:
        await self._looked(turn, row)
        if row.compared_at is None or row.compared_at + self.terms.resync_every <= self.now():
            await self._compared(turn)
        for _ in range(BATCHES):
            if turn.paused_until is not None and self.now() < turn.paused_until:
                return False
            if not (sent := await self.store.act(partial(self._begun, turn=turn), now=self.now())):
                return False
            await self._told(turn, sent)
        return True

    async def _looked(self, turn: Turn, row: Any) -> None:
        """Look at everything, or at what was promised to somebody since the last look."""
        every = self.terms.look_every
        found = await self.store.read(partial(news, epoch=row.epoch, seq=row.seq))
        whole = row.looked_at is None or row.looked_at + every <= self.now() or found.lost
        if not whole:
            await self._said(turn, self.looking.listed(found.skus))
            if found.head.last != row.seq:
                await self._put(turn, seq=found.head.last)
            return
        place = {"epoch": found.head.epoch, "seq": found.head.last, "looked_at": self.now()}
        try:
            seen = await self._looked_at_all(turn)
        except UpstreamError as error:  # what is known is told, and the rest looked at next time
            log.warning("listings.not_looked", market=self.name, reason=error.code)
            await self._put(turn, **place)
            return

        def leave(work: Work) -> None:
            self._mine(work, turn, **place)
            listing_rows.leave(work.connection, self.name, seen, work.now)

        await self.store.act(leave, now=self.now())

    async def _looked_at_all(self, turn: Turn) -> set[Sku]:
        seen = set[Sku]()
        async for skus in self.looking.everything():
            await self._said(turn, skus)
            seen.update(skus)
        return seen

    async def _said(self, turn: Turn, skus: Sequence[Sku]) -> None:
        for start in range(0, len(skus), AT_ONCE):
            some = skus[start : start + AT_ONCE]
            saying = await self.looking.said(some)
            await self.store.act(partial(self._wanted, turn=turn, saying=saying), now=self.now())

    def _wanted(self, work: Work, turn: Turn, saying: Saying) -> None:
        self._mine(work, turn)
        before = listing_rows.shown(work.connection, self.name, saying.keys())
        rows = []
        for sku, said in saying.items():
            was = before.get(sku)
            is_ = deciding.wanted(was or Shown(sku=sku), said, self.terms, work.now)
            if is_ != was:
                rows.append(is_)
        listing_rows.put(work.connection, self.name, rows)

    async def _compared(self, turn: Turn) -> None:
        """Look at what the marketplace shows; a failure waits for the next turn."""
        after = ""
        while True:
            page = partial(listing_rows.page, name=self.name, after=after, first=self.terms.batch)
            if not (rows := await self.store.read(page)):
                break
            after = rows[-1].sku
            ask = partial(self.sink.listings, [one.sku for one in rows])
            try:
                answer = await asked(self.name, ask, within=self.terms.publish_within)
            except UpstreamError as error:
                log.warning("listings.not_compared", market=self.name, reason=error.code)
                return
            there = {one.sku: one for one in answer.rows}
            unread = {row.reference for row in answer.rejected}
            skus = [one.sku for one in rows if one.sku not in unread]

            def compare(work: Work, skus: list[Sku] = skus, there: Any = there) -> None:
                self._mine(work, turn)
                known = listing_rows.shown(work.connection, self.name, skus)
                after = (
                    deciding.compared(one, there.get(sku), work.now) for sku, one in known.items()
                )
                listing_rows.put(work.connection, self.name, list(after))

            await self.store.act(compare, now=self.now())
        await self._put(turn, compared_at=self.now())

    def _begun(self, work: Work, turn: Turn) -> list[Sent]:
        """What is told next, after it is written that it is being told."""
        self._mine(work, turn)
        found = listing_rows.due(work.connection, self.name, work.now, self.terms.batch)
        same = [deciding.due(one, work.now) for one in found if not one.differs]
        going = [one for one in found if one.differs]
        begun = [deciding.sending(one, work.now) for one in going]
        listing_rows.put(work.connection, self.name, [*same, *begun])
        return [Sent.of(one) for one in going]

    async def _told(self, turn: Turn, sent: Sequence[Sent]) -> None:
        try:
            answer = await self._published(sent)
        except UpstreamRefused as error:
            if len(sent) > 1:  # one of them is to blame
                for one in sent:
                    await self._told(turn, [one])
                return
            told, failure = outcomes(sent, OfferState.REFUSED, error), None
        except UpstreamError as error:
            told, failure = outcomes(sent, stopped(error), error), error
        else:
            told, failure = answer, None
        conclude = partial(self._concluded, turn=turn, sent=sent, told=told, failure=failure)
        await self.store.act(conclude, now=self.now())
        for row in told.values():
            self.book.told[self.name, row.state] += 1

    async def _published(self, sent: Sequence[Sent]) -> dict[Sku, PublishedOffer]:
        offers = [
            Offer(
                sku=one.before.sku,
                quantity=one.quantity,
                price=None if one.price is None else money_of(one.price),
            )
            for one in sent
        ]
        publish = partial(self.sink.publish, offers, key=PublicationKey(token_hex(16)))
        answer: Answer[PublishedOffer] = await asked(
            self.name, publish, within=self.terms.publish_within
        )
        return {row.sku: row for row in answer.rows}

    def _concluded(
        self,
        work: Work,
        turn: Turn,
        sent: Sequence[Sent],
        told: dict[Sku, PublishedOffer],
        failure: UpstreamError | None,
    ) -> None:
        known = listing_rows.shown(work.connection, self.name, [one.before.sku for one in sent])
        rows, held_up = [], failure is not None
        for one in sent:
            sku = one.before.sku
            row = told.get(sku) or PublishedOffer(sku=sku, state=OfferState.UNKNOWN)
            held_up = held_up or row.state is OfferState.NOT_SENT
            if sku in known:
                rows.append(deciding.concluded(known[sku], one, row, work.now))
        listing_rows.put(work.connection, self.name, rows)
        if not held_up:
            turn.attempts, turn.paused_until = 0, None
            self._mine(work, turn, attempts=0, paused_until=None, reason=None)
            return
        wait = backoff(turn.attempts, deciding.FIRST_WAIT, deciding.LONGEST_WAIT)
        if isinstance(failure, UpstreamThrottled):
            wait = min(max(wait, failure.retry_after), LONGEST_PAUSE)
        until, reason = work.now + wait, None if failure is None else failure.code
        more = {"attempts": turn.attempts + 1, "paused_until": until, "reason": reason}
        self._mine(work, turn, **more)
        turn.paused_until = until

    def _due(self, connection: Connection, now: datetime) -> bool:
        self.book.behind[self.name] = listing_rows.behind(connection, self.name)
        row = leases.free(connection, market_shelves, self.name, now)
        if row is None:
            return not leases.there(connection, market_shelves, self.name)
        if row.looked_at is None or row.looked_at + self.terms.look_every <= now:
            return True
        free = row.paused_until is None or row.paused_until <= now
        if free and listing_rows.any_due(connection, self.name, now):
            return True
        return news(connection, epoch=row.epoch, seq=row.seq).worth_a_look

    def _taken(self, work: Work, until: datetime) -> Any:
        leases.add(work.connection, market_shelves, self.name, seq=0)
        return leases.take(work.connection, market_shelves, self.name, work.now, until)

    def _mine(self, work: Work, turn: Turn, **values: Any) -> None:
        until = {"leased_until": work.now + turn.lasting} | values
        leases.put(work, market_shelves, self.name, turn.fence, **until)

    async def _put(self, turn: Turn, **values: Any) -> None:
        await self.store.act(lambda work: self._mine(work, turn, **values), now=self.now())
