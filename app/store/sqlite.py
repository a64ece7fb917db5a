"""How is SQLite used by many tasks at once? One thread writes, in groups; a few read.

A commit that survives a power cut costs an fsync, whether it holds one act or a hundred. So the
writer takes every act that is waiting, runs each within a savepoint of its own, and commits them
together; an act is answered only after that. Several processes may share the file: each group
begins with the write lock (`BEGIN IMMEDIATE`).
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from app.store.auditing import Actor, acting_now
from app.store.trouble import told_as_unavailable
from app.store.work import StoreUnavailable, Work, conclude

T = TypeVar("T")
MOST_ACTS = 100  # of one group
READERS = 4
PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",  # NORMAL loses acknowledged commits when the power goes
    "busy_timeout = 5000",
    "foreign_keys = ON",
    "secure_delete = ON",  # what is deleted is overwritten
)


@dataclass(slots=True)
class _Act:
    change: Callable[[Work], Any]
    now: datetime
    by: Actor | None
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    result: Any = None
    error: Exception | None = None

    def settle(self) -> None:
        """Tell who waits; called on its loop."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class SqliteStore:
    """A `Store` in one file."""

    def __init__(self, url: str) -> None:
        self.engine = sqlite_engine(url)
        self._acts: queue.SimpleQueue[_Act | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-read")
        self._mine = threading.local()
        self._opened: list[Connection] = []
        self._writer = threading.Thread(target=self._write, name="store-write", daemon=True)
        self._writer.start()

    async def act(
        self, change: Callable[[Work], T], *, now: datetime, queue: Hashable | None = None
    ) -> T:
        """What a change returns, once it is committed; whoever waits shares a commit here."""
        del queue
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._acts.put(_Act(change, now, acting_now(), loop, future))
        return await future

    async def read(self, question: Callable[[Connection], T]) -> T:
        """The answer to a question about one state."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._answer, question)

    async def scrub(self) -> None:
        """Bring the log into the file, where deleted cells are zeros, and begin the log anew."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._readers, self._scrub)

    async def close(self) -> None:
        """Let what was asked be done, then end the threads."""
        self._acts.put(None)
        await asyncio.to_thread(self._writer.join)
        self._readers.shutdown()
        for connection in self._opened:
            connection.close()
        self.engine.dispose()

    def _answer(self, question: Callable[[Connection], T]) -> T:
        with told_as_unavailable():
            connection = getattr(self._mine, "connection", None) or self._reading()
            with _snapshot(connection):
                return question(connection)

    def _scrub(self) -> None:
        with told_as_unavailable(), self.engine.connect() as connection:
            done = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        if done[0]:
            raise StoreUnavailable("The store is being read: its log could not be begun anew.")

    def _reading(self) -> Connection:
        """A connection of this thread's own, for questions."""
        connection = self._mine.connection = self.engine.connect()
        connection.exec_driver_sql("PRAGMA query_only = ON")
        self._opened.append(connection)
        return connection

    def _write(self) -> None:
        connection: Connection | None = None
        while (group := self._waiting()) is not None:
            try:
                with told_as_unavailable():
                    connection = connection or self.engine.connect()
                    _commit(connection, group)
            except Exception as error:  # noqa: BLE001  each of those who wait is told
                for act in group:
                    act.error = error
            for act in group:
                with suppress(RuntimeError):  # its loop has ended: nobody waits
                    act.loop.call_soon_threadsafe(act.settle)
        if connection is not None:
            connection.close()

    def _waiting(self) -> list[_Act] | None:
        """What is waiting now, after waiting for the first; None at the end."""
        first = self._acts.get()
        if first is None:
            return None
        group = [first]
        while len(group) < MOST_ACTS and not self._acts.empty():
            following = self._acts.get()
            if following is None:
                self._acts.put(None)
                break
            group.append(following)
        return group


def sqlite_engine(url: str) -> Engine:
    """An engine whose transactions are begun by hand."""
    engine = create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(raw: Any, _record: Any) -> None:
        for pragma in PRAGMAS:
            raw.execute(f"PRAGMA {pragma}")

    return engine


@contextmanager
def _snapshot(connection: Connection) -> Iterator[None]:
    connection.exec_driver_sql("BEGIN")
    try:
        yield
    finally:
        connection.exec_driver_sql("ROLLBACK")


def _commit(connection: Connection, group: list[_Act]) -> None:
    """Run a group and commit it; when the commit fails nothing took place."""
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        for act in group:
            _run(connection, act)
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        with suppress(DBAPIError):
            connection.exec_driver_sql("ROLLBACK")
        raise


def _run(connection: Connection, act: _Act) -> None:
    connection.exec_driver_sql("SAVEPOINT act")
    try:
        work = Work(connection, act.now, act.by)
        with told_as_unavailable():
            act.result = act.change(work)
            conclude(connection, [work])
    except Exception as error:
        if not _in_transaction(connection):
            raise  # SQLite gave up the transaction of all by itself, as where the disk is full
        act.error = error
        connection.exec_driver_sql("ROLLBACK TO act")
    connection.exec_driver_sql("RELEASE act")


def _in_transaction(connection: Connection) -> bool:
    raw: Any = connection.connection.driver_connection
    return bool(raw.in_transaction)
