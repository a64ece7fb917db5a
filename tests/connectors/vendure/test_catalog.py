import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidInputError
from app.ports import ProductKey, ProductQuery, ProductSort
from app.values import ChannelCode, Locale
from connectors.vendure import browsing
from tests.connectors.vendure.wire import ANSWERED, FakeHttp, a_connection, asked, recorded

BY_NAME = ["rain-jacket", "trail-runner", "water-bottle"]


def a_query(**changes: object) -> ProductQuery:
    asked_for: dict[str, object] = {"first": 10, "locale": Locale("en")}
    return ProductQuery(**(asked_for | changes))  # type: ignore[arg-type]  # keyword builder


def positions(query: ProductQuery) -> browsing.Page:
    return browsing.Page.of(query, at_most=100)


@pytest.mark.parametrize("first", [1, 2, 3])
async def test_a_listing_in_pages_is_the_listing(first: int) -> None:
    connection = a_connection(FakeHttp())
    seen, after, has_next = [], None, True

    while has_next:
        page = await connection.browse(a_query(first=first, after=after))
        seen += [edge.product.handle for edge in page.edges]
        after, has_next = page.edges[-1].cursor, page.has_next
        assert page.total == 3

    assert seen == BY_NAME


async def test_a_listing_costs_one_call_words_two_and_a_category_three() -> None:
    http = FakeHttp()
    connection = a_connection(http)
    costs = []
    for query in (a_query(), a_query(search="rain"), a_query(category="outerwear", search="rain")):
        before = len(http.sent)
        page = await connection.browse(query)
        costs.append(len(http.sent) - before)
        assert page.edges

    assert costs == [2, 2, 3]  # the first one logs in


async def test_a_product_told_again_is_the_same_object_in_a_listing_and_by_key() -> None:
    connection = a_connection(FakeHttp())
    first, again = [await connection.browse(a_query()) for _ in range(2)]
    named = await connection.products([ProductKey("handle", BY_NAME[0])])

    assert [edge.product for edge in first.edges] == [edge.product for edge in again.edges]
    for edge, other in zip(first.edges, again.edges, strict=True):
        assert edge.product is other.product
    assert named.rows[0] is first.edges[0].product


async def test_an_unknown_category_is_an_empty_listing() -> None:
    page = await a_connection(FakeHttp()).browse(a_query(category="none"))

    assert (page.edges, page.has_next, page.total, page.as_of) == ((), False, 0, ANSWERED)


async def test_words_without_hits_are_an_empty_listing() -> None:
    http = FakeHttp()
    connection = a_connection(http)

    by_name = await connection.browse(a_query(search="zeppelin"))
    by_age = await connection.browse(a_query(search="zeppelin", sort=ProductSort.NEWEST))

    assert (by_name.edges, by_name.has_next, by_name.total) == ((), False, 0)
    assert (by_age.edges, by_age.has_next, by_age.total) == ((), False, 0)
    assert http.count("products") == 0


async def test_blank_words_are_no_words() -> None:
    http = FakeHttp()

    page = await a_connection(http).browse(a_query(search="   "))

    assert [edge.product.handle for edge in page.edges] == BY_NAME
    assert http.count("search") == 0


async def test_a_hit_that_is_no_longer_sold_is_left_out_and_cursors_stay_true() -> None:
    http = FakeHttp()
    hits = [
        {"productId": "2"},
        {"productId": "4"},
        {"productId": "2"},
        {"productId": None},
        {"productId": "1"},
    ]
    http.say("search", {"data": {"search": {"totalItems": 5, "items": hits}}})
    query = a_query(search="boot")

    page = await a_connection(http).browse(query)

    assert [edge.product.id for edge in page.edges] == ["2", "1"]
    assert len(page.rejected) == 1
    behind = [positions(a_query(search="boot", after=edge.cursor)).skip for edge in page.edges]
    assert behind == [1, 5]


async def test_a_bad_product_does_not_shift_the_cursors_of_the_good_ones() -> None:
    http, body = FakeHttp(), recorded("products")
    body["data"]["products"]["items"] = body["data"]["products"]["items"][:3]
    body["data"]["products"]["items"][1]["translations"] = "none"
    http.say("products", body)

    page = await a_connection(http).browse(a_query())

    behind = [positions(a_query(after=edge.cursor)).skip for edge in page.edges]
    assert behind == [1, 3]
    assert [row.reference for row in page.rejected] == ["2"]


async def test_too_many_hits_cannot_be_sorted_by_age() -> None:
    http = FakeHttp()
    http.say("search", {"data": {"search": {"totalItems": 1001, "items": [{"productId": "1"}]}}})

    with pytest.raises(InvalidInputError, match="narrow the search") as refusal:
        await a_connection(http).browse(a_query(search="a lot", sort=ProductSort.NEWEST))

    assert refusal.value.argument == "sort"


async def test_a_page_is_at_most_a_hundred_products_and_never_none() -> None:
    http = FakeHttp()
    connection = a_connection(http)

    await connection.browse(a_query(first=5000))

    assert asked(http.sent[-1])["products"]["take"] == 100
    with pytest.raises(InvalidInputError) as refusal:
        await connection.browse(a_query(first=0))
    assert refusal.value.argument == "first"


async def test_every_sort_has_the_slug_to_break_ties() -> None:
    http = FakeHttp()
    connection = a_connection(http)

    for sort in ProductSort:
        await connection.browse(a_query(sort=sort))

    assert [asked(request)["products"]["sort"] for request in http.sent[1:]] == [
        {"name": "ASC", "slug": "ASC"},
        {"createdAt": "DESC", "slug": "ASC"},
    ]


async def test_a_product_that_several_keys_name_is_told_once() -> None:
    keys = [ProductKey("id", "2"), ProductKey("handle", "rain-jacket")]
    keys += [ProductKey("sku", "JACKET-S"), ProductKey("sku", "JACKET-M")]
    http = FakeHttp()

    together = await a_connection(http).products(keys)
    apart = await a_connection(FakeHttp(), page_size=1).products(keys)

    assert [product.id for product in together.rows] == ["2"]
    assert [product.id for product in apart.rows] == ["2"]
    assert apart.rejected == ()
    assert http.count("products") == 1


@pytest.mark.parametrize(
    "key",
    [
        ProductKey("handle", "giacca-antipioggia"),
        ProductKey("sku", "JACKET-XXL"),
        ProductKey("sku", "SECRET-42"),
        ProductKey("id", "4"),
    ],
)
async def test_only_a_key_we_tell_ourselves_names_a_product(key: ProductKey) -> None:
    answer = await a_connection(FakeHttp()).products([key])

    assert answer.rows == ()


@given(text=st.text(max_size=40))
def test_any_other_text_is_not_a_cursor(text: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        positions(a_query(after=text))

    assert refusal.value.argument == "after"


@given(position=st.integers(1, browsing.FURTHEST))
def test_a_cursor_leads_back_to_its_place(position: int) -> None:
    cursor = browsing.cursor(a_query(), position)

    assert positions(a_query(after=cursor)).skip == position


@pytest.mark.parametrize("position", [0, -1, browsing.FURTHEST + 1])
def test_a_place_that_cannot_be_is_not_a_cursor(position: int) -> None:
    with pytest.raises(InvalidInputError):
        positions(a_query(after=browsing.cursor(a_query(), position)))


@pytest.mark.parametrize(
    "other",
    [
        {"search": "rain"},
        {"category": "shoes"},
        {"sort": ProductSort.NEWEST},
        {"locale": Locale("it")},
        {"channel": ChannelCode("APP")},
    ],
)
def test_a_cursor_belongs_to_its_listing(other: dict[str, object]) -> None:
    cursor = browsing.cursor(a_query(), 5)

    with pytest.raises(InvalidInputError):
        positions(a_query(after=cursor, **other))
