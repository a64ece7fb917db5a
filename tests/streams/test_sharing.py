"""Many have one answer, whatever becomes of the one that worked it out."""

import asyncio
from typing import Any

import pytest

from app.api.sharing import together


class Work:
    """Something that is worked out when it is let; `done` counts."""

    def __init__(self) -> None:
        self.begun = self.done = 0
        self.let = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> int:
        self.begun += 1
        await self.let.wait()
        if self.error is not None:
            raise self.error
        self.done += 1
        return self.done


def asking(shared: dict[Any, Any], work: Work, times: int) -> list["asyncio.Task[int]"]:
    return [asyncio.create_task(together(shared, "key", work)) for _ in range(times)]


async def test_it_is_worked_out_once() -> None:
    shared, work = dict[Any, Any](), Work()
    tasks = asking(shared, work, 3)
    await asyncio.sleep(0)
    work.let.set()

    assert await asyncio.gather(*tasks) == [1, 1, 1]
    assert await together(shared, "key", work) == 1
    assert work.begun == 1


async def test_what_never_waits_costs_nobody_a_turn() -> None:
    shared, work = dict[Any, Any](), Work()
    work.let.set()
    tasks = asking(shared, work, 3)
    await asyncio.sleep(0)

    assert [task.done() for task in tasks] == [True, True, True]


async def test_when_the_first_goes_away_another_does_it() -> None:
    shared, work = dict[Any, Any](), Work()
    first, *others = asking(shared, work, 3)
    await asyncio.sleep(0)
    first.cancel()
    work.let.set()

    assert await asyncio.gather(*others) == [1, 1]
    assert first.cancelled()
    assert work.begun == 2


async def test_one_that_waits_may_go_away() -> None:
    shared, work = dict[Any, Any](), Work()
    first, second, third = asking(shared, work, 3)
    await asyncio.sleep(0)
    second.cancel()
    work.let.set()

    assert [await first, await third] == [1, 1]
    assert work.begun == 1


async def test_a_failure_is_told_to_those_who_waited_only() -> None:
    shared, work = dict[Any, Any](), Work()
    work.error = LookupError()
    tasks = asking(shared, work, 2)
    await asyncio.sleep(0)
    work.let.set()
    for task in tasks:
        with pytest.raises(LookupError):
            await task
    work.error = None

    assert await together(shared, "key", work) == 1


async def test_after_a_while_it_is_worked_out_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.api.sharing.NEW", 0.0)
    shared, work = dict[Any, Any](), Work()
    work.let.set()
    await together(shared, "key", work)
    while shared:  # noqa: ASYNC110  it tells nobody
        await asyncio.sleep(0)

    assert await together(shared, "key", work) == 2
