"""Is the store there? Without it the rest of the gateway is at work, and it is tried again."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy import Connection, text

from app.errors import MisconfiguredError
from app.store.opening import driven, open_store, upgrade
from app.store.work import Scrubbing, Store, StoreUnavailable, Work

T = TypeVar("T")
AGAIN = timedelta(seconds=1)  # between tries to open it
WITHIN = timedelta(seconds=1)  # for a word that it is there
# Our own questions are read-only transactions, of which transaction_read_only would tell nothing.
WRITABLE = {
    "postgresql": text(
        "SELECT NOT (pg_is_in_recovery()"
        " OR current_setting('default_transaction_read_only')::boolean)"
    ),
    "sqlite": text("SELECT 1"),
}
log = structlog.get_logger(__name__)


class StoreState(StrEnum):
    """What can be done with the store now, as `/readyz` says it."""

    READY = "ready"
    READ_ONLY = "the store takes no writes"
    SILENT = "the store does not answer"


class StandingStore:
    """A `Store` at an address, whether it can be opened yet or not.

    Without an address it is a file of the process's own, made anew and gone with it.
    """

    def __init__(self, url: str | None) -> None:
        """Nobody is called yet.

        Raises:
            MisconfiguredError: the address names no database of ours.
        """
        self._url = url
        if url is not None:
            driven(url)
        self._open: Store | None = None
        self._stack = AsyncExitStack()
        self.heard: list[Callable[[], None]] = []
        """Called after each act of this process that told something, once it is committed."""

    async def act(
        self, change: Callable[[Work], T], *, now: datetime, queue: Hashable | None = None
    ) -> T:
        """What a change returns, once it is committed."""
        told = False

        def noted(work: Work) -> T:
            nonlocal told
            result = change(work)
            told = bool(work.told)
            return result

        result = await self._opened().act(noted, now=now, queue=queue)
        if told:
            for hear in self.heard:
                hear()
        return result

    async def scrub(self) -> None:
        """Let nothing of what was deleted stand in its files, if it has any."""
        if isinstance(store := self._opened(), Scrubbing):
            await store.scrub()

    async def read(self, question: Callable[[Connection], T]) -> T:
        """The answer to a question about one state."""
        return await self._opened().read(question)

    @asynccontextmanager
    async def standing(self) -> AsyncIterator[None]:
        """Opened for as long as the block lasts, if it can be.

        Raises:
            MisconfiguredError: it is there, and of another version.
        """
        async with self._stack:
            try:
                await self._try_to_open()
            except StoreUnavailable:
                log.warning("store.not_opened")
            yield
        self._open = None

    async def keep(self) -> None:
        """Try to open it until it is."""
        while self._open is None:
            await asyncio.sleep(AGAIN.total_seconds())
            try:
                await self._try_to_open()
            except (StoreUnavailable, MisconfiguredError) as error:
                log.warning("store.not_opened", reason=str(error))
            except Exception as bug:  # noqa: BLE001  the next try may succeed
                log.error("store.bug", kind=type(bug).__name__)  # noqa: TRY400  it may hold values
            else:
                log.info("store.opened")

    async def state(self) -> StoreState:
        """Whether it is there, and says so in time, and takes what we would keep."""
        try:
            async with asyncio.timeout(WITHIN.total_seconds()):
                takes_writes = await self.read(_takes_writes)
        except (StoreUnavailable, TimeoutError):
            return StoreState.SILENT
        except Exception as bug:  # noqa: BLE001  whatever it is, nobody can work with it now
            log.error("store.bug", kind=type(bug).__name__)  # noqa: TRY400  it may hold values
            return StoreState.SILENT
        return StoreState.READY if takes_writes else StoreState.READ_ONLY

    def _opened(self) -> Store:
        if self._open is None:
            raise StoreUnavailable("The store does not answer. Try again later.")
        return self._open

    async def _try_to_open(self) -> None:
        url = self._url or await self._embedded()
        self._open = await self._stack.enter_async_context(open_store(url))

    async def _embedded(self) -> str:
        try:
            folder = tempfile.TemporaryDirectory(prefix="tessera-")
        except FileNotFoundError as error:
            raise MisconfiguredError(
                "store.url: the embedded store finds no folder for temporary files"
            ) from error
        self._stack.enter_context(folder)
        url = f"sqlite:///{Path(folder.name) / 'store.db'}"
        await upgrade(url)
        log.warning("store.embedded", hint="what it keeps is gone when the process ends")
        return url


def _takes_writes(connection: Connection) -> bool:
    return bool(connection.execute(WRITABLE[connection.dialect.name]).scalar_one())
