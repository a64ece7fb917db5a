"""Gateways are killed, connections cut, Redis emptied; `python -m tests.events.chaos` does more."""

import pytest

from tests.events.chaos.run import Outcome, Plan, chaos
from tests.redis import redis_for_tests

pytestmark = pytest.mark.xdist_group("crash")
SMALL = {"clients": 8, "seconds": 6, "events": 120, "kill_every": 2.5, "restless": 40}


async def test_nothing_is_missed_whoever_is_killed(address: str) -> None:
    if address.startswith("sqlite"):
        check(await chaos(address, Plan(**SMALL, servers=1)))  # type: ignore[arg-type]  # above
        return
    with redis_for_tests() as redis:
        outcome = await chaos(address, Plan(**SMALL, servers=2, redis=redis))  # type: ignore[arg-type]
    check(outcome)
    assert outcome.redis >= 1


def check(outcome: Outcome) -> None:
    assert outcome.wrong == []
    assert (outcome.gaps, outcome.duplicates, outcome.reorders) == (0, 0, 0)
    assert outcome.mirrors == SMALL["clients"]
    assert outcome.events >= SMALL["events"]
    assert outcome.kills >= 1
    assert outcome.connections > 2 * SMALL["clients"]
