"""Orders survive the deaths of their processes; `python -m tests.orders.crash` does much more."""

import pytest

from tests.orders.crash.run import crash

pytestmark = pytest.mark.xdist_group("crash")


async def test_everything_adds_up_whoever_is_killed(address: str) -> None:
    outcome = await crash(address, kills=8, keys=60)

    assert outcome.violations == []
    assert outcome.kills >= 8
    assert outcome.sums.states["SOURCED"] > 20
    assert outcome.answers["SOLD_OUT"] > 2
