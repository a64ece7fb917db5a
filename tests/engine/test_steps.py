"""A time limit that costs nothing where nobody waits."""

import asyncio

import pytest

from app.engine.steps import within


async def test_what_does_not_wait_needs_no_time() -> None:
    async def at_once() -> str:
        return "done"

    assert await within(0, at_once()) == "done"


async def test_what_waits_goes_on_and_gives_its_answer() -> None:
    order = list[str]()

    async def waits() -> int:
        order.append("begun")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return 7

    assert (await within(10, waits()), order) == (7, ["begun"])


async def test_what_takes_too_long_is_cancelled() -> None:
    ended = asyncio.Event()

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(TimeoutError):
        await within(0, waits())
    assert ended.is_set()


@pytest.mark.parametrize("pause", [False, True])
async def test_what_is_raised_is_raised(*, pause: bool) -> None:
    async def fails() -> None:
        if pause:
            await asyncio.sleep(0)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await within(10, fails())


async def test_whoever_is_cancelled_cancels_what_goes_on() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def waits() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(within(10, waits()))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
