"""Every wrong input gets a typed answer that says what to change, and the rest is answered."""

from base64 import urlsafe_b64encode
from typing import Any

import pytest

from app.errors import InvalidInputError
from tests.builders import a_location, a_product, a_variant
from tests.gateways import Retailer, gateway_over


def node_id(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("query", "argument", "message"),
    [
        ("{ products(first: 10000) { totalCount } }", "first", "first is between 1 and 100."),
        ("{ products(first: 0) { totalCount } }", "first", "first is between 1 and 100."),
        ("{ locations(first: -1) { totalCount } }", "first", "first is between 1 and 100."),
        (
            "{ locations(near: {latitude: 45, longitude: 9}, withinKm: -5) { totalCount } }",
            "withinKm",
            "withinKm is above 0 and at most 20038.0.",
        ),
        ("{ locations(withinKm: 5) { totalCount } }", "withinKm", "withinKm needs near."),
        (
            "{ locations(near: {latitude: 91, longitude: 9}) { totalCount } }",
            "near",
            "near needs a latitude of -90 to 90 and a longitude of -180 to 180 degrees.",
        ),
        (
            '{ locations(after: "x") { totalCount } }',
            "after",
            "after is not a cursor of this list: give an endCursor of it.",
        ),
        ("{ product { name } }", "id", "product needs one of id, handle and sku."),
        (
            '{ product(handle: "shirt", sku: "S") { name } }',
            "id",
            "product needs one of id, handle and sku.",
        ),
        (
            f'{{ product(id: "{node_id("Location:ST-MIL")}") {{ name }} }}',
            "id",
            "The id is that of a Location, not of a Product.",
        ),
        (
            '{ product(id: "42") { name } }',
            "id",
            "The id is not one of this schema's: pass an id as it was answered.",
        ),
        (
            '{ node(id: "\u00e9\u00e9\u00e9") { id } }',
            "id",
            "The id is not one of this schema's: pass an id as it was answered.",
        ),
        (
            '{ products(channel: "WEBB") { totalCount } }',
            "channel",
            "Unknown channel 'WEBB', did you mean 'WEB'?",
        ),
        (
            '{ products(search: "' + "x" * 201 + '") { totalCount } }',
            "search",
            "search has at most 200 characters.",
        ),
        (
            '{ product(handle: "' + "x" * 501 + '") { name } }',
            "handle",
            "handle has at most 500 characters.",
        ),
        (
            '{ products(category: "' + "x" * 501 + '") { totalCount } }',
            "category",
            "category has at most 500 characters.",
        ),
        (
            '{ products(after: "' + "x" * 501 + '") { totalCount } }',
            "after",
            "after has at most 500 characters.",
        ),
        (
            f'{{ product(id: "{node_id("Product:" + "x" * 501)}") {{ name }} }}',
            "id",
            "The id is not one of this schema's: pass an id as it was answered.",
        ),
        (
            "{ variants(skus: [" + '"S",' * 101 + "]) { sku } }",
            "skus",
            "skus takes at most 100 values, 101 were given: ask in several operations.",
        ),
    ],
)
async def test_an_impossible_argument_says_what_to_change(
    query: str, argument: str, message: str
) -> None:
    shop = Retailer()
    async with gateway_over({"shop": shop}) as ask:
        shop.calls.clear()
        body = await ask(query)

    [error] = body["errors"]
    assert error["message"].casefold() == message.casefold()
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": argument}
    assert shop.calls == []


async def test_the_same_mistake_at_many_paths_is_told_once() -> None:
    shop = Retailer()
    async with gateway_over({"shop": shop}) as ask:
        body = await ask(
            """{ product(handle: "shirt") { variants { a: availability(first: 0) { status }
                 b: availability(first: 101) { status } } } }"""
        )

    assert body["data"] == {"product": None}
    [error] = body["errors"]
    assert error["message"] == "first is between 1 and 100."


async def test_more_variants_at_more_places_than_one_answer_holds_are_refused() -> None:
    many = [
        a_product(
            id=str(n), handle=f"p{n}", variants=tuple(a_variant(f"{n}-{v}") for v in range(9))
        )
        for n in range(100)
    ]
    shop = Retailer(known_products=many, known_locations=[a_location(f"ST-{n}") for n in range(30)])
    async with gateway_over({"shop": shop}) as ask:
        body = await ask(
            """{ products(first: 100) { edges { node { variants(first: 9) {
                 availability(first: 30) { status } } } } } }"""
        )

    assert [error["message"] for error in body["errors"]] == [
        "900 variants at 30 locations are more than 20,000 in one answer: ask for fewer of either."
    ]
    assert "stock_levels" not in {question for question, _ in shop.calls}


async def test_unknown_skus_and_codes_are_null_and_the_others_answered() -> None:
    async with gateway_over({"shop": Retailer()}) as ask:
        data = await ask.data(
            """{ variants(skus: ["NOPE", "SHIRT-M", "SHIRT-M"]) { sku }
                 location(code: "NOPE") { code } product(sku: "NOPE") { name } }"""
        )

    assert data == {
        "variants": [None, {"sku": "SHIRT-M"}, {"sku": "SHIRT-M"}],
        "location": None,
        "product": None,
    }


async def test_an_unknown_location_is_told_and_the_others_answered() -> None:
    async with gateway_over({"shop": Retailer()}) as ask:
        body = await ask(
            """{ variants(skus: ["SHIRT-M"]) {
                 availability(locations: ["ST-MLI", "ST-MIL"]) { location { code } } } }"""
        )

    assert body["data"]["variants"][0]["availability"] == [{"location": {"code": "ST-MIL"}}]
    assert body["errors"] == [
        {
            "message": "Unknown location 'st-mli', did you mean 'st-mil'?",
            "extensions": {"code": "BAD_USER_INPUT", "argument": "locations"},
        }
    ]


async def test_a_foreign_cursor_is_the_callers_mistake_not_the_upstreams() -> None:
    shop = Retailer()
    async with gateway_over({"shop": shop}) as ask:
        shop.error = InvalidInputError("after is not a cursor of this listing.", argument="after")
        body = await ask.staff('{ products(after: "abc") { totalCount } upstreams { name } }')

    assert body["data"] == {"products": None, "upstreams": [{"name": "shop"}]}
    [error] = body["errors"]
    assert error["path"] == ["products"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "after"}


@pytest.mark.parametrize("duration", ["5 seconds", "PT", "-PT5S", 5, "", None])
async def test_a_duration_is_iso_8601(duration: Any) -> None:
    async with gateway_over({"shop": Retailer(known_locations=[a_location()])}) as ask:
        response = await ask.post(
            """query Q($age: Duration!) {
                 variants(skus: ["SHIRT-M"]) { availability(maxAge: $age) { status } } }""",
            age=duration,
        )

    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
