"""Clients that do not read, and gateways that end; `python -m tests.events.stress` does more."""

import pytest

from tests.events.chaos.run import Plan as Rolling
from tests.events.chaos.run import chaos
from tests.events.stress.stuck import ENDS_WITHIN, Plan, leaving, slow

pytestmark = pytest.mark.xdist_group("crash")
SMALL = Plan(clients=6, rate=50, seconds=1)
TOO_SLOW = "Too slow: too many messages wait to be read; cursor="


async def test_who_does_not_read_is_cut_and_comes_back_for_the_rest(address: str) -> None:
    outcome = await slow(address, SMALL)

    assert outcome.wrong == []
    assert outcome.code == 1013
    assert outcome.reason.startswith(TOO_SLOW)
    assert outcome.cut_after < 10


async def test_a_gateway_ends_whoever_does_not_read_and_the_others_go_on(address: str) -> None:
    outcome = await leaving(address, SMALL)

    assert outcome.wrong == []
    assert outcome.ended_after < ENDS_WITHIN
    assert outcome.let_go == SMALL.clients
    assert outcome.told_place == SMALL.clients / 2


async def test_nothing_is_lost_while_gateways_are_restarted(address: str) -> None:
    servers = 1 if address.startswith("sqlite") else 2
    plan = Rolling(
        clients=10,
        seconds=12,
        events=120,
        kill_every=1.5,
        servers=servers,
        restless=100_000,
        gently=True,
    )
    outcome = await chaos(address, plan)

    assert outcome.wrong == []
    assert (outcome.gaps, outcome.duplicates, outcome.reorders) == (0, 0, 0)
    assert outcome.mirrors == plan.clients
    assert outcome.kills >= 1
    assert len(outcome.let_go) >= 5
    assert max(outcome.let_go) - min(outcome.let_go) > 0.2  # one after another
