"""How do files come in? Each is read, understood, remembered and then moved out of the inbox.

A crash at any point leaves the file in the inbox, and reading it again changes nothing: what is
known depends on which files came, not on how often.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial
from typing import TypeVar

import structlog

from connectors.filedrop.arriving import Arriving
from connectors.filedrop.dating import Version
from connectors.filedrop.documents import MOST_TOLD, Answers, Mistake, StockList, Unreadable
from connectors.filedrop.drop import (
    At,
    Drop,
    DropError,
    MissingError,
    Seen,
    SilentError,
    TakenError,
    safe,
)
from connectors.filedrop.news import News
from connectors.filedrop.refusing import faults, put_aside
from connectors.filedrop.selling import SaleList
from connectors.filedrop.settings import Settings
from connectors.filedrop.shelving import Kept, Kind, archived, counting, sold
from connectors.filedrop.shelving import kept as shelved
from connectors.filedrop.sold import Sold
from connectors.filedrop.taking import Taker

log = structlog.get_logger()
T = TypeVar("T")
Taken = Callable[[Answers], Awaitable[None]]
ANOTHER = "another file of this name, date and sequence was taken before"


class Collector:
    """Looks into the inbox. `failure` is why the last look did not end well, if it did not."""

    def __init__(
        self, drop: Drop, settings: Settings, now: Callable[[], datetime], answered: Taken
    ) -> None:
        self.news = News()
        self.sold = Sold()
        self.failure: DropError | None = None
        self.looked = False
        self.refused: dict[str, str] = {}
        self.unread: dict[str, str] = {}  # orders of refused files, until they are told
        self.mistakes: tuple[Mistake, ...] = ()
        self._drop, self._settings, self._now, self._answered = drop, settings, now, answered
        self._taker = Taker(settings, now)
        self._arriving = Arriving(settings.pickup, now)
        self._lock = asyncio.Lock()
        self._known: set[str] = set()
        self._strange: set[str] = set()

    async def look(self, *, first: bool = False) -> None:
        """Take what has come; with `first` only where nobody has looked before.

        Raises:
            DropError: not everything could be looked at; `failure` remembers it.
        """
        async with self._lock:
            if first and self.looked:
                return
            try:
                await self._look()
            except DropError as error:
                self.failure = error
                raise
            except Exception as bug:
                self.failure = SilentError(f"could not be looked at ({type(bug).__name__})")
                raise
            self.failure, self.looked = None, True

    async def up_to_date(self) -> None:
        """What the last look found counts; where it found nothing out, neither do we say.

        Raises:
            DropError: why the last look did not end well.
        """
        if self.failure is not None:
            raise self.failure
        if not self.looked:
            await self.look(first=True)

    async def _look(self) -> None:
        folders = self._settings.folders
        there = [one for one in await self._drop.files(folders.inbox) if self._usable(one.name)]
        names = {one.name for one in await self._drop.files(folders.archive)}
        await self._remember(names)
        for one in self._arriving.complete(there):
            kind = self._kind(one.name)
            if kind is not None and await self._pick_up(one, kind, names):
                await self._unmark(self._arriving.markers(one.name, {each.name for each in there}))
        await self._unmark(self._arriving.orphans(there))

    def _usable(self, name: str) -> bool:
        if safe(name):
            return True
        if not name.startswith(".") and name not in self._strange:
            self._strange.add(name)
            log.warning("filedrop.name_refused", length=len(name))
        return False

    def _kind(self, name: str) -> Kind | None:
        stock, orders, sales = self._settings.stock, self._settings.orders, self._settings.sales
        if stock is not None and _fits(name, stock.full):
            return "F"
        if stock is not None and _fits(name, stock.delta):
            return "D"
        if orders is not None and _fits(name, orders.answers):
            return "A"
        if sales is not None and _fits(name, sales.files):
            return "S"
        if name not in self._strange:
            self._strange.add(name)
            log.warning("filedrop.file_of_no_kind", file=name)
        return None

    async def _remember(self, names: Collection[str]) -> None:
        """What was taken before we started, or by somebody else since."""
        if self._settings.stock is not None:
            for one in counting(names):
                await self._recall(one)
        if self._settings.sales is not None:
            since = self._now() - self._settings.sales.remembers
            self.sold.forget(since)
            for one in sold(names, since):
                await self._recall(one)

    async def _recall(self, one: Kept) -> None:
        if one.name in self._known:
            return
        try:
            data = await self._read(At(self._settings.folders.archive, one.name))
            if one.kind == "S":
                self._take_sales(one, await self._taker.sales(data, _set(self._settings.sales)))
            else:
                self._take(one, await self._taker.stock(data, _set(self._settings.stock)))
        except MissingError:
            return
        except Exception as error:  # noqa: BLE001  the others count all the same
            reason = f"{faults(error)[0]}"
            log.warning("filedrop.archive_unreadable", file=one.name, reason=reason)
            if one.kind != "S":
                self.refused[one.version.name] = "cannot be read from the archive any more"
        self._known.add(one.name)

    async def _pick_up(self, one: Seen, kind: Kind, names: set[str]) -> bool:
        """Take a file, or refuse it; whether it is put away."""
        at = At(self._settings.folders.inbox, one.name)
        try:
            data = await self._read(at)
            if len(data) != one.size:
                return False  # it is being written
            target, then = await self._understood(one, kind, data, names)
        except MissingError:
            return False  # somebody else has taken it
        except Exception as error:  # noqa: BLE001  the others come in all the same
            return await self._reject(one.name, kind, *faults(error))
        if not await self._keep(at, target, names):
            return False
        then()
        return True

    async def _understood(
        self, one: Seen, kind: Kind, data: bytes, names: set[str]
    ) -> tuple[str, Callable[[], None]]:
        """Take what it says; the name that it is kept under, and what is done once it is."""
        if kind == "A":
            return await self._heard_answers(one, data, names), _nothing
        if kind == "S":
            return await self._heard_sales(one, data, names)
        stock = _set(self._settings.stock)
        found = await self._taker.stock(data, stock)
        _check_mistakes(found.mistakes, skip=stock.bad_lines == "skip" and bool(found.levels))
        which = self._taker.version(one, stock.dates, found.as_of, found.sequence)
        kept = Kept(archived(which, kind), kind, which)
        await self._check_repeated(kept.name, data, names)
        if kind == "F":
            self._check_loss(which, found, stock.loses_at_most)
        self._take(kept, found)
        return kept.name, _nothing

    def _check_loss(self, which: Version, found: StockList, most: float) -> None:
        if self.news.full is not None and which <= self.news.full:
            return  # it changes nothing
        if (lost := self.news.lost(which, found)) > most:
            wrong = f"lacks {lost:.0%} of the SKUs that were known; at most {most:.0%} may go"
            raise Unreadable(Mistake(1, 1, wrong))

    async def _heard_answers(self, one: Seen, data: bytes, names: set[str]) -> str:
        orders = _set(self._settings.orders)
        found = await self._taker.answers(data, orders)
        _check_mistakes(found.mistakes, skip=orders.bad_lines == "skip" and bool(found.answers))
        which = self._taker.version(one, orders.dates, found.as_of)
        await self._check_repeated(archived(which, "A"), data, names)
        if found.mistakes:
            log.warning("filedrop.lines_skipped", file=one.name, count=len(found.mistakes))
        await self._answered(found)
        return archived(which, "A")

    async def _heard_sales(
        self, one: Seen, data: bytes, names: set[str]
    ) -> tuple[str, Callable[[], None]]:
        """Orders are told once their file is kept, as its name says after which others."""
        sales = _set(self._settings.sales)
        found = await self._taker.sales(data, sales)
        _check_mistakes(found.mistakes, skip=False)
        which = self._taker.version(one, sales.dates, found.as_of, found.sequence)
        ending = f"~{archived(which, 'S')}"
        if before := next((name for name in names if name.endswith(ending)), None):
            await self._check_repeated(before, data, names)
            return before, _nothing
        latest = max((each.arrival for each in map(shelved, names) if each), default=0)
        arrival = max(latest + 1, int(self._now().timestamp() * 1_000))
        kept = Kept(archived(which, "S", arrival), "S", which, arrival)
        return kept.name, partial(self._take_sales, kept, found)

    def _take_sales(self, kept: Kept, found: SaleList) -> None:
        self.sold.take(kept.arrival, kept.version, found)
        self._known.add(kept.name)

    async def _check_repeated(self, target: str, data: bytes, names: Collection[str]) -> None:
        if target in names:
            before = await self._read(At(self._settings.folders.archive, target))
            if before != data:
                raise Unreadable(Mistake(1, 1, ANOTHER))

    def _take(self, kept: Kept, found: StockList) -> None:
        newest = self.news.newest
        self.news.take(kept.version, found, full=kept.kind == "F")
        self._known.add(kept.name)
        if newest is None or kept.version > newest:
            self.refused.clear()
            self.mistakes = found.mistakes[:MOST_TOLD]
        if found.mistakes:
            log.warning("filedrop.lines_skipped", file=kept.version.name, count=len(found.mistakes))

    async def _keep(self, at: At, target: str, names: set[str]) -> bool:
        try:
            if target in names:
                log.info("filedrop.file_again", file=at.name)
                await self._drop.remove(at)
            else:
                await self._drop.move(at, At(self._settings.folders.archive, target))
                names.add(target)
        except (MissingError, TakenError):
            return False  # somebody else was quicker; the next look sees to it
        return True

    async def _reject(self, name: str, kind: Kind, *mistakes: Mistake) -> bool:
        wrong = f"{mistakes[0]}"
        if kind == "S":
            told = mistakes[:MOST_TOLD]
            self.unread |= {one.about: f"{one}" for one in told if one.about}
        else:
            self.refused[name] = wrong
        log.warning("filedrop.file_refused", file=name, count=len(mistakes), reason=wrong)
        return await put_aside(self._drop, self._settings.folders, name, mistakes, self._now())

    async def _read(self, at: At) -> bytes:
        return await self._drop.read(at, self._settings.limits.bytes)

    async def _unmark(self, markers: Iterable[str]) -> None:
        for name in list(markers):
            try:
                await self._drop.remove(At(self._settings.folders.inbox, name))
            except MissingError:
                continue


def _fits(name: str, patterns: Collection[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _set(settings: T | None) -> T:
    """Settings that are there, as a file of their kind is."""
    if settings is None:
        raise RuntimeError("a file of a kind that is not set up")
    return settings


def _nothing() -> None:
    return


def _check_mistakes(mistakes: Collection[Mistake], *, skip: bool) -> None:
    if mistakes and not skip:
        raise Unreadable(*mistakes)
