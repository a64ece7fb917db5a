"""What has long been over is forgotten; nothing that anybody may still ask for is."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, select

from app.availability.tables import hold_lines, holds
from app.carts.sweeping import sweep
from app.carts.tables import cart_lines, carts, hand_overs
from app.store import Store
from app.store.tables import idempotency_keys
from tests.carts.shopping import Shopper, shopping

DAY = timedelta(days=1)
KEY = "4c1f6a52-5a0e-4c8e-9d6f-1b1a7c1d2e3f"
TABLES = (carts, cart_lines, hand_overs, idempotency_keys, holds, hold_lines)


@pytest.fixture
async def shopper(store: Store) -> AsyncIterator[Shopper]:
    async with shopping(store) as one:
        yield one


def counts(connection: Connection) -> list[int]:
    return [
        connection.execute(select(func.count()).select_from(table)).scalar_one() for table in TABLES
    ]


async def test_a_cart_and_all_that_was_its_own_goes_a_day_after_its_end(shopper: Shopper) -> None:
    cart = await shopper.new(SHIRT_M=1, COAT_L=1)
    cart = await shopper.cart("cartHold", cartId=cart["id"], version=1, idempotencyKey=KEY)
    await shopper("cartHandOver", cartId=cart["id"])
    assert await shopper.store.read(counts) == [1, 2, 1, 1, 1, 2]

    assert await shopper.store.act(sweep, now=shopper.clock.now) == 0
    assert await shopper.store.read(counts) == [1, 2, 1, 1, 1, 2]
    shopper.clock.passes(10 * DAY)
    await shopper.store.act(sweep, now=shopper.clock.now)
    assert await shopper.store.read(counts) == [1, 2, 0, 0, 1, 0]
    seen = await shopper.look(cart["id"], "version hold { id }")
    assert seen == {"version": 2, "hold": None}

    shopper.clock.passes(21 * DAY)
    assert await shopper.store.act(sweep, now=shopper.clock.now) == 1
    assert await shopper.store.read(counts) == [0] * 6
