"""What a cart costs is what its order costs, to the last cent, for the buyer and for every sink."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.availability.model import Spot
from app.main import utc_now
from app.orders.model import Handing, HandingState
from app.orders.replacing import parts
from app.ports import SoldLine
from app.pricing.amounts import Units, placed, together
from app.values import CurrencyCode, Discount, LocationCode, Money, Sku
from connectors.tryton.order_mapping import Goods, lines
from tests.gateways import sandbox_gateway
from tests.orders.test_ordering import CANCEL, Shopper

EUR = CurrencyCode("EUR")
CART = "id version total { amount } discounts { rule amount { amount } }"
ORDER = """number total { amount } delivery { amount } lines { sku quantity unitPrice { amount }
  subtotal { amount } total { amount } discounts { rule amount { amount } } locationCode }"""
PLACED = f"""__typename ... on Problem {{ code path }} ... on PriceChanged {{ before {{ amount }} }}
  ... on DiscountCodeRefused {{ discountCode }}
  ... on OrderPlaced {{ accessToken order {{ {ORDER} state }} }}
  ... on PaymentDeclined {{ order {{ state }} }}"""
PLACE = (
    f"mutation Do($input: OrderPlaceInput!) {{ done: orderPlace(input: $input) {{ {PLACED} }} }}"
)
ONE_OFF = {"one": {"amount": {"EUR": "1.00"}}}
COUPON = {"once": {"percent": "10", "coupon": "ONCE", "limit": 1}}


def euro(amount: str | Decimal) -> Money:
    return Money(Decimal(amount), EUR)


def sold(quantity: int, price: str, *off: str, at: str = "WH-1") -> SoldLine:
    return SoldLine(
        sku=Sku("SHIRT"),
        quantity=quantity,
        unit_price=euro(price),
        location=LocationCode(at),
        discounts=tuple(Discount(f"r{number}", euro(one)) for number, one in enumerate(off)),
    )


def test_units_that_cannot_cost_the_same_are_two_lots_that_make_up_the_total() -> None:
    line = sold(3, "10.00", "1.00")

    assert line.total == euro("29.00")
    assert line.lots == ((2, euro("9.67")), (1, euro("9.66")))
    assert sold(3, "10.00", "3.00").lots == ((3, euro("9.00")),)
    assert sold(3, "8.1967").lots == ((3, euro("8.1967")),)  # without a discount as it was agreed


@given(st.integers(1, 500), st.integers(0, 99_999), st.data())
def test_lots_make_up_the_total_whatever_is_taken_off(
    quantity: int, cents: int, data: st.DataObject
) -> None:
    off = data.draw(st.integers(1, max(1, cents * quantity)))
    if off <= cents * quantity:
        line = sold(quantity, str(Decimal(cents) / 100), str(Decimal(off) / 100))
        assert sum(units * each.amount for units, each in line.lots) == line.total.amount
        assert sum(units for units, _ in line.lots) == quantity
        assert line.total.amount == (Decimal(cents) * quantity - off) / 100


def test_tryton_gets_whole_cents_for_a_unit_in_two_lines() -> None:
    rows = lines(sold(3, "10.00", "1.00"), Goods(id=5, unit=1))

    assert [(row["quantity"], row["unit_price"]["decimal"], row["product"]) for row in rows] == [
        (2, "9.67", 5),
        (1, "9.66", 5),
    ]
    assert len(lines(sold(3, "10.00"), Goods(id=5, unit=1))) == 1


def test_discounts_of_units_at_two_places_are_shared_out_to_the_last_cent() -> None:
    off = (Discount("a", euro("1.00")), Discount("b", euro("0.01")))
    shirts, coats = Sku("SHIRT"), Sku("COAT")
    parts = [Units(shirts, 1), Units(coats, 4), Units(shirts, 2)]

    # 1.01 over one and two units is 0.3366… and 0.6733…: 0.34 and 0.67
    assert placed(parts, {shirts: off, coats: ()}) == [
        (Discount("a", euro("0.34")),),
        (),
        (Discount("a", euro("0.66")), Discount("b", euro("0.01"))),
    ]


def test_what_is_sourced_again_keeps_what_was_taken_off() -> None:
    spots = {
        Spot(Sku("SHIRT"), LocationCode("WH-2")): 2,
        Spot(Sku("SHIRT"), LocationCode("WH-3")): 3,
    }
    refused = Handing(
        sink="dc", state=HandingState.REFUSED, lines=(sold(4, "10.00", "0.99", "2.00"),)
    )
    shop = replace(refused, sink="shop", lines=(sold(1, "10.00", "0.01", at="EC-1"),))

    new = parts([refused, shop], spots, route=lambda code: code)

    made = [line for part in new for line in part.lines]
    assert [(line.location, line.quantity) for line in made] == [("WH-2", 2), ("WH-3", 3)]
    assert sum(line.total.amount for line in made) == Decimal("47.00")
    assert together(one for line in made for one in line.discounts) == (
        Discount("r0", euro("1.00")),
        Discount("r1", euro("2.00")),
    )


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=3),
    st.decimals("0.0001", "99", places=4),
    st.integers(0, 100),
    st.data(),
)
def test_new_parts_cost_together_what_the_refused_ones_did(
    had: list[int], price: Decimal, percent: int, data: st.DataObject
) -> None:
    """Prices have fractions of cents, units go anywhere, and parts of these are refused again."""
    lines = [sold(units, str(price), at=f"EC-{at}") for at, units in enumerate(had)]
    off = [int(one.total.amount * percent) for one in lines]
    lines = [
        sold(one.quantity, str(price), *[str(Decimal(cents) / 100)] * bool(cents), at=one.location)
        for one, cents in zip(lines, off, strict=True)
    ]
    agreed = sum(one.total.amount for one in lines)
    refused = [Handing(sink="shop", state=HandingState.REFUSED, lines=tuple(lines))]
    for _ in range(2):
        bounds = data.draw(st.lists(st.integers(0, sum(had)), max_size=4, unique=True))
        edges = sorted({0, *bounds, sum(had)})
        sizes = [after - before for before, after in pairwise(edges)]
        spots = {
            Spot(Sku("SHIRT"), LocationCode(f"WH-{at}")): size for at, size in enumerate(sizes)
        }
        refused = parts(refused, spots, route=lambda code: code)
        made = [line for part in refused for line in part.lines]
        assert {Spot(one.sku, one.location): one.quantity for one in made} == spots
        assert sum(one.total.amount for one in made) == agreed
        assert all(one.total.amount >= 0 for one in made)
        assert sum(one.amount.amount for line in made for one in line.discounts) * 100 == sum(off)


def test_a_price_in_fractions_of_cents_changes_only_where_it_would_not_add_up() -> None:
    refused = Handing(sink="dc", state=HandingState.REFUSED, lines=(sold(3, "8.1967"),))
    where = [Spot(Sku("SHIRT"), LocationCode(f"WH-{at}")) for at in (1, 2, 3)]

    [moved] = parts([refused], {where[0]: 3}, route=lambda _: "dc")
    new = parts([refused], dict.fromkeys(where, 1), route=lambda code: code)

    assert [(one.unit_price, one.total) for one in moved.lines] == [(euro("8.1967"), euro("24.59"))]
    assert [line.unit_price for part in new for line in part.lines] == [
        euro("8.20"),
        euro("8.20"),
        euro("8.19"),
    ]


@pytest.fixture
async def shopper(request: pytest.FixtureRequest) -> AsyncIterator[Shopper]:
    """At a retailer with these promotions."""
    sections = {"freshness": {"stock": {"fresh_for": "PT0S"}}, "connection": {"timeout": "PT20S"}}
    rules = {"promotions": request.param}
    async with sandbox_gateway(pricing=rules, now=CLOCK, **sections) as sandbox:
        CLOCK.ahead = timedelta()
        found = await sandbox.ask.data(
            """{ products(first: 20) { edges { node { variants(first: 1) { sku
              availability(locations: ["ECOM-1"]) { availableToSell } } } } } }"""
        )
        variants = [one["node"]["variants"][0] for one in found["products"]["edges"]]
        sku = next(one["sku"] for one in variants if (left(one) or 0) > 6)
        yield Shopper(sandbox, sku)


def left(variant: Any) -> int | None:
    count: int | None = variant["availability"][0]["availableToSell"]
    return count


class Clock:
    ahead = timedelta()

    def __call__(self) -> Any:
        return utc_now() + self.ahead


CLOCK = Clock()


async def held(shopper: Shopper, quantity: int, *codes: str) -> Any:
    """A cart that holds its units, with what rules take off."""
    cart = await shopper.cart(quantity)
    given = {"cartId": cart["id"]}
    text = """mutation Do($input: {kind}Input!) {{ done: {name}(input: $input) {{
      __typename ... on Problem {{ code }} ... on CartChanged {{ cart {{ {cart} }} }} }} }}"""
    set_ = text.format(kind="CartDiscountCodesSet", name="cartDiscountCodesSet", cart=CART)
    coded = await shopper.do(set_, **given, version=1, codes=list(codes))
    hold = text.format(kind="CartHold", name="cartHold", cart=CART)
    done = await shopper.do(hold, **given, version=coded["cart"]["version"])
    return done["cart"]


async def place(shopper: Shopper, cart: Any, key: str = "a-key-of-this-order", **more: Any) -> Any:
    given = {
        "cartId": cart["id"],
        "version": cart["version"],
        "buyer": {"name": "Ada Byron", "email": "ada@example.com"},
        "method": "SHIP_TO_HOME",
        "address": {"lines": ["Via Roma 1"], "city": "Verona", "country": "IT"},
        "paymentToken": "tok_ok",
        "idempotencyKey": key,
        **more,
    }
    return await shopper.do(PLACE, **given)


@pytest.mark.parametrize("shopper", [ONE_OFF], indirect=True)
async def test_an_order_costs_what_its_cart_does_and_its_sinks_are_told_so(
    shopper: Shopper,
) -> None:
    cart = await held(shopper, 3)
    done = await place(shopper, cart)
    order = done["order"]
    await shopper.until(done, "SOURCED")
    served: Any = shopper.sandbox.upstreams["shop"].served
    warehouse: Any = shopper.sandbox.upstreams["warehouse"].served
    handed = [one.told for one in served.state.book.orders.values() if one.told]
    taken = served.state.book.orders | warehouse.state.book.orders

    assert [one["rule"] for one in cart["discounts"]] == ["one"]
    subtotal = sum(Decimal(line["subtotal"]["amount"]) for line in order["lines"])
    goods = sum(Decimal(line["total"]["amount"]) for line in order["lines"])
    assert subtotal - goods == Decimal("1.00")
    assert goods == Decimal(cart["total"]["amount"])
    assert Decimal(order["total"]["amount"]) == goods + Decimal(order["delivery"]["amount"])
    assert list(taken) == [order["number"]]
    for told in handed:
        rows = sum(Decimal(row["total"]) for row in told["items"])
        assert Decimal(told["total"]) == rows + Decimal(told["delivery"]["price"])


@pytest.mark.parametrize("shopper", [COUPON], indirect=True)
async def test_a_coupon_is_redeemed_by_one_order_and_given_back(shopper: Shopper) -> None:
    first, second = await held(shopper, 1, "ONCE"), await held(shopper, 1, "ONCE")
    declined = await place(shopper, first, "a-key-of-no-money", paymentToken="tok_declined")
    placed_ = await place(shopper, second, "a-key-of-the-second")
    third = await held(shopper, 1, "ONCE")
    number = placed_["order"]["number"]
    cancel = {"number": number, "accessToken": placed_["accessToken"]}
    await shopper.do(CANCEL, **cancel)
    await shopper.until(placed_, "CANCELLED")
    fourth = await held(shopper, 1, "ONCE")

    assert declined["order"]["state"] == "REFUSED"  # and the coupon is good again
    assert [one["rule"] for one in second["discounts"]] == ["once"]
    assert third["discounts"] == []
    assert [one["rule"] for one in fourth["discounts"]] == ["once"]


@pytest.mark.parametrize("shopper", [COUPON], indirect=True)
async def test_a_coupon_that_was_used_up_meanwhile_is_not_bought_with(shopper: Shopper) -> None:
    first, second = await held(shopper, 1, "ONCE"), await held(shopper, 1, "ONCE")
    await place(shopper, first, "a-key-of-the-first")
    late = await place(shopper, second, "a-key-of-the-second")

    assert (late["__typename"], late["code"]) == ("PriceChanged", "PRICE_CHANGED")
    assert late["before"] == second["total"]


EACH = {"first": {"percent": "10", "coupon": "FIRST", "limit_each": 1}}


@pytest.mark.parametrize("shopper", [EACH], indirect=True)
async def test_a_guest_has_what_a_customer_may_have_once_by_their_address(
    shopper: Shopper,
) -> None:
    first, second = await held(shopper, 1, "FIRST"), await held(shopper, 1, "FIRST")
    await place(shopper, first, "a-key-of-the-first")
    buyer = {"name": "A. Byron", "email": "ADA@Example.com"}
    again = await place(shopper, second, "a-key-of-the-second", buyer=buyer)
    other = {"name": "Bob", "email": "bob@example.com"}
    bob = await place(shopper, second, "a-key-of-the-third", buyer=other)

    assert (again["__typename"], again["code"]) == ("DiscountCodeRefused", "DISCOUNT_CODE_REFUSED")
    assert again["discountCode"] == "FIRST"
    assert bob["__typename"] == "OrderPlaced"


ENDING = {"now": {"percent": "10", "ends": utc_now() + timedelta(days=1)}}


@pytest.mark.parametrize("shopper", [ENDING], indirect=True)
async def test_a_discount_that_ended_since_the_hold_is_a_changed_price(shopper: Shopper) -> None:
    cart = await held(shopper, 1)
    CLOCK.ahead = timedelta(days=1)
    late = await place(shopper, cart)
    CLOCK.ahead = timedelta()
    in_time = await place(shopper, cart)

    assert (late["__typename"], late["before"]) == ("PriceChanged", cart["total"])
    assert in_time["__typename"] == "OrderPlaced"
