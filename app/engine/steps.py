"""What if a coroutine never waits? Then tasks and time limits are for nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float, going: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns; its time is limited from when it first waits.

    Raises:
        TimeoutError: it took longer, and was cancelled.
    """
    try:
        waits_for = going.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    async with asyncio.timeout(seconds):
        return await resumed(going, waits_for)


async def noticed(going: Awaitable[T]) -> tuple[T, bool]:
    """What it returns, and whether it waited for anything."""
    steps: Any = going  # a coroutine, or what is as good as one, such as `anext` of a generator
    try:
        waits_for = steps.send(None)
    except StopIteration as done:
        return done.value, False
    return await resumed(steps, waits_for), True


def begun(going: Coroutine[Any, Any, None]) -> Awaitable[None] | None:
    """Take the first step; what is left to be done, by any task, or None where that was all."""
    try:
        waits_for = going.send(None)
    except StopIteration:
        return None
    return resumed(going, waits_for)


class Rest(Coroutine[Any, Any, T]):
    """A coroutine after its first step, for a task of its own.

    A task that is cancelled before it runs throws into what never began, which is none of ours: it
    has begun, and has to be told.
    """

    def __init__(self, going: Coroutine[Any, Any, T], waits_for: Any) -> None:
        self._going = going
        self._waits_for = waits_for
        self._told = False  # the task, what it waits for

    def send(self, value: Any) -> Any:
        """Go on, once what it waits for is there."""
        if self._told:
            return self._going.send(value)
        self._told = True
        return self._waits_for

    def throw(self, *error: Any) -> Any:
        """Be cancelled, whether the task ran before or not."""
        self._told = True
        return self._going.throw(*error)

    def close(self) -> None:
        """End."""
        self._going.close()

    def __await__(self) -> Generator[Any, Any, T]:
        return (yield from resumed(self._going, self._waits_for))


@coroutine
def resumed(going: Coroutine[Any, Any, T], waits_for: Any) -> Generator[Any, Any, T]:
    """A coroutine after its first step, for whoever runs it from now on."""
    step: Callable[[Any], Any]
    while True:
        try:
            told, step = (yield waits_for), going.send
        except BaseException as error:  # noqa: BLE001  it is thrown where it waits
            told, step = error, going.throw
        try:
            waits_for = step(told)
        except StopIteration as done:
            result: T = done.value
            return result
