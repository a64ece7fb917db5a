"""A worker goes on, whatever a round of its work comes to."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from app import upkeep
from app.events import retention
from app.settings import Events
from app.store import Store, StoreUnavailable
from app.store.rounds import Rounds
from tests.builders import NOON

HOUR = timedelta(hours=1)


async def test_it_goes_on_at_once_while_there_is_more_and_when_it_is_woken() -> None:
    rounds, resting = Rounds("tests", every=HOUR), asyncio.Event()
    more = [True, True, False, True, False]
    left = list(more)

    async def once() -> bool:
        said = left.pop(0)
        if not said:
            resting.set()
        return said

    working = asyncio.create_task(rounds.run(once))
    for wanted in (2, 0):
        await asyncio.wait_for(resting.wait(), 10)
        assert len(left) == wanted
        resting.clear()
        rounds.wake()
        if not left:
            break
    working.cancel()


async def test_what_fails_is_told_without_its_text_and_tried_again() -> None:
    rounds, done = Rounds("tests", every=timedelta(milliseconds=1), market="m"), asyncio.Event()
    failures = [StoreUnavailable("of Ada"), ValueError("of Ada")]

    async def once() -> bool:
        if failures:
            raise failures.pop(0)
        done.set()
        return False

    with capture_logs() as logs:
        working = asyncio.create_task(rounds.run(once))
        await asyncio.wait_for(done.wait(), 10)
        working.cancel()

    assert logs == [
        {
            "event": "tests.left",
            "kind": "StoreUnavailable",
            "market": "m",
            "log_level": "warning",
        },
        {"event": "tests.bug", "kind": "ValueError", "market": "m", "log_level": "error"},
    ]


class FailingAtFirst:
    """A store whose first act fails, for a reason that nobody knows."""

    def __init__(self) -> None:
        self.failures = [KeyError("of Ada")]
        self.done = asyncio.Event()

    async def act(self, _change: Any, **_said: Any) -> Any:
        if self.failures:
            raise self.failures.pop()
        self.done.set()
        return 0

    async def read(self, _question: Any) -> Any:
        raise AssertionError


async def swept(store: Store) -> None:
    await upkeep.keep_swept(store, lambda: NOON)


async def kept_short(store: Store) -> None:
    await upkeep.keep_log_short(store, lambda: NOON, Events())


@pytest.mark.parametrize(("keep", "topic"), [(swept, "sweep"), (kept_short, "retention")])
async def test_what_is_over_is_forgotten_though_it_failed_once(
    keep: Callable[[Store], Awaitable[None]], topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "SWEEP_EVERY", timedelta(milliseconds=1))
    monkeypatch.setattr(retention, "EVERY", timedelta(milliseconds=1))
    store: Any = FailingAtFirst()
    with capture_logs() as logs:
        keeping = asyncio.ensure_future(keep(store))
        await asyncio.wait_for(store.done.wait(), 10)
        keeping.cancel()

    assert logs == [{"event": f"{topic}.bug", "kind": "KeyError", "log_level": "error"}]
