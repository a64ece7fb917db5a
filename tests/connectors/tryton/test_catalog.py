import base64
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
import pytest
from msgspec import structs

from app.errors import InvalidInputError, UpstreamBroken
from app.ports import ProductKey, ProductQuery, ProductSort, RejectedRow
from app.values import CurrencyCode, Locale, Sku
from connectors.kit.specimen import SHOP_CHANNEL
from connectors.tryton import connect
from connectors.tryton.connection import IDS_PER_CALL, TrytonConnection
from connectors.tryton.cursors import Listing
from tests.connectors.tryton.upstream import Upstream, recorded_rows, settings, wiring

LOGIN = ["login", "preferences"]
QUERY = ProductQuery(first=2, locale=Locale("en"))
ENGLISH, ITALIAN = ({"id": 1, "code": "en"}, {"id": 14, "code": "it"})


def templates(number: int = 0) -> list[dict[str, Any]]:
    return recorded_rows("product.template", number)


def an_upstream(**changed: Any) -> Upstream:
    results = {
        "languages": [ENGLISH, ITALIAN],
        "products": templates(),
        "products-total": 4,
        "translations": templates(1),
        "company": [{"id": 1, "currency.": {"id": 3, "code": "EUR"}}],
        "prices": recorded_rows("product.product"),
        **changed,
    }
    return Upstream(results)


def a_connection(upstream: Upstream) -> TrytonConnection:
    return connect(settings(), wiring(upstream))


async def test_prices_are_asked_in_chunks_and_the_currency_once() -> None:
    upstream = an_upstream(prices=[])
    connection = a_connection(upstream)
    wanted = [Sku(f"S{number}") for number in range(IDS_PER_CALL + 1)]

    for _ in range(2):
        await connection.prices(wanted, channel=SHOP_CHANNEL)

    assert upstream.operations == [*LOGIN, "company", *["prices"] * 4]


async def test_no_price_is_asked_for_in_another_currency() -> None:
    upstream = an_upstream()
    pounds = replace(SHOP_CHANNEL, currency=CurrencyCode("GBP"))

    answer = await a_connection(upstream).prices([Sku("BOTTLE")], channel=pounds)

    assert answer.rows == ()
    assert upstream.operations == [*LOGIN, "company"]


async def test_a_product_told_again_is_the_same_object_in_a_listing_and_by_key() -> None:
    connection = a_connection(an_upstream())
    first, again = [await connection.browse(QUERY) for _ in range(2)]
    wanted = first.edges[0].product
    named = await connection.products([ProductKey("id", wanted.id)])

    for edge, other in zip(first.edges, again.edges, strict=True):
        assert edge.product is other.product
    assert named.rows[0] is wanted


async def test_a_variant_without_a_price_is_left_out_and_a_bad_one_rejected() -> None:
    good, unpriced, bad = recorded_rows("product.product")[:3]
    spoiled = {**bad, "list_price_used": 104.5}
    upstream = an_upstream(prices=[good, {**unpriced, "list_price_used": None}, spoiled])

    answer = await a_connection(upstream).prices([Sku("TRAIL-40")], channel=SHOP_CHANNEL)

    assert [(row.sku, row.amount.amount) for row in answer.rows] == [("TRAIL-40", Decimal("99.00"))]
    assert answer.rejected == (
        RejectedRow(str(bad["id"]), "TypeError: list_price_used is not a decimal"),
    )


async def test_a_company_without_a_currency_is_broken() -> None:
    with pytest.raises(UpstreamBroken, match="currency"):
        await a_connection(an_upstream(company=[])).prices([Sku("A")], channel=SHOP_CHANNEL)


async def test_products_named_twice_come_once_and_strays_are_dropped() -> None:
    keys = [
        ProductKey("sku", "TRAIL-40"),
        ProductKey("id", "1"),
        ProductKey("handle", "1"),
        ProductKey("handle", "no-number"),
    ]
    upstream = an_upstream()

    answer = await a_connection(upstream).products(keys)

    assert [product.id for product in answer.rows] == ["1"]
    (asked,) = upstream.params("products")
    assert asked[0][1] == [
        "OR",
        ["id", "in", [1, 1]],
        ["code", "in", ["1", "no-number"]],
        ["products.code", "in", ["TRAIL-40"]],
    ]


async def test_a_product_whose_translation_is_missing_is_rejected_and_the_others_are_told() -> None:
    upstream = an_upstream(translations=[row for row in templates(1) if row["id"] != 2])

    page = await a_connection(upstream).browse(structs.replace(QUERY, first=4))

    assert [edge.product.id for edge in page.edges] == ["1", "3", "4"]
    assert page.rejected == (RejectedRow("2", "LookupError: a translation is missing"),)
    assert (page.has_next, page.total) == (False, 4)


async def test_one_product_more_is_asked_for_than_shown_to_know_whether_there_are_more() -> None:
    upstream = an_upstream(products=templates()[:3])

    page = await a_connection(upstream).browse(QUERY)

    assert [edge.product.id for edge in page.edges] == ["1", "2"]
    assert page.has_next
    (asked,) = upstream.params("products")
    assert asked[1:4] == [0, 3, [["name", "ASC"], ["id", "ASC"]]]
    (translated,) = upstream.params("translations")
    assert translated[0] == [["id", "in", [1, 2]]]


async def test_a_page_that_repeats_the_one_before_is_broken() -> None:
    upstream = an_upstream(products=templates()[:2])
    connection = a_connection(upstream)
    page = await connection.browse(QUERY)

    with pytest.raises(UpstreamBroken, match="page before"):
        await connection.browse(structs.replace(QUERY, after=page.edges[-1].cursor))


async def test_the_user_s_language_serves_where_none_is_told() -> None:
    upstream = an_upstream(languages=[])

    page = await a_connection(upstream).browse(structs.replace(QUERY, first=4, locale=Locale("de")))

    assert {tuple(edge.product.name) for edge in page.edges} == {("en",)}


async def test_an_unreadable_language_is_broken_since_texts_would_be_missing() -> None:
    with pytest.raises(UpstreamBroken, match="language"):
        await a_connection(an_upstream(languages=[ENGLISH, {"id": 2}])).browse(QUERY)


@pytest.mark.parametrize("total", [None, "4", True, [4]])
async def test_a_total_that_is_no_number_is_broken(total: Any) -> None:
    with pytest.raises(UpstreamBroken, match="count"):
        await a_connection(an_upstream(**{"products-total": total})).browse(QUERY)


async def test_wildcards_in_a_search_are_taken_as_written() -> None:
    upstream = an_upstream()

    await a_connection(upstream).browse(
        structs.replace(QUERY, search=r" 100% a_b \ ", category="7")
    )

    (asked,) = upstream.params("products-total")
    assert asked[0] == [
        ["salable", "=", True],
        ["rec_name", "ilike", r"%100\%%"],
        ["rec_name", "ilike", r"%a\_b%"],
        ["rec_name", "ilike", r"%\\%"],
        ["categories", "child_of", [7], "parent"],
    ]


@pytest.mark.parametrize("sort", ProductSort)
def test_a_cursor_is_understood_by_its_own_listing_only(sort: ProductSort) -> None:
    listing = Listing(sort, "it")
    cursor = listing.cursor({"id": 7, "name": "Borraccia"})
    other = ProductSort.NAME if sort is ProductSort.NEWEST else ProductSort.NEWEST

    last, _ = listing.after(cursor)

    assert last == 7
    for stranger in (Listing(sort, "en"), Listing(other, "it")):
        with pytest.raises(InvalidInputError):
            stranger.after(cursor)


def test_what_comes_after_a_cursor_depends_on_the_order() -> None:
    behind = {}
    for sort in ProductSort:
        listing = Listing(sort, "it")
        _, behind[sort] = listing.after(listing.cursor({"id": 7, "name": "Borraccia"}))

    assert behind == {
        ProductSort.NAME: [
            "OR",
            ("name", ">", "Borraccia"),
            [("name", "=", "Borraccia"), ("id", ">", 7)],
        ],
        ProductSort.NEWEST: ("id", "<", 7),
    }


@pytest.mark.parametrize("cursor", ["", "?", "not base64!", "e30=", "W10=", "bnVsbA==", "ÄÖ", "a"])
def test_rubbish_is_no_cursor(cursor: str) -> None:
    with pytest.raises(InvalidInputError, match="not a cursor") as caught:
        Listing(ProductSort.NAME, "it").after(cursor)

    assert caught.value.argument == "after"


@pytest.mark.parametrize(("name", "last"), [("Mug", 2**31), ("Mug", 0), ("Mug", True), ("\0", 7)])
def test_a_place_that_tryton_could_not_look_for_is_no_cursor(name: str, last: int) -> None:
    forged = base64.urlsafe_b64encode(orjson.dumps(["NAME", "it", name, last])).decode()
    with pytest.raises(InvalidInputError, match="not a cursor"):
        Listing(ProductSort.NAME, "it").after(forged)
