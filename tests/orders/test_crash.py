"""Gateways over HTTP in processes of their own; `python -m tests.orders.crash` does much more."""

import pytest

from tests.orders.crash.flash import BUYERS, PIECES, flash_sale
from tests.orders.crash.run import crash
from tests.orders.crash.sums import CARRIED

SOURCED = 20  # orders, at least one more: however slow the machine is, so many are waited for
COMPLETED = 3  # the same, of those that have left
pytestmark = pytest.mark.xdist_group("crash")


async def test_everything_adds_up_whoever_is_killed(address: str) -> None:
    outcome = await crash(address, kills=8, keys=60, sourced=SOURCED + 1, completed=COMPLETED + 1)

    assert outcome.violations == []
    assert outcome.kills >= 8
    assert sum(outcome.sums.states[state] for state in CARRIED) > SOURCED
    assert outcome.sums.states["COMPLETED"] > COMPLETED
    assert outcome.answers["SOLD_OUT"] > 2


async def test_a_dozen_buyers_of_two_pieces_buy_two(address: str) -> None:
    sale = await flash_sale(address, things=20)

    assert sale.violations == []
    assert sale.answers == {"BOUGHT": 20 * PIECES, "SOLD_OUT": 20 * (BUYERS - PIECES)}
