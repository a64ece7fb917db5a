"""A partner sells what it was told that it may: with its goods, once, or not at all."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.store import Store
from app.values import Sku
from tests.partners.selling import (
    ACME,
    BUYER,
    MILAN,
    ZETA,
    A,
    a_shop,
    market,
)


async def test_an_order_is_placed_with_its_goods_and_carried_out_like_any_other(
    store: Store,
) -> None:
    async with market(store) as there:
        order = await there.placed(lines=[{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 1}])
        free, taken, shown = await there.free(), await there.taken(), await there.shown()
        await there.worked()
        [handed] = there.shop.book.values()
        text = "query Look($number: ID!) { order(number: $number) { number state } }"
        seen = await there.data(text, ACME, number=order["number"])

    assert (order["state"], order["reference"], order["partner"]) == ("PLACED", "R-1", "acme")
    assert order["total"] == {"amount": "45.00", "currency": "EUR"}
    assert (order["delivery"], order["payment"]) == ({"amount": "0"}, None)
    assert sorted(order["lines"], key=lambda line: str(line["sku"])) == [
        {
            "sku": "A",
            "quantity": 2,
            "locationCode": "DC",
            "priceList": "acme-eur",
            "unitPrice": {"amount": "12.50"},
        },
        {
            "sku": "B",
            "quantity": 1,
            "locationCode": "DC",
            "priceList": "acme-eur",
            "unitPrice": {"amount": "20.00"},
        },
    ]
    assert order["promised"] is not None
    assert (free, taken) == (7, (1, 0, 3))
    assert shown == {"A": 5, "B": 1, "C": 0}  # of nine and four, two are kept back
    assert handed.key == order["number"]
    assert handed.buyer.email == BUYER["email"]
    assert (handed.total.amount, handed.delivery.amount) == (Decimal(45), Decimal(0))
    assert seen == {"order": {"number": order["number"], "state": "SOURCED"}}


async def test_a_key_is_one_order_and_says_so_again(store: Store) -> None:
    async with market(store) as there:
        first = await there.placed()
        again = await there.placed()
        other = await there.place("R-2", idempotencyKey="the-key-of-order-R-1")
        twice = await there.place("R-1", idempotencyKey="another-key-for-the-same")
        short = await there.place("R-3", idempotencyKey="short")
        stranger = await there.place("R-1", ZETA)
        taken = await there.taken()

    assert again == first
    assert (other["__typename"], other["code"]) == (
        "IdempotencyKeyRefused",
        "IDEMPOTENCY_KEY_REUSED",
    )
    assert (twice["code"], twice["orderNumber"]) == ("REFERENCE_USED", first["number"])
    assert (short["code"], short["path"]) == ("INVALID_INPUT", ["input", "idempotencyKey"])
    assert stranger["__typename"] == "PartnerOrderPlaced"  # keys and references are each one's own
    assert stranger["order"]["number"] != first["number"]
    assert taken == (2, 0, 2)


async def test_asked_at_once_a_key_is_in_flight(store: Store) -> None:
    shop, entered, go_on = a_shop(), asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        entered.set()
        await go_on.wait()

    async with market(store, shop) as there:
        shop.wait = wait
        first = asyncio.create_task(there.place())
        await entered.wait()
        second = await there.place()
        go_on.set()
        placed = await first

    assert second["code"] == "IDEMPOTENCY_IN_PROGRESS"
    assert placed["__typename"] == "PartnerOrderPlaced"


def line(sku: str, quantity: int) -> dict[str, Any]:
    return {"lines": [{"sku": sku, "quantity": quantity}]}


FAR_AWAY = {**MILAN, "country": "US", "postalCode": "60601"}
NOWHERE = {**MILAN, "country": "FR"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (line("X", 1), {"code": "NOT_IN_ASSORTMENT", "skus": ["X"]}),
        (line("NONE", 1), {"code": "NOT_IN_ASSORTMENT", "skus": ["NONE"]}),
        (line("C", 1), {"code": "NOT_PRICED", "skus": ["C"]}),
        ({**line("B", 1), "currency": "GBP"}, {"code": "NOT_PRICED", "skus": ["B"]}),
        ({"currency": "USD"}, {"code": "CURRENCY_NOT_ALLOWED", "allowed": ["EUR", "GBP"]}),
        (
            line("A", 8),
            {
                "code": "INSUFFICIENT_STOCK",
                "shortages": [{"sku": "A", "asked": 8, "available": 7}],
            },
        ),
        (line("A", 0), {"code": "QUANTITY_INVALID", "path": ["input", "lines", "0", "quantity"]}),
        (line("A", -1), {"code": "QUANTITY_INVALID"}),
        (line("A", 10**9), {"code": "QUANTITY_INVALID"}),
        ({"lines": []}, {"code": "QUANTITY_INVALID", "path": ["input", "lines"]}),
        ({"lines": [*line("A", 1)["lines"] * 101]}, {"code": "QUANTITY_INVALID"}),
        (
            {"address": FAR_AWAY},
            {"code": "DESTINATION_NOT_SERVED", "path": ["input", "address"]},
        ),
        ({"address": NOWHERE}, {"code": "DESTINATION_UNKNOWN", "path": ["input", "address"]}),
        ({"reference": ""}, {"code": "INVALID_INPUT", "path": ["input", "reference"]}),
        ({"reference": "r" * 81}, {"code": "INVALID_INPUT", "path": ["input", "reference"]}),
        (
            {"buyer": {**BUYER, "email": "nobody"}},
            {"code": "INVALID_INPUT", "path": ["input", "buyer", "email"]},
        ),
        (
            {"preference": {}},
            {"code": "INVALID_INPUT", "path": ["input", "preference"]},
        ),
    ],
    ids=str,
)
async def test_what_is_refused_is_told_and_nothing_is_left_of_it(
    store: Store, given: dict[str, Any], told: dict[str, Any]
) -> None:
    async with market(store) as there:
        refused = await there.place("R-1", **given)
        taken, free = await there.taken(), await there.shown()
        placed = await there.placed("R-2")

    assert {name: refused[name] for name in told} == told
    assert taken == (0, 0, 0)
    assert free == {"A": 7, "B": 2, "C": 0}
    assert placed["state"] == "PLACED"


async def test_a_currency_of_its_own_is_settled_at_the_prices_of_that(store: Store) -> None:
    async with market(store) as there:
        order = await there.placed(currency="GBP")

    assert order["total"] == {"amount": "11.00", "currency": "GBP"}


async def test_it_sells_no_more_than_it_was_told_even_where_there_is_more(store: Store) -> None:
    async with market(store, a_shop(A=0)) as there:
        there.shop.levels = a_shop(A=100).levels
        shown = (await there.shown())["A"]
        refused = await there.place("R-1", **line("A", 2))
        placed = await there.placed("R-2")
        after = (await there.shown())["A"]
        await there.look()
        anew = (await there.shown())["A"]

    assert (shown, after, anew) == (1, 0, 100)
    assert refused["shortages"] == [{"sku": "A", "asked": 2, "available": 1}]
    assert placed["lines"][0]["quantity"] == 1


async def test_what_others_hold_is_not_the_partners_to_sell(store: Store) -> None:
    """Though it was told otherwise a moment ago."""
    async with market(store) as there:
        text = """mutation Hold($input: CartCreateInput!) { cartCreate(input: $input) {
          ... on CartChanged { cart { id version } } } }"""
        made = await there.data(text, {}, input={"lines": [{"sku": "A", "quantity": 57}]})
        cart = made["cartCreate"]["cart"]
        hold = (
            """mutation Hold($input: CartHoldInput!) { cartHold(input: $input) { __typename } }"""
        )
        given = {"cartId": cart["id"], "version": cart["version"]}
        held = await there.data(hold, {}, input=given)
        refused = await there.place()

    assert held == {"cartHold": {"__typename": "CartChanged"}}
    assert refused["shortages"] == [{"sku": "A", "asked": 1, "available": 0}]


async def test_units_come_from_its_own_locations_alone(store: Store) -> None:
    async with market(store, a_shop(A=2)) as there:
        order = await there.placed(**line("A", 3))
        refused = await there.place("R-2", **line("A", 1))

    at = {one["locationCode"]: one["quantity"] for one in order["lines"]}
    assert at in ({"ST-NEAR": 3}, {"DC": 2, "ST-NEAR": 1})
    assert refused["code"] == "INSUFFICIENT_STOCK"  # though there are fifty far away


async def test_silence_is_not_enough(store: Store) -> None:
    async with market(store) as there:
        there.shop.silent = True
        before = await there.shown()
        there.clock.now += timedelta(minutes=5)
        refused = await there.place()
        await there.look()
        after = await there.shown()
        untold = await there.place("R-2")

    assert (before["A"], after["A"]) == (7, None)
    assert (refused["code"], untold["code"]) == ("STOCK_UNKNOWN", "STOCK_UNKNOWN")
    assert refused["shortages"] == [{"sku": "A", "asked": 1, "available": None}]


async def test_many_at_once_sell_what_there_is_and_no_more(store: Store) -> None:
    async with market(store) as there:
        asked = [there.place(f"R-{n}", ACME if n % 2 else ZETA) for n in range(32)]
        done = await asyncio.gather(*asked)
        free, taken = await there.free(), await there.taken()

    placed = [one for one in done if one["__typename"] == "PartnerOrderPlaced"]
    mine = [one for one in placed if one["order"]["partner"] == "acme"]
    assert {one["code"] for one in done if one not in placed} <= {"INSUFFICIENT_STOCK"}
    assert len(placed) == taken[2] == 59 - free
    assert len(mine) <= 7
    assert len([one for one in placed if one not in mine]) == 16  # it may sell what is far away


async def test_an_order_is_stopped_once_by_number_or_reference(store: Store) -> None:
    async with market(store) as there:
        order = await there.placed()
        stopping = await there.cancel(reference="R-1")
        again = await there.cancel(reference="R-1")
        reused = await there.cancel(number=order["number"])
        await there.worked()
        stopped = await there.cancel(number=order["number"], idempotencyKey="k" * 20)
        taken = await there.taken()

    assert stopping["order"]["state"] == again["order"]["state"] == "CANCELLING"
    assert stopping["order"]["reason"] == "BUYER"
    assert reused["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert stopped["order"]["state"] == "CANCELLED"
    assert taken == (1, 0, 0)


async def test_what_is_not_its_own_cannot_be_stopped_and_looks_like_nothing(store: Store) -> None:
    async with market(store) as there:
        order = await there.placed()
        foreign = await there.cancel(ZETA, number=order["number"])
        unknown = await there.cancel(ZETA, number="NOTTHEREAT", idempotencyKey="k" * 20)
        named = await there.cancel(ZETA, reference="R-1", idempotencyKey="l" * 20)
        both = await there.cancel(number=order["number"], reference="R-1")
        neither = await there.cancel()

    assert foreign == unknown == named
    assert foreign["code"] == "ORDER_NOT_FOUND"
    assert both["code"] == neither["code"] == "INVALID_INPUT"


async def test_one_that_has_left_goes_on(store: Store) -> None:
    async with market(store) as there:
        order = await there.placed()
        await there.worked()
        there.shop.stops = False
        await there.cancel(number=order["number"])
        await there.worked()
        text = "query Look($number: ID!) { order(number: $number) { state } }"
        seen = await there.data(text, ACME, number=order["number"])

    assert seen == {"order": {"state": "SOURCED"}}


async def test_one_that_everybody_refuses_is_over_and_gives_back_its_goods(store: Store) -> None:
    async with market(store) as there:
        there.shop.refuses = True
        await there.placed()
        await there.worked()
        taken, free = await there.taken(), await there.free(Sku(A))
        again = await there.placed()

    assert (taken, free) == ((1, 0, 0), 9)
    assert (again["state"], again["reason"]) == ("CANCELLED", "REFUSED_UPSTREAM")
