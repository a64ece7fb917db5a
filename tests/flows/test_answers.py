"""What a caller is told about products, prices, stock and places."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.errors import UpstreamThrottled, UpstreamUnavailable
from app.ports import Category, Image, IncomingSupply, VariantOption
from app.values import CurrencyCode, Gtin, Locale, LocationCode, LocationKind, Money, Texts
from tests.builders import NOON, a_level, a_location, a_price, a_product, a_variant
from tests.gateways import Retailer, gateway_over

AVAILABILITY = """{ variants(skus: ["SHIRT-M"]) { availability {
    location { code } status availableToSell onHand reserved damaged safetyStock
    incoming { quantity expectedAt } asOf freshness source } } }"""


async def test_reserved_and_safety_stock_are_not_for_sale() -> None:
    level = a_level(
        on_hand=9,
        reserved=2,
        safety_stock=1,
        damaged=4,
        incoming=(IncomingSupply(quantity=6, expected_at=NOON),),
    )
    async with gateway_over({"tills": Retailer(levels=[level])}) as ask:
        data = await ask.data(AVAILABILITY)

    assert data["variants"] == [
        {
            "availability": [
                {
                    "location": {"code": "ST-MIL"},
                    "status": "IN_STOCK",
                    "availableToSell": 6,
                    "onHand": 9,
                    "reserved": 2,
                    "damaged": 4,
                    "safetyStock": 1,
                    "incoming": [{"quantity": 6, "expectedAt": NOON.isoformat()}],
                    "asOf": NOON.isoformat(),
                    "freshness": "LIVE",
                    "source": "tills",
                }
            ]
        }
    ]


async def test_a_location_nobody_is_bound_to_is_left_out_unless_it_is_asked_for() -> None:
    tills = Retailer(known_locations=[a_location("ST-MIL"), a_location("PP-1")])
    async with gateway_over({"tills": tills}, bind={"stock": {"tills": ["ST-*"]}}) as ask:
        everywhere = await ask.data(
            '{ variants(skus: ["SHIRT-M"]) { availability { location { code } status } } }'
        )
        there = await ask.data(
            """{ variants(skus: ["SHIRT-M"]) {
                 availability(locations: ["PP-1"]) { status freshness source } } }"""
        )

    assert everywhere["variants"][0]["availability"] == [
        {"location": {"code": "ST-MIL"}, "status": "NOT_CARRIED"}
    ]
    assert there["variants"][0]["availability"] == [
        {"status": "UNKNOWN", "freshness": "UNKNOWN", "source": None}
    ]


async def test_stock_older_than_it_may_be_is_stale_even_when_just_told() -> None:
    old = a_level(as_of=NOON - timedelta(days=2))
    async with gateway_over({"tills": Retailer(levels=[old])}) as ask:
        data = await ask.data('{ variants(skus: ["SHIRT-M"]) { availability { freshness } } }')

    assert data["variants"][0]["availability"] == [{"freshness": "STALE"}]


async def test_max_age_asks_again_and_says_when_it_could_not() -> None:
    tills = Retailer(levels=[a_level()])
    async with gateway_over(
        {"tills": tills}, freshness={"stock": {"fresh_for": "PT60S", "if_error_for": "PT60S"}}
    ) as ask:
        query = """query Q($age: Duration) { variants(skus: ["SHIRT-M"]) {
                   availability(maxAge: $age) { availableToSell freshness } } }"""
        first = await ask.data(query)
        kept = await ask.data(query)
        forced = await ask.data(query, age="PT0S")
        tills.error = UpstreamUnavailable("did not answer")
        failed = await ask(query, age="PT0S")

    told = [
        answer["variants"][0]["availability"][0]["freshness"] for answer in (first, kept, forced)
    ]
    assert told == ["LIVE", "CACHED", "LIVE"]
    assert failed["data"]["variants"][0]["availability"] == [
        {"availableToSell": 5, "freshness": "STALE"}
    ]
    assert failed["errors"] == [
        {
            "message": "tills: did not answer.",
            "extensions": {
                "connection": "tills",
                "code": "UPSTREAM_UNAVAILABLE",
                "retryable": True,
            },
        }
    ]


async def test_what_a_channel_sells_counts_unknown_locations_apart() -> None:
    shop = Retailer(
        known_locations=[
            a_location("ECOM-1", kind=LocationKind.ECOM_DC),
            a_location("ST-MIL"),
            a_location("WH-1", kind=LocationKind.WAREHOUSE),
        ],
        levels=[a_level(location=LocationCode("ECOM-1"), on_hand=7)],
    )
    silent = Retailer(error=UpstreamUnavailable("did not answer"))
    async with gateway_over(
        {"shop": shop, "warehouse": silent},
        bind={"stock": {"shop": ["ECOM-*", "ST-*"], "warehouse": ["WH-*"]}},
        channels={
            "WEB": {
                "currency": "EUR",
                "country": "IT",
                "locale": "it",
                "sells_from": ["ECOM-*", "WH-*"],
                "global_buffer": 2,
            }
        },
    ) as ask:
        body = await ask(
            """{ variants(skus: ["SHIRT-M"]) { availableToSell { status availableToSell
                 locations { code } unknownLocations { code } asOf freshness } } }"""
        )

    assert body["data"]["variants"][0]["availableToSell"] == {
        "status": "IN_STOCK",
        "availableToSell": 5,
        "locations": [{"code": "ECOM-1"}],
        "unknownLocations": [{"code": "WH-1"}],
        "asOf": NOON.isoformat(),
        "freshness": "LIVE",
    }
    assert [error["extensions"]["connection"] for error in body["errors"]] == ["warehouse"]


async def test_a_destination_counts_only_locations_that_send_there() -> None:
    shop = Retailer(
        known_locations=[
            a_location("ECOM-1", services=frozenset({"SHIP_FROM"})),
            a_location("ST-MIL", services=frozenset({"PICKUP"})),
        ],
        levels=[
            a_level(location=LocationCode("ECOM-1"), on_hand=7),
            a_level(location=LocationCode("ST-MIL"), on_hand=3),
        ],
    )
    channel = {"currency": "EUR", "country": "IT", "locale": "it", "ships_to": ["IT", "FR"]}
    query = """query Q($to: DestinationInput) { variants(skus: ["SHIRT-M"]) {
               availableToSell(destination: $to) { status availableToSell } } }"""
    async with gateway_over({"shop": shop}, channels={"WEB": channel}) as ask:
        anywhere = await ask.data(query)
        france = await ask.data(query, to={"country": "FR"})
        japan = await ask.data(query, to={"country": "JP"})

    assert [answer["variants"][0]["availableToSell"] for answer in (anywhere, france, japan)] == [
        {"status": "IN_STOCK", "availableToSell": 10},
        {"status": "IN_STOCK", "availableToSell": 7},
        {"status": "NOT_CARRIED", "availableToSell": 0},
    ]


async def test_prices_are_exact_and_come_from_their_owner() -> None:
    marked_down = a_price(amount="0.10", compare_at=Money(Decimal("19.90"), CurrencyCode("EUR")))
    async with gateway_over({"shop": Retailer(known_prices=[marked_down])}) as ask:
        data = await ask.data(
            """{ variants(skus: ["SHIRT-M"]) { price { amount { amount currency }
                 compareAt { amount } taxIncluded channel asOf freshness source } } }"""
        )

    assert data["variants"][0]["price"] == {
        "amount": {"amount": "0.10", "currency": "EUR"},
        "compareAt": {"amount": "19.90"},
        "taxIncluded": True,
        "channel": "WEB",
        "asOf": NOON.isoformat(),
        "freshness": "LIVE",
        "source": "shop",
    }


async def test_the_same_field_with_two_sets_of_arguments_is_asked_once_each() -> None:
    channel = {"currency": "EUR", "country": "IT", "locale": "it"}
    shop = Retailer(known_prices=[a_price()])
    async with gateway_over({"shop": shop}, channels={"WEB": channel, "APP": channel}) as ask:
        await ask.data(
            """{ product(handle: "shirt") { variants {
                 web: price(channel: "WEB") { source } app: price(channel: "APP") { source }
                 again: price(channel: "WEB") { channel } } } }"""
        )

    asked = [about for question, about in shop.calls if question == "prices"]
    assert sorted(asked) == [(("SHIRT-M",), "APP"), (("SHIRT-M",), "WEB")]


@pytest.mark.parametrize(
    ("argument", "header", "told"),
    [
        (None, None, ("Camicia", "it")),  # the channel's language
        (None, "en-GB,en;q=0.9", ("Shirt", "en")),
        (None, "de, en;q=0.5, it;q=0.1", ("Shirt", "en")),
        ("it", "en", ("Camicia", "it")),
        ("de-CH", "fr", ("Camicia", "it")),
        (None, "*;q=0.5, ,;;q=,en;q=2,x", ("Camicia", "it")),
    ],
)
async def test_texts_come_in_the_callers_language_and_say_which(
    argument: str | None, header: str | None, told: tuple[str, str]
) -> None:
    async with gateway_over({"shop": Retailer()}) as ask:
        if header is not None:
            ask.http.headers["accept-language"] = header
        data = await ask.data(
            """query Q($locale: Locale) {
                 product(handle: "shirt", locale: $locale) { name locale } }""",
            locale=argument,
        )

    assert (data["product"]["name"], data["product"]["locale"]) == told


async def test_a_product_is_told_whole() -> None:
    english = Locale("en")
    size = VariantOption(name=Texts({english: "Size"}), value=Texts({english: "M"}))
    image = Image(url="https://images.example/1.jpg", alt=Texts({english: "Front"}), width=800)
    shirt = a_product(
        brand="Ondalibera",
        categories=(Category(id="7", handle="shirts", name=Texts({english: "Shirts"})),),
        images=(image,),
        variants=(a_variant(gtin=Gtin("8001234000011"), options=(size,), images=(image,)),),
        updated_at=NOON,
    )
    async with gateway_over({"shop": Retailer(known_products=[shirt])}) as ask:
        data = await ask.data(
            """{ product(sku: "SHIRT-M", locale: "en") {
                 handle description brand updatedAt asOf freshness
                 categories { id handle name } images { url alt width height }
                 variants { sku gtin name locale options { name value } images { url }
                            product { handle } } } }"""
        )

    assert data["product"] == {
        "handle": "shirt",
        "description": "A shirt.",
        "brand": "Ondalibera",
        "updatedAt": NOON.isoformat(),
        "asOf": NOON.isoformat(),
        "freshness": "LIVE",
        "categories": [{"id": "7", "handle": "shirts", "name": "Shirts"}],
        "images": [
            {"url": "https://images.example/1.jpg", "alt": "Front", "width": 800, "height": None}
        ],
        "variants": [
            {
                "sku": "SHIRT-M",
                "gtin": "8001234000011",
                "name": "Shirt SHIRT-M",
                "locale": "en",
                "options": [{"name": "Size", "value": "M"}],
                "images": [{"url": "https://images.example/1.jpg"}],
                "product": {"handle": "shirt"},
            }
        ],
    }


async def test_any_object_is_found_again_by_its_id_in_one_question_a_source() -> None:
    shop = Retailer()
    async with gateway_over({"shop": shop}) as ask:
        found = await ask.data(
            """{ product(handle: "shirt") { id variants { id } }
                 location(code: "ST-MIL") { id } }"""
        )
        ids = [
            found["location"]["id"],
            found["product"]["variants"][0]["id"],
            found["product"]["id"],
        ]
        shop.calls.clear()
        data = await ask.data(
            """query Q($ids: [ID!]!, $one: ID!) {
                 nodes(ids: $ids) { __typename id }
                 node(id: $one) { ... on Location { code } } }""",
            ids=[*ids, "UHJvZHVjdDo0MDQ", "TG9jYXRpb246WA", "Tm91bjox"],
            one=ids[0],
        )

    assert data == {
        "nodes": [
            {"__typename": "Location", "id": ids[0]},
            {"__typename": "ProductVariant", "id": ids[1]},
            {"__typename": "Product", "id": ids[2]},
            None,
            None,
            None,
        ],
        "node": {"code": "ST-MIL"},
    }
    assert [question for question, _ in shop.calls] == ["products"]


async def test_a_silent_catalogue_leaves_the_rest_of_the_answer() -> None:
    shop = Retailer(error=UpstreamThrottled("asked us to wait", retry_after=timedelta(seconds=7)))
    tills = Retailer(levels=[a_level()])
    async with gateway_over({"shop": shop, "tills": tills}, bind={"locations": ["tills"]}) as ask:
        body = await ask(
            """{ products { totalCount } product(handle: "shirt") { name }
                 variants(skus: ["SHIRT-M"]) { sku } location(code: "ST-MIL") { code } }"""
        )

    assert body["data"] == {
        "products": None,
        "product": None,
        "variants": [None],
        "location": {"code": "ST-MIL"},
    }
    assert body["errors"] == [
        {
            "message": "shop: asked us to wait.",
            "extensions": {
                "connection": "shop",
                "code": "UPSTREAM_THROTTLED",
                "retryable": True,
                "retryAfter": "PT7S",
            },
        }
    ]


async def test_freshness_names_every_source_its_oldest_word_and_its_age() -> None:
    level = a_level(as_of=NOON - timedelta(seconds=90))
    async with gateway_over({"shop": Retailer(levels=[level])}) as ask:
        body = await ask('{ variants(skus: ["SHIRT-M"]) { availability { status } } }')

    assert body["extensions"]["freshness"] == [
        {
            "connection": "shop",
            "port": "CatalogSource",
            "freshness": "LIVE",
            "asOf": NOON.isoformat(),
            "age": "PT0S",
        },
        {
            "connection": "shop",
            "port": "StockSource",
            "freshness": "LIVE",
            "asOf": (NOON - timedelta(seconds=90)).isoformat(),
            "age": "PT1M30S",
        },
    ]


async def test_upstreams_tell_what_was_seen_of_them() -> None:
    instant = datetime(2026, 11, 20, 12, tzinfo=UTC)
    async with gateway_over({"shop": Retailer()}, now=lambda: instant) as ask:
        data = await ask.staff.data(
            """{ upstreams { name connector kind ports state lastSuccessAt lastFailure { code }
                 throttledUntil rejectedRows clockSkew operations { name } } }"""
        )

    assert data["upstreams"] == [
        {
            "name": "shop",
            "connector": "made_up",
            "kind": "retailer",
            "ports": ["CatalogSource", "LocationSource", "PriceSource", "StockSource"],
            "state": "UNKNOWN",
            "lastSuccessAt": None,
            "lastFailure": None,
            "throttledUntil": None,
            "rejectedRows": 0,
            "clockSkew": "PT0S",
            "operations": [],
        }
    ]


async def test_a_bug_of_a_connector_is_its_upstreams_trouble() -> None:
    shop = Retailer(error=KeyError("password=hunter2"))
    tills = Retailer(levels=[a_level()])
    async with gateway_over({"shop": shop, "tills": tills}, bind={"locations": ["tills"]}) as ask:
        response = await ask.post('{ product(handle: "shirt") { name } locations { totalCount } }')

    body = response.json()
    assert "hunter2" not in response.text
    assert body["data"] == {"product": None, "locations": {"totalCount": 1}}
    [error] = body["errors"]
    assert (error["message"], error["extensions"]["code"]) == (
        "shop: its connector failed.",
        "UPSTREAM_BROKEN",
    )


async def test_a_bug_of_ours_is_masked_and_named_by_an_id() -> None:
    impossible = a_level(as_of="hunter2")
    async with gateway_over({"tills": Retailer(levels=[impossible])}) as ask:
        response = await ask.post(
            """{ location(code: "ST-MIL") { code }
                 variants(skus: ["SHIRT-M"]) { availability { status } } }"""
        )

    assert response.status_code == 200
    assert "hunter2" not in response.text
    assert response.json()["data"] == {"location": {"code": "ST-MIL"}, "variants": [None]}
    [error] = response.json()["errors"]
    assert error["message"] == "Something went wrong on our side."
    assert error["extensions"]["code"] == "INTERNAL"
    assert len(error["extensions"]["errorId"]) == 32
