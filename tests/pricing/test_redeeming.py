"""A coupon is redeemed as often as it may be, whoever wants it at once, and given back."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import Connection, select

from app.orders.model import CancelReason, OrderState
from app.pricing.redeeming import CouponUsedUp, Redemption, give_back, used_up, who
from app.pricing.tables import discount_redemptions, discount_uses
from app.principals.model import THE_HOUSE
from app.settings import Promotion
from app.store import Store
from app.values import CustomerId
from tests.orders.world import GOOD, World, opened, spot

BUYERS = 32
RULE = {"ten": Promotion.model_validate({"percent": 10, "coupon": "TEN", "limit": 1})}


def a_redemption(
    who: str = "customer:ada", limit: int | None = 1, each: int | None = None
) -> Redemption:
    return Redemption(promotion="ten", coupon="TEN", who=who, limit=limit, limit_each=each)


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    async with opened(store) as made:
        await made.stock(spot("shop"), on_hand=100)
        yield made


async def placed(world: World, key: str, *redeemed: Redemption, token: str = GOOD) -> str:
    purchase = replace(await world.purchase(key, token=token), redemptions=redeemed)
    return (await world.service.place(purchase)).order.number


async def counts(store: Store) -> dict[str, int]:
    """How often it was redeemed, in all and by each; what is written agrees with the orders."""

    def look(connection: Connection) -> dict[str, int]:
        uses = {row.who: row.used for row in connection.execute(select(discount_uses))}
        rows = Counter(connection.scalars(select(discount_redemptions.c.who)))
        assert uses.pop("", 0) == rows.total()
        assert {one: used for one, used in uses.items() if used} == dict(rows)
        return dict(rows)

    return await store.read(look)


async def test_of_many_buyers_at_once_as_many_as_the_limit_says_redeem_it(world: World) -> None:
    purchases = [
        replace(
            await world.purchase(f"b{number}"), redemptions=(a_redemption(f"customer:{number}"),)
        )
        for number in range(BUYERS)
    ]
    done = await asyncio.gather(
        *(world.service.place(one) for one in purchases), return_exceptions=True
    )

    lost = [one for one in done if isinstance(one, CouponUsedUp)]
    assert len(lost) == BUYERS - 1
    assert len([one for one in done if not isinstance(one, BaseException)]) == 1
    assert len(await world.orders()) == 1  # of those who lost nothing is left behind
    assert sum((await counts(world.store)).values()) == 1


async def test_a_customer_redeems_it_as_often_as_one_may(world: World) -> None:
    each = partial(a_redemption, limit=None, each=2)
    await placed(world, "one", each("customer:ada"))
    await placed(world, "two", each("customer:ada"))
    await placed(world, "three", each("customer:bob"))

    with pytest.raises(CouponUsedUp):
        await placed(world, "four", each("customer:ada"))
    assert await counts(world.store) == {"customer:ada": 2, "customer:bob": 1}


async def test_asked_again_by_the_same_key_it_is_redeemed_once(world: World) -> None:
    purchase = replace(await world.purchase("one"), redemptions=(a_redemption(),))
    first = await world.service.place(purchase)
    again = await world.service.place(purchase)

    assert again.order.number == first.order.number
    assert await counts(world.store) == {"customer:ada": 1}


async def test_a_cancelled_order_gives_it_back_for_another(world: World) -> None:
    number = await placed(world, "one", a_redemption())
    order = await world.service.cancel(number, CancelReason.BUYER)
    cancelled = await world.worked(order)

    assert cancelled.state is OrderState.CANCELLED
    assert await counts(world.store) == {}
    await placed(world, "two", a_redemption("customer:bob"))
    assert await counts(world.store) == {"customer:bob": 1}


async def test_an_order_that_is_not_paid_gives_it_back(world: World) -> None:
    number = await placed(world, "one", a_redemption(), token="tok_declined")

    assert (await world.service.find(number, by=THE_HOUSE)).state is OrderState.REFUSED
    assert await counts(world.store) == {}


async def test_it_is_given_back_once(world: World) -> None:
    number = await placed(world, "one", a_redemption(limit=5))
    await placed(world, "two", a_redemption(limit=5))
    for _ in range(2):
        await world.store.act(partial(give_back, order=number), now=world.clock())

    assert await counts(world.store) == {"customer:ada": 1}


async def test_what_is_used_up_is_known_before_anything_is_ordered(world: World) -> None:
    async def found(rule: dict[str, Promotion], whose: str | None) -> frozenset[str]:
        return await world.store.read(partial(used_up, promotions=rule, whose=whose))

    each = {"ten": RULE["ten"].model_copy(update={"limit": None, "limit_each": 1})}
    assert await found(RULE, None) == frozenset()
    await placed(world, "one", a_redemption())

    assert await found(RULE, None) == await found(RULE, "customer:bob") == {"ten"}
    assert await found(each, "customer:ada") == {"ten"}
    assert await found(each, "customer:bob") == await found(each, None) == frozenset()


def test_a_guest_is_known_by_an_address_that_is_not_written_down() -> None:
    assert who(CustomerId("c1"), "ada@example.com") == "customer:c1"
    assert who(None, None) is None
    known = who(None, " Ada@Example.com ")
    assert known == who(None, "ada@example.com") != who(None, "bob@example.com")
    assert who(None, "jose\u0301@MÜNCHEN.example") == who(None, "josé@xn--mnchen-3ya.example")
    assert known is not None
    assert "ada" not in known
    assert len(known) <= 80
