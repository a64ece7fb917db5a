"""What the connector tells of prices and products of a real Tryton 8.2."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec import structs

from app.errors import InvalidInputError
from app.ports import Price, ProductKey, ProductQuery, ProductSort
from app.values import CurrencyCode, Locale, Money, Sku, Texts
from connectors.kit.specimen import SHOP_CHANNEL
from tests.real.tryton.desk import LOGIN, Desk, desk_at
from tests.real.tryton.server import TrytonServer

pytestmark = pytest.mark.xdist_group("real")

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
EUR = CurrencyCode("EUR")


async def test_prices_are_net_or_gross_and_in_the_company_s_currency_only(
    server: TrytonServer,
) -> None:
    skus = [Sku("TRAIL-44"), Sku("NO-SUCH-SKU")]
    pounds = replace(SHOP_CHANNEL, currency=CurrencyCode("GBP"))
    async with desk_at(server) as net, desk_at(server, prices="gross") as gross:
        answers = [
            await net.erp.prices(skus, channel=SHOP_CHANNEL),
            await gross.erp.prices(skus, channel=SHOP_CHANNEL),
            await net.erp.prices(skus, channel=pounds),
        ]

    price = Price(
        sku=Sku("TRAIL-44"),
        amount=Money(Decimal("104.50"), EUR),
        tax_included=False,
        as_of=LONG_AGO,
    )
    taxed = structs.replace(price, amount=Money(Decimal("127.49"), EUR), tax_included=True)
    told = [[structs.replace(row, as_of=LONG_AGO) for row in answer.rows] for answer in answers]
    assert told == [[price], [taxed], []]


async def test_products_come_with_their_variants_in_every_language(desk: Desk) -> None:
    keys = [ProductKey("sku", "BOTTLE"), ProductKey("id", "99999999999"), ProductKey("sku", "NO")]

    (bottle,) = (await desk.erp.products(keys)).rows

    assert bottle.name == Texts({"en": "Water Bottle", "it": "Borraccia"})
    assert bottle.description == Texts({"en": "Half a litre.", "it": "Mezzo litro."})
    assert [(one.sku, one.gtin) for one in bottle.variants] == [("BOTTLE", "8001234000073")]
    assert desk.line.operations == [*LOGIN, "languages", "products", "translations"]


@pytest.mark.parametrize(
    ("sort", "locale", "names"),
    [
        (ProductSort.NAME, "en", ["Rain Jacket", "Socks", "Trail Runner", "Water Bottle"]),
        (
            ProductSort.NAME,
            "it-CH",
            ["Borraccia", "Giacca antipioggia", "Scarpa da trail", "Socks"],
        ),
        (ProductSort.NEWEST, "en", ["Socks", "Water Bottle", "Rain Jacket", "Trail Runner"]),
    ],
)
async def test_a_listing_goes_on_from_page_to_page_in_the_shopper_s_order(
    desk: Desk, sort: ProductSort, locale: str, names: list[str]
) -> None:
    query = ProductQuery(first=3, locale=Locale(locale), sort=sort)

    first = await desk.erp.browse(query)
    second = await desk.erp.browse(structs.replace(query, after=first.edges[-1].cursor))

    edges = [*first.edges, *second.edges]
    assert [edge.product.name.best([Locale(locale)])[0] for edge in edges] == names
    assert [(page.has_next, page.total, len(page.edges)) for page in (first, second)] == [
        (True, 4, 3),
        (False, 4, 1),
    ]


async def test_a_search_takes_words_of_the_shopper_s_language_and_no_wildcards(desk: Desk) -> None:
    query = ProductQuery(first=5, locale=Locale("it"))

    pages = [
        await desk.erp.browse(structs.replace(query, search=words))
        for words in ("PIOGGIA giacca", "TRAIL-42", "%", "J_CKET")
    ]

    assert [[edge.product.id for edge in page.edges] for page in pages] == [["2"], ["1"], [], []]


async def test_a_category_nobody_has_lists_nothing(desk: Desk) -> None:
    query = ProductQuery(first=5, locale=Locale("en"), category="no-such-category")

    page = await desk.erp.browse(query)

    assert (page.edges, page.has_next, page.total) == ((), False, 0)


async def test_a_cursor_of_another_listing_is_refused(desk: Desk) -> None:
    query = ProductQuery(first=1, locale=Locale("en"))
    page = await desk.erp.browse(query)

    with pytest.raises(InvalidInputError):
        await desk.erp.browse(
            structs.replace(query, after=page.edges[0].cursor, sort=ProductSort.NEWEST)
        )
