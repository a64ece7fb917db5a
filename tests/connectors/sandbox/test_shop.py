from decimal import Decimal

import pytest

from app.errors import InvalidInputError, UpstreamRefused
from app.ports import Product, ProductKey, ProductQuery, ProductSort
from app.values import Channel, ChannelCode, CountryCode, CurrencyCode, Locale, Sku
from connectors.sandbox.retailer.catalogue import assortment
from tests.connectors.sandbox.served import SEED, Served, connected

SOLD = assortment(SEED)
NOBODY = Sku("NO-SUCH-SKU")


def a_channel(currency: str = "EUR") -> Channel:
    return Channel(
        code=ChannelCode("WEB"),
        currency=CurrencyCode(currency),
        country=CountryCode("IT"),
        locale=Locale("it"),
    )


def a_query(first: int = 5, locale: str = "en", after: str | None = None) -> ProductQuery:
    return ProductQuery(first=first, locale=Locale(locale), after=after)


async def everything(shop: Served, query: ProductQuery) -> list[Product]:
    """All pages of a listing, one after the other."""
    found: list[Product] = []
    after = query.after
    while True:
        page = await shop.connection.browse(
            ProductQuery(
                first=query.first,
                locale=query.locale,
                after=after,
                search=query.search,
                category=query.category,
                sort=query.sort,
            )
        )
        found.extend(edge.product for edge in page.edges)
        if not page.has_next:
            assert page.total == len(found)
            return found
        after = page.edges[-1].cursor


async def test_prices_come_from_the_list_of_the_currency_and_are_exact() -> None:
    article = next(
        article
        for model in SOLD.models
        for article in model.articles
        if article.tags["EUR"].was and not article.tags["GBP"].was
    )
    async with connected("shop") as shop:
        asked = [Sku(article.sku), NOBODY]
        (euro,) = (await shop.connection.prices(asked, channel=a_channel())).rows
        (pound,) = (await shop.connection.prices(asked, channel=a_channel("GBP"))).rows
        nothing = await shop.connection.prices(asked, channel=a_channel("CHF"))

    assert euro.amount.amount == article.tags["EUR"].now
    assert euro.compare_at is not None
    assert euro.compare_at.amount == article.tags["EUR"].was
    assert (pound.amount.amount, pound.compare_at) == (article.tags["GBP"].now, None)
    assert (euro.amount.currency, pound.amount.currency) == ("EUR", "GBP")
    assert isinstance(euro.amount.amount, Decimal)
    assert nothing.rows == ()


async def test_a_product_named_in_three_ways_comes_once() -> None:
    model, other = SOLD.models[0], SOLD.models[250]
    keys = [
        ProductKey("id", model.id),
        ProductKey("handle", model.handle),
        *(ProductKey("sku", article.sku) for article in model.articles),
        ProductKey("sku", other.articles[0].sku),
        ProductKey("id", model.handle),
        ProductKey("handle", "no-such-handle"),
    ]
    async with connected("shop") as shop:
        found = await shop.connection.products(keys)

        assert shop.system.requests == {"/v1/products/lookup": 1}
    assert {product.id for product in found.rows} == {model.id, other.id}
    assert len(found.rows) == 2


async def test_a_product_is_told_whole() -> None:
    model = SOLD.models[0]
    async with connected("shop") as shop:
        (product,) = (await shop.connection.products([ProductKey("id", model.id)])).rows

    assert product.handle == "etna-rain-jacket"
    assert dict(product.name) == {
        "en": "Etna Rain Jacket",
        "it": "Giacca antipioggia Etna",
        "de": "Regenjacke Etna",
        "fr": "Veste de pluie Etna",
    }
    assert product.brand == model.brand
    assert [category.handle for category in product.categories] == ["jackets"]
    assert product.updated_at == model.changed
    assert [variant.sku for variant in product.variants] == [one.sku for one in model.articles]
    assert [variant.gtin for variant in product.variants] == [one.gtin for one in model.articles]
    option = product.variants[0].options[0]
    assert (option.name[Locale("de")], option.value[Locale("de")]) == ("Farbe", "Schwarz")
    assert product.images[0].url.startswith("https://images.example.com/")
    assert (product.images[0].width, product.images[0].height) == (1200, 1600)


@pytest.mark.parametrize("sort", ProductSort)
@pytest.mark.parametrize("size", [7, 100])
async def test_leafing_through_the_listing_visits_every_product_once(
    sort: ProductSort, size: int
) -> None:
    async with connected("shop") as shop:
        found = await everything(shop, ProductQuery(first=size, locale=Locale("it"), sort=sort))

    assert len(found) == 301
    assert {product.id for product in found} == {model.id for model in SOLD.shown}


async def test_newest_products_come_first() -> None:
    async with connected("shop") as shop:
        found = await everything(
            shop, ProductQuery(first=100, locale=Locale("it"), sort=ProductSort.NEWEST)
        )

    published = {model.id: model.published for model in SOLD.shown}
    dates = [published[product.id] for product in found]
    assert dates == sorted(dates, reverse=True)


async def test_names_are_sorted_in_the_asked_language() -> None:
    async with connected("shop") as shop:
        found = await everything(shop, a_query(first=100, locale="de-AT"))

    names = [product.name[Locale("de")] for product in found]
    assert (names[0], names[-1]) == (min(names, key=str.casefold), max(names, key=str.casefold))
    assert names != sorted(product.name[Locale("en")] for product in found)


@pytest.mark.parametrize(
    ("search", "locale", "total"),
    [
        ("RAIN jacket", "en", 4),
        ("jacket rain", "en", 4),
        ("giacca ANTIPIOGGIA", "it", 4),
        ("giacca antipioggia", "de", 0),
        ("hausschuh", "de", 0),
        ("kuche", "de", 0),
        ("wanderstocke", "de", 4),
        ("Wanderstöcke", "de", 4),
        ("WANDERSTO\u0308CKE", "de", 4),
        ("rjk1001-blk", "it", 1),
        ("etna", "pt", None),
        ("   ", "it", 301),
    ],
)
async def test_search_knows_neither_case_nor_accents(
    search: str, locale: str, total: int | None
) -> None:
    async with connected("shop") as shop:
        asked = ProductQuery(first=5, locale=Locale(locale), search=search)
        page = await shop.connection.browse(asked)
        english = await shop.connection.browse(
            ProductQuery(first=5, locale=Locale("en"), search=search)
        )

    assert page.total == (english.total if total is None else total)
    assert page.has_next == (page.total > 5)


async def test_a_category_is_named_by_its_handle_or_its_id() -> None:
    async with connected("shop") as shop:
        by_handle = await everything(
            shop, ProductQuery(first=8, locale=Locale("it"), category="bed-linen")
        )
        category = by_handle[0].categories[0]
        by_id = await everything(
            shop, ProductQuery(first=8, locale=Locale("it"), category=category.id)
        )
        nowhere = await shop.connection.browse(
            ProductQuery(first=8, locale=Locale("it"), category="no-such-category")
        )

    assert category.name[Locale("it")] == "Biancheria da letto"
    assert len(by_handle) == 20
    assert by_id == by_handle
    assert (nowhere.edges, nowhere.total, nowhere.has_next) == ((), 0, False)


@pytest.mark.parametrize("cursor", ["not-a-cursor", "", "bm8=", "WzEsMiwzXQ", "ünlesbar", "e30"])
async def test_a_cursor_nobody_gave_out_is_the_callers_mistake(cursor: str) -> None:
    async with connected("shop") as shop:
        with pytest.raises(InvalidInputError, match="not a cursor") as caught:
            await shop.connection.browse(a_query(after=cursor))

    assert caught.value.argument == "after"


async def test_a_cursor_of_another_listing_is_the_callers_mistake() -> None:
    async with connected("shop") as shop:
        cursor = (await shop.connection.browse(a_query())).edges[-1].cursor
        others = [
            a_query(locale="it", after=cursor),
            ProductQuery(first=5, locale=Locale("en"), after=cursor, search="jacket"),
            ProductQuery(first=5, locale=Locale("en"), after=cursor, category="jackets"),
            ProductQuery(first=5, locale=Locale("en"), after=cursor, sort=ProductSort.NEWEST),
        ]
        for other in others:
            with pytest.raises(InvalidInputError):
                await shop.connection.browse(other)
        assert len((await shop.connection.browse(a_query(after=cursor))).edges) == 5


async def test_a_product_told_again_is_the_same_object_in_a_listing_and_by_key() -> None:
    async with connected("shop") as shop:
        first, again = [await shop.connection.browse(a_query()) for _ in range(2)]
        wanted = first.edges[0].product
        named = await shop.connection.products([ProductKey("id", wanted.id)])

    for edge, other in zip(first.edges, again.edges, strict=True):
        assert edge.product is other.product
    assert named.rows[0] is wanted


async def test_a_page_of_more_than_a_hundred_is_cut_and_says_so() -> None:
    async with connected("shop") as shop:
        page = await shop.connection.browse(a_query(first=250))

    assert (len(page.edges), page.has_next, page.total) == (100, True, 301)


async def test_a_refusal_that_is_not_about_the_cursor_stays_the_upstreams() -> None:
    async with connected("shop") as shop:
        with pytest.raises(UpstreamRefused):
            await shop.connection.browse(a_query(first=0))
