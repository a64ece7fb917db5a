"""What prices of Square's catalogue come to."""

from decimal import Decimal

from app.ports import RejectedRow
from app.values import Channel, ChannelCode, CurrencyCode, Sku
from connectors.square.specimen_shop import CORK, _variation
from tests.connectors.square.seller import WEB, Seller, a_seller

BOOTS, BOTTLE = Sku("TRAIL-42"), Sku("BOTTLE")
SHOP = ChannelCode("SHOP")


def in_(currency: str, code: ChannelCode = WEB.code) -> Channel:
    return Channel(
        code=code, currency=CurrencyCode(currency), country=WEB.country, locale=WEB.locale
    )


async def told(seller: Seller, *skus: str, channel: Channel = WEB) -> dict[str, Decimal]:
    answer = await seller.connection.prices([Sku(one) for one in skus], channel=channel)
    return {one.sku: one.amount.amount for one in answer.rows}


async def test_a_channel_has_the_prices_of_its_location() -> None:
    prices = {"tax_included": False, "locations": {"SHOP": CORK}}
    async with a_seller(prices=prices) as seller:
        web = await told(seller, BOOTS, BOTTLE)
        shop = await told(seller, BOOTS, BOTTLE, channel=in_("EUR", SHOP))
        answer = await seller.connection.prices([BOOTS], channel=WEB)

    assert web == {BOOTS: Decimal("89.90"), BOTTLE: Decimal("15.00")}
    assert shop == {BOOTS: Decimal("89.90"), BOTTLE: Decimal("16.50")}
    assert [one.tax_included for one in answer.rows] == [False]


async def test_what_is_typed_in_or_in_another_currency_has_no_price() -> None:
    async with a_seller() as seller:
        typed_in = await told(seller, "GUIDED-TOUR")
        dollars = await told(seller, BOOTS, channel=in_("USD"))

    assert (typed_in, dollars) == ({}, {})


async def test_yen_have_no_decimals() -> None:
    async with a_seller() as seller:
        yen = _variation("V0YEN", "YEN-1", cents=0)
        yen["item_variation_data"]["price_money"] = {"amount": 1500, "currency": "JPY"}
        seller.square.shop.variations = (yen,)
        prices = await told(seller, "YEN-1", channel=in_("JPY"))

    assert prices == {"YEN-1": Decimal(1500)}


async def test_a_sku_with_two_prices_has_none() -> None:
    async with a_seller() as seller:
        twin = _variation("V1TRAIL42", BOOTS, cents=1)
        seller.square.shop.variations = (*seller.square.shop.variations, twin)
        answer = await seller.connection.prices([BOOTS, BOTTLE], channel=WEB)

    assert [one.sku for one in answer.rows] == [BOTTLE]
    assert [row.reference for row in answer.rejected] == ["V0TRAIL42", "V1TRAIL42"]


async def test_a_price_that_cannot_be_read_hides_no_other() -> None:
    async with a_seller(lying=True) as seller:
        bad = _variation("V0BAD", BOTTLE, cents=1)
        bad["item_variation_data"]["price_money"]["amount"] = 1.5
        seller.square.shop.variations = (seller.square.shop.variations[0], bad)
        answer = await seller.connection.prices([BOOTS, BOTTLE], channel=WEB)

    assert [one.sku for one in answer.rows] == [BOOTS]
    assert answer.rejected == (RejectedRow("V0BAD", "TypeError: amount: not a whole number"),)


async def test_without_knowing_how_prices_are_meant_there_are_none() -> None:
    async with a_seller(prices=None, loyalty=None, customers=None, receipts=False) as seller:
        ports = seller.ports

    assert ports == {"LocationSource", "StockSource"}
