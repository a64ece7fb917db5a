"""A time limit that costs nothing where nobody waits."""

import asyncio

import pytest

from app.engine.steps import Rest, within


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


@pytest.mark.parametrize("turns", [0, 1, 2])
async def test_what_has_begun_is_told_of_its_end_even_before_its_task_runs(turns: int) -> None:
    ended = list[str]()

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)  # cleaning up may wait as well
            ended.append("cancelled")
            raise

    going = waits()
    task = asyncio.create_task(Rest(going, going.send(None)))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["cancelled"]


async def test_what_has_begun_goes_on_in_a_task_or_where_it_is_awaited() -> None:
    async def waits() -> int:
        await asyncio.sleep(0)
        return await asyncio.wait_for(asyncio.sleep(0, 7), 5)

    first, second = waits(), waits()
    in_task = asyncio.create_task(Rest(first, first.send(None)))

    assert await Rest(second, second.send(None)) == 7
    assert await in_task == 7
