"""A worker goes on, whatever a round of its work comes to."""

import asyncio
from datetime import timedelta

from structlog.testing import capture_logs

from app.store import StoreUnavailable
from app.store.rounds import Rounds

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
