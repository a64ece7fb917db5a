from dataclasses import replace
from decimal import Decimal
from math import ceil
from typing import Any

import pytest

from app.errors import UpstreamBroken, UpstreamUnavailable
from app.ports import ProductKey, RejectedRow
from app.values import ChannelCode, CurrencyCode, LocationCode, Money, Sku
from tests.connectors.vendure.wire import (
    ANSWERED,
    DEPOT,
    NOON,
    OUTLET,
    POPUP,
    WEB,
    FakeHttp,
    a_connection,
    asked,
    recorded,
)

EVERYWHERE = [DEPOT, OUTLET, POPUP]
ALL = [Sku(f"TRAIL-{size}") for size in (40, 42, 44)] + [Sku("BOTTLE")]


def stock_with(*variants: dict[str, Any]) -> Any:
    """A recorded answer with other variants."""
    body = recorded("stock-levels")
    body["data"]["productVariants"] = {"totalItems": len(variants), "items": list(variants)}
    return body


def a_variant(**changes: object) -> dict[str, Any]:
    return {**recorded("stock-levels")["data"]["productVariants"]["items"][0], **changes}


async def test_recorded_levels_are_told_under_our_codes_at_the_locations_asked_for() -> None:
    answer = await a_connection(FakeHttp()).stock_levels(
        [Sku("TRAIL-42"), Sku("NOBODY")], [OUTLET, DEPOT, LocationCode("ELSEWHERE")]
    )

    told = [(level.sku, level.location, level.on_hand, level.as_of) for level in answer.rows]
    assert told == [("TRAIL-42", DEPOT, 19, ANSWERED), ("TRAIL-42", OUTLET, 120, ANSWERED)]
    assert answer.as_of == ANSWERED


async def test_the_order_of_levels_does_not_matter() -> None:
    http, variant = FakeHttp(), a_variant()
    http.say("stock-levels", stock_with({**variant, "stockLevels": variant["stockLevels"][::-1]}))

    answer = await a_connection(http).stock_levels([Sku("TRAIL-40")], EVERYWHERE)

    assert {level.location: level.on_hand for level in answer.rows} == {
        DEPOT: 5,
        OUTLET: 105,
        POPUP: 205,
    }


@pytest.mark.parametrize(("skus", "locations"), [([], EVERYWHERE), (ALL, [])])
async def test_nothing_asked_costs_no_call(skus: list[Sku], locations: list[LocationCode]) -> None:
    http = FakeHttp()
    connection = a_connection(http)

    levels = await connection.stock_levels(skus, locations)
    prices = await connection.prices([], channel=WEB)
    products = await connection.products([])

    assert (levels.rows, prices.rows, products.rows) == ((), (), ())
    assert (levels.as_of, prices.as_of, products.as_of) == (NOON, NOON, NOON)
    assert http.sent == []


@pytest.mark.parametrize("count", [1, 999, 1000, 1001, 2500])
async def test_a_batch_costs_a_call_for_each_thousand_and_never_takes_more(count: int) -> None:
    http, skus = FakeHttp(), [Sku(f"SKU-{number}") for number in range(count)]
    connection = a_connection(http)

    await connection.stock_levels(skus, EVERYWHERE)
    await connection.prices(skus, channel=WEB)
    await connection.products([ProductKey("sku", sku) for sku in skus])

    for operation in ("stock-levels", "prices", "products"):
        assert http.count(operation) == ceil(count / 1000)
    options = [each for request in http.sent[1:] for each in asked(request).values()]
    assert {each["take"] for each in options} == {1000}
    batches = [each["filter"]["sku"]["in"] for each in options if "sku" in each.get("filter", {})]
    assert max(map(len, batches)) <= 1000
    assert sorted(sku for batch in batches for sku in batch) == sorted(skus * 2)


async def test_a_smaller_page_of_the_shop_is_kept_to() -> None:
    http = FakeHttp()
    connection = a_connection(http, page_size=2)

    levels = await connection.stock_levels(ALL, EVERYWHERE)
    locations = await connection.locations()

    assert len(levels.rows) == len(ALL) * 3
    assert {level.location for level in levels.rows} == set(EVERYWHERE)
    assert [location.code for location in locations.rows] == EVERYWHERE
    assert http.count("stock-levels") == 2
    options = [each for request in http.sent[1:] for each in asked(request).values()]
    assert {each["take"] for each in options} == {2}


async def test_of_two_variants_with_one_sku_the_older_is_told() -> None:
    http = FakeHttp()
    twin = a_variant(id="70", stockLevels=[{**a_variant()["stockLevels"][0], "stockOnHand": 999}])
    http.say("stock-levels", stock_with(a_variant(), twin))

    answer = await a_connection(http).stock_levels([Sku("TRAIL-40")], [DEPOT])

    assert [level.on_hand for level in answer.rows] == [5]
    assert [row.reference for row in answer.rejected] == ["('TRAIL-40', 'ECOM-1')"]


async def test_more_variants_than_skus_are_read_page_by_page() -> None:
    http = FakeHttp()
    first, second = stock_with(a_variant()), stock_with(a_variant(id="70", sku="TRAIL-42"))
    for body in (first, second):
        body["data"]["productVariants"]["totalItems"] = 2
        body["data"]["stockLocations"] = {"totalItems": 1, "items": [{"id": "1", "name": "X"}]}
        http.say("stock-levels", body)
    both = [Sku("TRAIL-40"), Sku("TRAIL-42")]

    answer = await a_connection(http, page_size=1).stock_levels(both[:1], [LocationCode("X")])

    assert [(level.sku, level.location) for level in answer.rows] == [("TRAIL-40", "X")]
    assert [asked(request)["variants"]["skip"] for request in http.sent[1:]] == [0, 1]


async def test_a_sku_that_the_database_takes_for_the_same_is_not_told() -> None:
    http = FakeHttp()
    http.say("stock-levels", stock_with(a_variant(), a_variant(id="70", sku="trail-40")))

    answer = await a_connection(http).stock_levels([Sku("TRAIL-40")], [DEPOT])

    assert [level.sku for level in answer.rows] == ["TRAIL-40"]
    assert answer.rejected == ()


async def test_a_bad_row_is_told_beside_the_good_ones() -> None:
    http = FakeHttp()
    body = stock_with(a_variant(), a_variant(id="70", sku="TRAIL-42", stockLevels=None))
    body["data"]["stockLocations"]["items"].append({"id": "9", "name": None})
    http.say("stock-levels", body)

    answer = await a_connection(http).stock_levels([Sku("TRAIL-40"), Sku("TRAIL-42")], [DEPOT])

    assert [level.sku for level in answer.rows] == ["TRAIL-40"]
    assert [row.reference for row in answer.rejected] == ["70", "9"]


async def test_a_list_that_claims_to_be_endless_is_not_followed() -> None:
    http, body = FakeHttp(), stock_with(a_variant())
    body["data"]["productVariants"]["totalItems"] = 10**9
    http.say("stock-levels", body)

    with pytest.raises(UpstreamBroken, match="claims 1000000000 rows"):
        await a_connection(http).stock_levels([Sku("TRAIL-40")], [DEPOT])

    assert http.count("stock-levels") == 1


async def test_one_failed_chunk_fails_the_batch() -> None:
    http = FakeHttp()
    http.say("prices", UpstreamUnavailable("did not answer prices within 2.0 s"))

    with pytest.raises(UpstreamUnavailable, match=r"did not answer prices within 2\.0 s"):
        await a_connection(http, page_size=1).prices(ALL, channel=WEB)


async def test_decimals_may_be_told_where_the_shop_keeps_others() -> None:
    prices = await a_connection(FakeHttp(), money_decimals={"EUR": 3}).prices(
        [Sku("TRAIL-40")], channel=WEB
    )

    assert [price.amount for price in prices.rows] == [Money(Decimal("9.90"), CurrencyCode("EUR"))]


async def test_a_channel_whose_prices_include_tax_says_so() -> None:
    connection = a_connection(FakeHttp(), channel_tokens={"RETAIL": "retail-channel"})
    retail = replace(WEB, code=ChannelCode("RETAIL"))

    with_tax = await connection.prices([Sku("TRAIL-40")], channel=retail)
    without = await connection.prices([Sku("TRAIL-40")], channel=WEB)

    told = [(price.amount.amount, price.tax_included) for price in (*with_tax.rows, *without.rows)]
    assert told == [(Decimal("120.78"), True), (Decimal("99.00"), False)]


async def test_locations_that_share_a_code_are_told_once() -> None:
    http = FakeHttp()
    rows = [{"id": "1", "name": "Depot"}, {"id": "2", "name": "Depot"}]
    http.say("stock-locations", {"data": {"stockLocations": {"totalItems": 2, "items": rows}}})

    answer = await a_connection(http).locations()

    assert [location.code for location in answer.rows] == ["Depot", OUTLET]
    http.say(
        "stock-locations",
        {"data": {"stockLocations": {"totalItems": 2, "items": [rows[0], {**rows[0], "id": "5"}]}}},
    )
    again = await a_connection(http).locations()
    assert [location.code for location in again.rows] == ["Depot"]
    assert again.rejected == (RejectedRow("Depot", "another stock location has the same name"),)
