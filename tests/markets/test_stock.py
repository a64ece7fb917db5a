"""What a marketplace is told is what its locations have together, less a buffer, at its prices."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.errors import UpstreamUnavailable
from app.main import Gateway
from app.markets.model import Said, money_of, written
from app.markets.stock import MarketStock
from app.ports import Price, StockLevel
from app.settings import Market as Terms
from app.settings import PriceList
from app.values import CurrencyCode, LocationCode, Money, Sku
from tests.builders import NOON, a_location
from tests.gateways import Retailer, running_over

A, B = Sku("A"), Sku("B")
EURO = CurrencyCode("EUR")


def level(sku: Sku, place: str, on_hand: int) -> StockLevel:
    return StockLevel(sku=sku, location=LocationCode(place), on_hand=on_hand, as_of=NOON)


def price(sku: Sku, amount: str, *, tax_included: bool = True) -> Price:
    money = Money(Decimal(amount), EURO)
    return Price(sku=sku, amount=money, compare_at=None, tax_included=tax_included, as_of=NOON)


def a_shop(*levels: StockLevel, prices: tuple[Price, ...] = ()) -> Retailer:
    places = [a_location(code=LocationCode(code)) for code in ("ONE", "TWO", "FAR")]
    return Retailer(levels=levels, known_prices=prices, known_locations=places)


async def stock_over(shop: Retailer, listed: PriceList | None = None, **terms: Any) -> MarketStock:
    gateway: Gateway = await running_over({"shop": shop})
    services = gateway.services
    told = {"channel": "WEB", "locations": ["ONE", "TWO"], **terms}
    return MarketStock(
        terms=Terms.model_validate(told),
        channel=services.channels["WEB"],
        availability=services.availability,
        pricing=services.pricing,
        store=gateway.store,
        listed=listed,
    )


async def said(stock: MarketStock) -> Mapping[Sku, Said]:
    return await stock.said([A, B], NOON)


async def test_it_is_what_its_own_locations_have_less_the_buffer() -> None:
    shop = a_shop(level(A, "ONE", 3), level(A, "TWO", 4), level(A, "FAR", 50), level(B, "TWO", 1))
    stock = await stock_over(shop, buffer=2, prices=False)

    assert await said(stock) == {A: Said(5), B: Said(0)}


async def test_while_nobody_can_say_it_is_not_zero() -> None:
    shop = a_shop(level(A, "ONE", 3))
    stock = await stock_over(shop, prices=False)
    shop.error = UpstreamUnavailable("silent")

    assert await said(stock) == {A: Said(None), B: Said(None)}


async def test_a_location_that_nobody_has_told_of_yet_makes_no_zero() -> None:
    shop = a_shop(level(A, "ONE", 3))
    stock = await stock_over(shop, prices=False, locations=["ONE", "LATER"])

    assert await said(stock) == {A: Said(3), B: Said(None)}


async def test_prices_are_the_channels_and_those_of_the_list_go_before() -> None:
    shop = a_shop(prices=(price(A, "10.00"), price(B, "20.5")))
    listed = PriceList(currency="EUR", prices={"B": Decimal(18)})
    stock, plain = await stock_over(shop, listed), await stock_over(shop)

    assert {sku: one.price for sku, one in (await said(stock)).items()} == {
        A: "10.00 EUR",
        B: "18.00 EUR",
    }
    assert (await said(plain))[B].price == "20.50 EUR"


@pytest.mark.parametrize(
    "when",
    [
        {"starts": NOON + timedelta(days=1)},
        {"ends": NOON},
        {"channels": ("OTHER",)},
    ],
)
async def test_a_list_that_does_not_hold_is_not_asked(when: dict[str, Any]) -> None:
    shop = a_shop(prices=(price(A, "10.00"),))
    listed = PriceList(currency="EUR", prices={"A": Decimal(9)}, **when)
    stock = await stock_over(shop, listed)

    assert (await said(stock))[A].price == "10.00 EUR"


async def test_a_price_without_taxes_is_no_buyers() -> None:
    shop = a_shop(prices=(price(A, "10.00", tax_included=False),))
    stock = await stock_over(shop)

    assert (await said(stock))[A].price is None


@pytest.mark.parametrize(
    ("amount", "text"), [("12", "12.00 EUR"), ("12.0", "12.00 EUR"), ("0.125", "0.125 EUR")]
)
def test_the_same_money_is_written_alike(amount: str, text: str) -> None:
    money = Money(Decimal(amount), EURO)

    assert written(money) == text
    assert money_of(text) == money
