"""How many units have we promised ourselves, which no upstream knows of? Holds and orders.

Whoever asks in the same turn of the loop asks together: an operation costs one question to the
store, whatever it has in it.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

from app.availability import repository
from app.availability.model import Promises
from app.errors import UpstreamUnavailable
from app.store import Store, StoreUnavailable
from app.upstream.report import Report
from app.values import LocationCode, Sku

ByLocation = Mapping[LocationCode, Promises]
Found = Mapping[Sku, ByLocation]
NONE: Found = MappingProxyType({})
NOWHERE: ByLocation = MappingProxyType({})
MOST_KNOWN = 50_000  # SKUs
STORE = "store"  # what its failures are told under, as those of connections are
WITHIN = timedelta(seconds=1)
REST = timedelta(seconds=2)  # after a failure nobody is kept waiting
SILENT = "does not answer, so that what is held may be counted as available"


@dataclass(slots=True)
class _Question:
    skus: set[Sku] = field(default_factory=set)
    answer: "asyncio.Future[Found | None]" = field(default_factory=asyncio.Future)


class Promised:
    """Asks the store; one that is silent for long keeps nobody waiting.

    What it said stays true for as long as stock does, for who only looks (`fresh_for`); holds are
    placed by what is true at that moment.
    """

    def __init__(
        self,
        store: Store,
        *,
        now: Callable[[], datetime],
        fresh_for: timedelta = timedelta(),
    ) -> None:
        self._store = store
        self._now = now
        self._fresh_for = fresh_for
        self._known: dict[Sku, tuple[datetime, ByLocation]] = {}
        self._edition = 0  # of what was held or released here
        self._silent_until = datetime.min.replace(tzinfo=UTC)
        self._next: dict[str | None, _Question] = {}
        self._asking: set[asyncio.Task[Any]] = set()

    def ask(self, skus: Collection[Sku], holder: str | None) -> "asyncio.Future[Found | None]":
        """What is promised of SKUs to others than the `holder`; None where nobody says."""
        if holder is None and (known := self._remembered(skus)) is not None:
            answered: asyncio.Future[Found | None] = asyncio.Future()
            answered.set_result(known)
            return answered
        if (question := self._next.get(holder)) is None:
            question = self._next[holder] = _Question()
            asyncio.get_running_loop().call_soon(self._send, holder)
        question.skus.update(skus)
        return question.answer

    async def answered(self, asked: "asyncio.Future[Found | None]", report: Report) -> Found:
        """The answer; a store that is silent is told, and nothing is taken for promised."""
        if not asked.done():
            await asyncio.wait({asked})  # that one caller goes away is no matter of the others
        if (found := asked.result()) is None:
            report.failed(STORE, UpstreamUnavailable(SILENT))
            return NONE
        return found

    def forget(self) -> None:
        """Something was held or released here: ask again."""
        self._edition += 1
        self._known.clear()

    def _remembered(self, skus: Collection[Sku]) -> Found | None:
        since = self._now() - self._fresh_for
        found = {}
        for sku in skus:
            known = self._known.get(sku)
            if known is None or known[0] <= since:
                return None
            if known[1]:
                found[sku] = known[1]
        return found

    def _remember(self, skus: Collection[Sku], found: Found, asked_at: datetime) -> None:
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        self._known |= {sku: (asked_at, found.get(sku, NOWHERE)) for sku in skus}

    def _send(self, holder: str | None) -> None:
        question = self._next.pop(holder)
        task = asyncio.create_task(self._read(question, holder))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _read(self, question: _Question, holder: str | None) -> None:
        found: Found | None = None
        try:
            if self._now() >= self._silent_until:
                found = await self._found(question.skus, holder)
        except (StoreUnavailable, TimeoutError):
            self._silent_until = self._now() + REST
        except Exception as bug:  # noqa: BLE001  it is the callers' answer
            question.answer.set_exception(bug)
            return
        question.answer.set_result(found)

    async def _found(self, skus: Collection[Sku], holder: str | None) -> Found:
        edition, now = self._edition, self._now()
        asked = partial(repository.promised, skus=skus, now=now, holder=holder)
        async with asyncio.timeout(WITHIN.total_seconds()):
            found = _by_sku(await self._store.read(asked))
        if holder is None and edition == self._edition:
            self._remember(skus, found, now)
        return found


def _by_sku(rows: Collection[repository.PromisedRow]) -> Found:
    found: dict[Sku, dict[LocationCode, Promises]] = {}
    for row in rows:
        places = found.setdefault(row.spot.sku, {})
        before = places.get(row.spot.location, Promises())
        places[row.spot.location] = before.with_(row.quantity, row.known_at, ordered=row.ordered)
    return found
