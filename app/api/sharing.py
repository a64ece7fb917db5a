"""How do many have one answer? The first works it out, the others wait for it."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
NEW = 1.0  # seconds: whoever comes later has a new answer


async def together(shared: dict[Any, Any], key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
    """The result of some work, done once for all who come at about the same time.

    The first does it itself: what never waits costs nobody a turn. If that one goes away, another
    of those who wait does it anew; a failure is told to those who waited only.
    """
    while (answer := _kept(shared, key)) is not None:
        if not answer.done():
            await asyncio.wait({answer})
        if not answer.cancelled():
            result: T = answer.result()
            return result
    return await _worked_out(shared, key, work)


def _kept(shared: dict[Any, Any], key: Hashable) -> "asyncio.Future[Any] | None":
    answer: asyncio.Future[Any] | None = shared.get(key)
    return answer


async def _worked_out(shared: dict[Any, Any], key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
    loop = asyncio.get_running_loop()
    answer = shared[key] = loop.create_future()
    loop.call_later(NEW, _forget, shared, key, answer)
    try:
        result = await work()
    except BaseException as error:
        _forget(shared, key, answer)
        if isinstance(error, Exception):
            answer.set_exception(error)
            answer.exception()  # nobody may have waited
        else:
            answer.cancel()
        raise
    answer.set_result(result)
    return result


def _forget(shared: dict[Any, Any], key: Hashable, answer: "asyncio.Future[Any]") -> None:
    if shared.get(key) is answer:
        del shared[key]
