"""A partner sells no more than its limits allow, whoever asks at once, and sees what is left."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.errors import MisconfiguredError
from app.partners.limits import AllocationLimitExceeded, Sold, checked, left
from app.settings import parse
from app.settings.partnering import Limits
from app.store import Store
from app.values import Sku
from tests.partners.selling import DAY, LISTS, ZETA, a_shop, limited, market

A = Sku("A")
COUNTS = some.integers(0, 12)
LIMITS = some.builds(
    Limits,
    open_units=some.none() | COUNTS,
    units_a_day=some.none() | COUNTS,
    orders_a_day=some.none() | COUNTS,
)
SOLD = some.builds(
    lambda opened, today, orders: Sold(
        units_open={A: opened}, units_today={A: today}, orders_today=orders
    ),
    COUNTS,
    COUNTS,
    COUNTS,
)


@given(limits=LIMITS, sold=SOLD, units=some.integers(1, 15))
def test_what_is_left_is_what_may_be_asked(limits: Limits, sold: Sold, units: int) -> None:
    most = left(limits, sold, A)
    if most is None or units <= most:
        checked(limits, sold, {A: units})
        return
    with pytest.raises(AllocationLimitExceeded) as refused:
        checked(limits, sold, {A: units})
    assert refused.value.used + refused.value.asked > refused.value.most


@pytest.mark.parametrize(
    ("limits", "limit"),
    [
        ({"open_units": 5}, "OPEN_UNITS"),
        ({"units_a_day": 5}, "UNITS_A_DAY"),
        ({"orders_a_day": 5}, "ORDERS_A_DAY"),
    ],
)
async def test_of_many_at_once_those_that_fit_win(
    store: Store, limits: dict[str, int], limit: str
) -> None:
    async with market(store, a_shop(A=100), partners=limited(**limits)) as there:
        done = await asyncio.gather(*(there.place(f"R-{n}") for n in range(32)))
        taken, shown = await there.taken(), await there.shown()
        usage = await there.usage()

    refused = [one for one in done if one["__typename"] != "PartnerOrderPlaced"]
    assert taken == (5, 0, 5)
    assert {(one["code"], one["limit"], one["most"], one["used"]) for one in refused} == {
        ("ALLOCATION_LIMIT_EXCEEDED", limit, 5, 5)
    }
    assert len(refused) == 27
    assert shown["A"] == 0 or limit == "ORDERS_A_DAY"
    assert usage["ordersToday"] == usage["openOrders"] == 5
    assert usage["skus"] == [{"sku": "A", "openUnits": 5, "unitsToday": 5, "left": 0}]


async def test_what_may_still_be_sold_caps_what_is_shown(store: Store) -> None:
    partners = limited(open_units=3, units_a_day=4, orders_a_day=9)
    async with market(store, a_shop(A=100), partners=partners) as there:
        first = (await there.shown())["A"], (await there.shown(ZETA))["A"]
        await there.placed("R-1", lines=[{"sku": "A", "quantity": 2}])
        await there.look()
        second = (await there.shown())["A"]
        refused = await there.place("R-2", lines=[{"sku": "A", "quantity": 2}])
        await there.cancel(reference="R-1")
        await there.worked()
        await there.look()
        given_back = (await there.shown())["A"]
        await there.placed("R-3", lines=[{"sku": "A", "quantity": 3}])
        there.clock.now += DAY
        await there.look()
        tomorrow = (await there.shown())["A"]
        usage = await there.usage()
        there.clock.now += 14 * DAY
        await there.look()
        later = (await there.shown())["A"]

    assert first == (3, 153)
    assert second == 1
    assert (refused["limit"], refused["sku"], refused["asked"]) == ("OPEN_UNITS", "A", 2)
    assert given_back == 3
    assert tomorrow == 0  # they are open still
    assert (usage["ordersToday"], usage["openOrders"], usage["openUnits"]) == (0, 1, 3)
    assert later == 3  # nobody says that they are over, and they count for two weeks


async def test_an_order_that_is_done_is_not_open_any_more(store: Store) -> None:
    """At the limit: one in fulfilment counts, and no moment longer."""
    async with market(store, a_shop(A=100), partners=limited(open_units=3)) as there:
        orders = [await there.placed(f"R-{number}") for number in range(3)]
        await there.worked()
        full = await there.place("R-3")
        there.shop.left.add(orders[0]["number"])
        before = await there.usage()
        await there.followed()
        after = await there.usage()
        await there.look()
        shown = (await there.shown())["A"]
        one_more = await there.place("R-4")
        again = await there.place("R-5")

    assert (full["limit"], full["used"], full["most"]) == ("OPEN_UNITS", 3, 3)
    assert (before["openOrders"], before["openUnits"]) == (3, 3)
    assert (after["openOrders"], after["openUnits"], after["unitsToday"]) == (2, 2, 3)
    assert shown == 1
    assert one_more["__typename"] == "PartnerOrderPlaced"
    assert (again["limit"], again["used"]) == ("OPEN_UNITS", 3)


async def test_the_last_order_of_a_day_closes_it(store: Store) -> None:
    async with market(store, partners=limited(orders_a_day=1)) as there:
        before = (await there.shown())["A"]
        await there.placed("R-1")
        await there.cancel(reference="R-1")
        refused = await there.place("R-2")
        await there.look()
        shown = await there.shown()
        there.clock.now += DAY
        await there.look()
        placed = await there.placed("R-3")

    assert before == 7
    assert (refused["limit"], refused["sku"]) == ("ORDERS_A_DAY", None)
    assert shown["A"] == shown["B"] == 0
    assert placed["state"] == "PLACED"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"price_list": "acme-euro"}, r"partners.acme.price_list names .*did you mean 'acme-eur'"),
        ({"price_list": "acme-eur", "currencies": ["GBP"]}, r"partners.acme.currencies names"),
        ({"limits": {"open_units": -1}}, r"partners.acme.limits.open_units"),
        ({"limits": {"open_unit": 1}}, r"open_unit"),
    ],
)
def test_mistakes_of_the_settings_are_told(changes: dict[str, Any], problem: str) -> None:
    document = {
        "connections": {"shop": {"connector": "sandbox"}},
        "bind": {"catalogue": "shop", "prices": "shop"},
        "channels": {
            "WEB": {"currency": "EUR", "country": "IT", "locale": "it"},
            "UK": {"currency": "GBP", "country": "GB", "locale": "en"},
        },
        "pricing": {"lists": LISTS},
        "partners": {"acme": changes},
    }
    with pytest.raises(MisconfiguredError, match=problem):
        parse(document)
