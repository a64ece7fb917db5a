"""How do files come in? Each is read, understood, remembered and then moved out of the inbox.

A crash at any point leaves the file in the inbox, and reading it again changes nothing: what is
known depends on which files came, not on how often.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import datetime
from fnmatch import fnmatchcase

import structlog

from connectors.filedrop.arriving import Arriving
from connectors.filedrop.dating import Version, version
from connectors.filedrop.documents import MOST_TOLD, Answers, Mistake, StockList, Unreadable
from connectors.filedrop.drop import (
    At,
    Drop,
    DropError,
    MissingError,
    Seen,
    TakenError,
    TooLargeError,
    safe,
)
from connectors.filedrop.news import News
from connectors.filedrop.reading import answers_of, stock_of
from connectors.filedrop.sections import Dates
from connectors.filedrop.settings import Settings
from connectors.filedrop.shelving import Kept, Kind, archived, counting, free
from connectors.filedrop.unpacking import unpacked

log = structlog.get_logger()
Taken = Callable[[Answers], Awaitable[None]]
ANOTHER = "another file of this name, date and sequence was taken before"


class Collector:
    """Looks into the inbox. `failure` is why the last look did not end well, if it did not."""

    def __init__(
        self, drop: Drop, settings: Settings, now: Callable[[], datetime], answered: Taken
    ) -> None:
        self.news = News()
        self.failure: DropError | None = None
        self.looked = False
        self.refused: dict[str, str] = {}
        self.mistakes: tuple[Mistake, ...] = ()
        self._drop, self._settings, self._now, self._answered = drop, settings, now, answered
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
            self.failure, self.looked = None, True

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
        stock, orders = self._settings.stock, self._settings.orders
        if stock is not None and _fits(name, stock.full):
            return "F"
        if stock is not None and _fits(name, stock.delta):
            return "D"
        if orders is not None and _fits(name, orders.answers):
            return "A"
        if name not in self._strange:
            self._strange.add(name)
            log.warning("filedrop.file_of_no_kind", file=name)
        return None

    async def _remember(self, names: Collection[str]) -> None:
        """What was taken before we started, or by somebody else since."""
        for one in counting(names):
            if one.name not in self._known and self._settings.stock is not None:
                try:
                    data = await self._read(At(self._settings.folders.archive, one.name))
                    found = await self._stock(data)
                except MissingError:
                    continue
                except (Unreadable, TooLargeError) as error:
                    log.warning("filedrop.archive_unreadable", file=one.name, reason=str(error))
                    self.refused[one.version.name] = "cannot be read from the archive any more"
                else:
                    self._take(one, found)
                self._known.add(one.name)

    async def _pick_up(self, one: Seen, kind: Kind, names: set[str]) -> bool:
        """Take a file, or refuse it; whether it is put away."""
        at = At(self._settings.folders.inbox, one.name)
        try:
            data = await self._read(at)
            if len(data) != one.size:
                return False  # it is being written
            target = await self._understood(one, kind, data, names)
        except MissingError:
            return False  # somebody else has taken it
        except TooLargeError:
            return await self._reject(one.name, [Mistake(1, 1, "the file is too large")])
        except Unreadable as unreadable:
            return await self._reject(one.name, unreadable.mistakes)
        return await self._keep(at, target, names)

    async def _understood(self, one: Seen, kind: Kind, data: bytes, names: set[str]) -> str:
        """Take what it says; the name that it is kept under."""
        if kind == "A":
            return await self._take_answers(one, data, names)
        stock = self._settings.stock
        if stock is None:
            raise RuntimeError("a stock list without settings of stock")
        found = await self._stock(data)
        _check_mistakes(found.mistakes, skip=stock.bad_lines == "skip" and bool(found.levels))
        which = self._version(one, stock.dates, found.as_of, found.sequence)
        kept = Kept(archived(which, kind), kind, which)
        await self._check_repeated(kept.name, data, names)
        if kind == "F":
            self._check_loss(which, found, stock.loses_at_most)
        self._take(kept, found)
        return kept.name

    def _check_loss(self, which: Version, found: StockList, most: float) -> None:
        if self.news.full is not None and which <= self.news.full:
            return  # it changes nothing
        if (lost := self.news.lost(which, found)) > most:
            wrong = f"lacks {lost:.0%} of the SKUs that were known; at most {most:.0%} may go"
            raise Unreadable(Mistake(1, 1, wrong))

    async def _take_answers(self, one: Seen, data: bytes, names: set[str]) -> str:
        orders = self._settings.orders
        if orders is None:
            raise RuntimeError("answers without settings of orders")
        limits = self._settings.limits
        plain = await asyncio.to_thread(unpacked, data, limits.bytes)
        found = await asyncio.to_thread(answers_of, plain, orders, most=limits.rows)
        _check_mistakes(found.mistakes, skip=orders.bad_lines == "skip" and bool(found.answers))
        which = self._version(one, orders.dates, found.as_of, 0)
        await self._check_repeated(archived(which, "A"), data, names)
        if found.mistakes:
            log.warning("filedrop.lines_skipped", file=one.name, count=len(found.mistakes))
        await self._answered(found)
        return archived(which, "A")

    async def _stock(self, data: bytes) -> StockList:
        limits, stock = self._settings.limits, self._settings.stock
        if stock is None:
            raise RuntimeError("a stock list without settings of stock")
        plain = await asyncio.to_thread(unpacked, data, limits.bytes)
        return await asyncio.to_thread(stock_of, plain, stock, most=limits.rows)

    def _version(self, one: Seen, dates: Dates, within: datetime | None, sequence: int) -> Version:
        return version(
            one.name,
            dates,
            within=within,
            modified=one.modified,
            now=self._now(),
            sequence=sequence,
        )

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

    async def _reject(self, name: str, mistakes: Collection[Mistake]) -> bool:
        folders = self._settings.folders
        there = {one.name for one in await self._drop.files(folders.rejected)}
        target = free(name, there)
        told = [str(one) for one in list(mistakes)[:MOST_TOLD]]
        more = [f"and {len(mistakes) - MOST_TOLD} more"] if len(mistakes) > MOST_TOLD else []
        why = [f"file: {name}", f"refused: {self._now().isoformat()}", *told, *more]
        reason = At(folders.rejected, f"{target}.reason.txt")
        await self._drop.write(reason, ("\n".join(why) + "\n").encode())
        self.refused[name] = told[0]
        log.warning("filedrop.file_refused", file=name, count=len(mistakes), reason=told[0])
        try:
            await self._drop.move(At(folders.inbox, name), At(folders.rejected, target))
        except (MissingError, TakenError):
            return False  # the next look sees to it
        return True

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


def _check_mistakes(mistakes: Collection[Mistake], *, skip: bool) -> None:
    if mistakes and not skip:
        raise Unreadable(*mistakes)
