"""Who would wait for the same rows? Acts that would, in one process, share a transaction.

By itself each of them holds a connection while it waits for the lock of the one before. So acts of
one queue go one transaction after another, and each takes along all that came meanwhile: every one
within a savepoint of its own, in the order they came, with an outcome of its own. What they tell is
written at the end, so that the head of the log is locked for a moment only.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.store.auditing import Actor, acting_now
from app.store.trouble import told_as_unavailable
from app.store.work import Work, conclude

T = TypeVar("T")
MOST = 50  # acts of one transaction
TRY_AGAIN = {"40001", "40P01"}  # serialization failure, deadlock


@dataclass(slots=True)
class Waiting:
    """An act, and who waits for it."""

    change: Callable[[Work], Any]
    now: datetime
    by: Actor | None
    future: "asyncio.Future[Any]"


@dataclass(slots=True)
class Ran:
    """What came of an act, once the transaction is committed; its `work`, unless it failed."""

    result: Any = None
    error: Exception | None = None
    work: Work | None = None


def run(connection: Connection, group: list[Waiting]) -> list[Ran]:
    """Run acts one after another; one that fails leaves nothing behind.

    Raises:
        DBAPIError: they are to be run again.
    """
    ran = [_run(connection, one) for one in group]
    conclude(connection, [one.work for one in ran if one.work is not None])
    return ran


def _run(connection: Connection, one: Waiting) -> Ran:
    work, savepoint = Work(connection, one.now, one.by), connection.begin_nested()
    try:
        with told_as_unavailable(but=worth_another_try):
            result = one.change(work)
        savepoint.commit()
    except Exception as error:
        if worth_another_try(error) or not savepoint.is_active:
            raise  # this is no matter of one act
        savepoint.rollback()
        return Ran(error=error)
    return Ran(result, work=work)


def worth_another_try(error: BaseException) -> bool:
    """Nothing took place, and doing it again may succeed."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", "") in TRY_AGAIN


Together = Callable[[list[Waiting]], Awaitable[list[Ran]]]


@dataclass(slots=True)
class Queues:
    """The acts that wait, by queue. `together` runs some in one transaction."""

    together: Together
    _waiting: dict[Hashable, deque[Waiting]] = field(default_factory=dict)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def act(self, queue: Hashable, change: Callable[[Work], T], now: datetime) -> T:
        """What a change returns, once it is committed with those that waited beside it."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        one = Waiting(change, now, acting_now(), future)
        if (others := self._waiting.get(queue)) is not None:
            others.append(one)
        else:
            self._waiting[queue] = deque([one])
            task = asyncio.create_task(self._work(queue))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await future

    async def _work(self, queue: Hashable) -> None:
        waiting = self._waiting[queue]
        try:
            while waiting:
                group = [waiting.popleft() for _ in range(min(MOST, len(waiting)))]
                await self._answered(group)
        finally:
            del self._waiting[queue]

    async def _answered(self, group: list[Waiting]) -> None:
        try:
            ran = await self.together(group)
        except Exception as error:  # noqa: BLE001  each of those who wait is told
            for one in group:
                _settle(one.future, None, error)
            return
        for one, found in zip(group, ran, strict=True):
            _settle(one.future, found.result, found.error)


def _settle(future: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
    if future.done():  # who asked has gone
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
