"""What does a marketplace hear of its orders? That we have them, and which parcels have left.

Each word has its key; a word whose fate is unknown is given again, and leaves one effect.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection

from app.errors import UpstreamError, UpstreamRefused, UpstreamThrottled
from app.markets import leases, order_rows, parcel_rows
from app.markets.model import WORD_REFUSED, Known, backoff
from app.markets.parcel_rows import Leaving
from app.markets.recording import Turn
from app.markets.tables import market_sources
from app.ports import Acknowledgement, MarketOrder, MarketWriteKey, OrderSource, ShippedLine
from app.store import Store, Work
from app.upstream.asking import asked

log = structlog.get_logger(__name__)
MOST = 20
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Gives them, to one marketplace."""

    name: str
    source: OrderSource
    store: Store
    now: Callable[[], datetime]
    timeout: timedelta

    def any_due(self, connection: Connection, now: datetime) -> bool:
        """Whether a parcel is to be told; of acknowledgements the orders know."""
        return bool(parcel_rows.due(connection, self.name, now, most=1))

    async def given(self, turn: Turn) -> None:
        """Give what is due."""
        due = partial(order_rows.to_word, name=self.name, now=self.now(), most=MOST)
        for known in await self.store.read(due):
            await self._acknowledged(turn, known)
        leaving = partial(parcel_rows.due, name=self.name, now=self.now(), most=MOST)
        for parcel in await self.store.read(leaving):
            await self._confirmed(turn, parcel)

    async def _acknowledged(self, turn: Turn, known: Known) -> None:
        word = Acknowledgement(key=MarketWriteKey(f"ack-{known.order}"), order=known.number)
        values: dict[str, Any] = {"word_at": None, "worded_at": self.now(), "attempts": 0}
        try:
            await asked(self.name, partial(self.source.acknowledge, word), within=self.timeout)
        except UpstreamRefused:
            values = {"word_at": None, "reason": WORD_REFUSED}
        except UpstreamError as error:
            at = self.now() + _wait(error, known.attempts)
            values = {"word_at": at, "attempts": known.attempts + 1}

        def put(work: Work) -> None:
            self._mine(work, turn)
            order_rows.change(work.connection, turn.name, known.number, **values)

        await self.store.act(put, now=self.now())

    async def _confirmed(self, turn: Turn, leaving: Leaving) -> None:
        """Before it is told, what is in the parcel is kept: the same whenever it is told again."""
        values: dict[str, Any] = {"due_at": None, "told_at": self.now(), "reason": None}
        try:
            leaving = await self._filled(turn, leaving)
            confirm = partial(self.source.confirm_shipment, leaving.parcel)
            await asked(self.name, confirm, within=self.timeout)
        except UpstreamRefused as error:
            log.warning("markets.parcel_refused", market=self.name, parcel=leaving.parcel.key)
            values = {"due_at": None, "reason": error.code}
        except UpstreamError as error:
            at = self.now() + _wait(error, leaving.attempts)
            values = {"due_at": at, "reason": error.code, "attempts": leaving.attempts + 1}

        def put(work: Work) -> None:
            self._mine(work, turn)
            parcel_rows.change(work.connection, leaving.parcel.key, **values)

        await self.store.act(put, now=self.now())

    async def _filled(self, turn: Turn, leaving: Leaving) -> Leaving:
        """The parcel with its lines: all that has yet to leave, where nobody has said."""
        if leaving.parcel.lines:
            return leaving
        number = leaving.parcel.order
        ask = partial(self.source.numbered, [number])
        answer = await asked(self.name, ask, within=self.timeout)
        lines = [line for order in answer.rows for line in _left(order)]
        if not lines:
            raise UpstreamRefused("has no such order, or nothing of it has yet to leave")
        filled = leaving.with_lines(lines)

        def put(work: Work) -> None:
            self._mine(work, turn)
            parcel_rows.change(work.connection, filled.parcel.key, body=filled.body)

        await self.store.act(put, now=self.now())
        return filled

    @staticmethod
    def _mine(work: Work, turn: Turn) -> None:
        until = work.now + turn.lasting
        leases.put(work, market_sources, turn.name, turn.fence, leased_until=until)


def _left(order: MarketOrder) -> list[ShippedLine]:
    return [
        ShippedLine(reference=line.reference, quantity=line.quantity - line.shipped)
        for line in order.lines
        if not line.cancelled and line.quantity > line.shipped
    ]


def _wait(error: UpstreamError, attempts: int) -> timedelta:
    wait = backoff(attempts, FIRST_WAIT, LONGEST_WAIT)
    return max(wait, error.retry_after) if isinstance(error, UpstreamThrottled) else wait
