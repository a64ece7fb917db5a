"""Who reads the receipts of tills? Whoever's turn it is, from where the last one has come to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import update

from app.errors import GatewayError, InvalidInputError, UpstreamError
from app.loyalty import tills
from app.loyalty.tables import receipt_cursors as cursors
from app.ports import ReceiptPage, ReceiptSource
from app.settings import Loyalty
from app.store import Store, Work
from app.store.rounds import Rounds
from app.store.statements import inserting
from app.upstream.asking import asked

log = structlog.get_logger(__name__)
PAGE = 100  # receipts of one transaction


class TurnLostError(GatewayError):
    """Somebody else has read on; nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Till:
    """A source of receipts, guarded. `timeout` bounds one question to it."""

    name: str
    source: ReceiptSource
    timeout: timedelta


@dataclass(frozen=True, slots=True)
class _Turn:
    """From where a source is read, and the number of the turn."""

    cursor: str | None
    version: int


@dataclass(slots=True, kw_only=True)
class ReceiptReader:
    """Reads until it is cancelled. Any number may run, in any number of processes.

    Receipts and the cursor behind them are written in one transaction, so each counts once. A page
    that is read twice changes nothing.
    """

    store: Store
    tills: Mapping[str, Till]
    rules: Loyalty
    now: Callable[[], datetime]

    async def run(self) -> None:
        """Work; a store or a source that does not answer is asked again."""
        if self.tills:
            await Rounds("receipts", every=self.rules.every).run(self.round)

    async def round(self) -> bool:
        """A page of each source whose turn it is; whether there is more by now."""
        more = [await self._read(till) for till in self.tills.values()]
        claimed = await self.store.act(partial(tills.claim, rules=self.rules), now=self.now())
        return any(more) or claimed == tills.MOST_CLAIMED

    async def _read(self, till: Till) -> bool:
        turn = await self.store.act(partial(self._taken, till=till), now=self.now())
        if turn is None:
            return False
        try:
            page = await self._page(till, turn.cursor)
        except UpstreamError as error:
            log.warning("receipts.not_read", connection=till.name, code=error.code)
            return False
        keep = partial(self._kept, till=till, turn=turn, page=page)
        try:
            await self.store.act(keep, now=self.now())
        except TurnLostError:
            return False
        passed = [one for one in page.receipts if not tills.kept(one)]
        if left := len(page.rejected) + len(passed):
            log.warning("receipts.passed_over", connection=till.name, count=left)
        return page.more

    async def _page(self, till: Till, cursor: str | None) -> ReceiptPage:
        """What follows a cursor; from the beginning where the source does not know it any more."""
        try:
            return await self._asked(till, cursor)
        except InvalidInputError:
            log.warning("receipts.from_the_beginning", connection=till.name)
            return await self._asked(till, None)

    async def _asked(self, till: Till, cursor: str | None) -> ReceiptPage:
        ask = partial(till.source.receipts, cursor, first=PAGE)
        return await asked(till.name, ask, within=till.timeout)

    def _taken(self, work: Work, till: Till) -> _Turn | None:
        """The turn, which is somebody else's again when we do not come back in time."""
        row = {"source": till.name, "cursor": None, "version": 0, "due_at": work.now}
        new = inserting(work.connection, cursors).values(row)
        work.connection.execute(new.on_conflict_do_nothing())
        mine = update(cursors).where(cursors.c.source == till.name, cursors.c.due_at <= work.now)
        until = work.now + 2 * till.timeout + self.rules.every
        taken = mine.values(version=cursors.c.version + 1, due_at=until)
        found = work.connection.execute(taken.returning(*cursors.c)).one_or_none()
        return None if found is None else _Turn(found.cursor, found.version)

    def _kept(self, work: Work, till: Till, turn: _Turn, page: ReceiptPage) -> None:
        mine = update(cursors).where(
            cursors.c.source == till.name, cursors.c.version == turn.version
        )
        due_at = work.now if page.more else work.now + self.rules.every
        kept = mine.values(cursor=page.cursor, due_at=due_at)
        if not work.connection.execute(kept).rowcount:
            raise TurnLostError(till.name)
        tills.record(work, till.name, page.receipts, self.rules)
