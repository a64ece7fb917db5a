"""Is the client of a request still there? What nobody waits for any more is not done.

Only what lasts a moment is watched: an answer that is there at once costs nothing more.
"""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from starlette.types import Receive

from app.engine.steps import resumed

T = TypeVar("T")
MOMENT = 0.05  # seconds
WATCHING = "watching for the client to leave"  # the task that does


class ClientLeft(Exception):  # noqa: N818  nobody is there to be told of a failure
    """The client closed its connection before it was answered."""


async def attended(receive: Receive, going: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns; from when it first waits, it is given up if the client leaves.

    Raises:
        ClientLeft: it did.
    """
    try:
        waits_for = going.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    async with Attended(receive):
        return await resumed(going, waits_for)


class Attended:
    """Cancels what is done within when the client leaves, and makes that a `ClientLeft`.

    The body of the request has been received, so what comes next on `receive` is the end.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._left = False
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.current_task()
        self._later = asyncio.get_running_loop().call_later(MOMENT, self._watch)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _raised: object, _where: TracebackType | None
    ) -> None:
        self._later.cancel()
        if self._watching is not None:
            self._watching.cancel()
        if self._left and self._task is not None:
            alone = self._task.uncancel() == 0
            if kind is asyncio.CancelledError and alone:
                raise ClientLeft

    def _watch(self) -> None:
        self._watching = asyncio.create_task(self._until_left(), name=WATCHING)

    async def _until_left(self) -> None:
        message = await self._receive()
        if message["type"] == "http.disconnect" and self._task is not None:
            self._left = True
            self._task.cancel()
