"""How do many have one answer? The first works it out, the others wait for it."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
NEW = 1.0  # seconds: whoever comes later has a new answer


async def together(shared: dict[Any, Any], key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
    """The result of some work, done once for all who come at about the same time.

    Nobody is harmed when the first one goes away, and a failure is told to those who waited only.
    """
    mark = (key, asyncio.get_running_loop().time() // NEW)
    task: asyncio.Future[T] | None = shared.get(mark)
    if task is None:
        task = shared[mark] = asyncio.ensure_future(work())
        task.add_done_callback(lambda done: _dropped(shared, mark, done))
    return await asyncio.shield(task)


def _dropped(shared: dict[Any, Any], mark: Hashable, done: "asyncio.Future[Any]") -> None:
    if done.cancelled() or done.exception() is not None:
        shared.pop(mark, None)
