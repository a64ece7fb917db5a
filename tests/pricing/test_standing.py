"""What a customer is to the retailer decides what their cart costs, and is asked again."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from app.carts import repository
from app.carts.acting import CartActs, Request
from app.carts.coding import CartCodes
from app.carts.discounting import Discounts
from app.carts.model import Cart, CartId, Line, Snapshot
from app.carts.refusals import CartPriceChanged
from app.pricing.model import ANYBODY, Standing
from app.principals.model import THE_HOUSE
from app.settings import Carts, Channel
from app.store import Store, Work
from app.upstream.deadline import Deadline
from app.upstream.readings import Inquiry
from app.upstream.report import Report
from app.values import CustomerId, Money, Sku
from tests.builders import NOON
from tests.pricing.baskets import EUR, WEB, a_book

ADA = CustomerId("ada")
GOLD = Standing(tier="GOLD")


def a_request() -> Request:
    inquiry = Inquiry(Deadline.after(timedelta(minutes=1)), Report())
    return Request(now=NOON, inquiry=inquiry, by=THE_HOUSE)


@dataclass
class Club:
    """Knows who has which tier."""

    members: dict[CustomerId, Standing] = field(default_factory=lambda: {ADA: GOLD})

    async def standing(
        self, customer: CustomerId, _inquiry: Inquiry, _before: Standing
    ) -> Standing:
        return self.members.get(customer, ANYBODY)


def a_cart(customer: CustomerId | None) -> Cart:
    price = Snapshot(
        amount=Money(Decimal("20.00"), EUR), tax_included=True, as_of=NOON, taken_at=NOON
    )
    return Cart(
        id=CartId("c" * 24),
        channel=WEB,
        currency=EUR,
        lines=(Line(number=1, sku=Sku("A"), quantity=1, price=price),),
        last_line=1,
        customer=customer,
        created_at=NOON,
        updated_at=NOON,
        expires_at=NOON + timedelta(days=1),
    )


async def codes_over(store: Store, club: Club, customer: CustomerId | None) -> CartCodes:
    """A cart of somebody, in a store."""

    def keep(work: Work) -> None:
        repository.add(work.connection, a_cart(customer))

    await store.act(keep, now=NOON)
    book = a_book(gold={"percent": "10", "tiers": ["GOLD"]})
    web = Channel(currency="EUR", country="IT", locale="it")
    acts = CartActs(store, terms=Carts(), channels={"WEB": web}, discounts=Discounts(book, club))
    return CartCodes(acts)


@pytest.mark.parametrize(("customer", "total"), [(ADA, "18.00"), ("bob", "20.00"), (None, "20.00")])
async def test_a_tier_takes_something_off_for_its_members(
    store: Store, customer: CustomerId | None, total: str
) -> None:
    codes = await codes_over(store, Club(), customer)
    cart = await codes.set("c" * 24, 1, [], a_request())
    kept = await store.read(partial(repository.find, cart=cart.id, now=NOON))

    assert cart.total == Money(Decimal(total), EUR)
    assert kept == cart
    assert cart.standing == (GOLD if customer == ADA else ANYBODY)


async def test_who_is_no_member_any_more_does_not_buy_as_one(store: Store) -> None:
    club = Club()
    codes = await codes_over(store, club, ADA)
    cart = await codes.set("c" * 24, 1, [], a_request())
    await codes.checked(cart, a_request())

    club.members.clear()
    with pytest.raises(CartPriceChanged) as refused:
        await codes.checked(cart, a_request())
    assert (refused.value.before.amount, refused.value.after) == (
        Decimal("18.00"),
        Money(Decimal("20.00"), EUR),
    )
    agreed = await codes.set("c" * 24, 2, [], a_request())
    await codes.checked(agreed, a_request())
    assert agreed == replace(cart, version=3, standing=ANYBODY, lines=agreed.lines)
    assert agreed.total == Money(Decimal("20.00"), EUR)
