"""What a router asks: the schema in its terms, and the objects that others refer to."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLError

from app.api.changes import Change, Impact, changes
from app.api.federation import (
    FEDERATION_SCALARS,
    MOST_REPRESENTATIONS,
    Representation,
)
from app.api.nodes import global_id
from app.api.schema import build_schema, federation_sdl, sdl
from app.errors import UpstreamUnavailable
from app.ports import ProductKey
from app.values import ProductId
from tests.builders import a_location, a_product, a_variant
from tests.gateways import Retailer, gateway_over

ENTITIES = """
query Entities($representations: [_Any!]!) {
  _entities(representations: $representations) {
    __typename
    ... on Product { handle }
    ... on ProductVariant { sku product { handle } }
    ... on Location { code }
  }
}
"""
SHIRT = {"__typename": "Product", "handle": "shirt"}
BOOT = {"__typename": "Product", "handle": "boot"}
SHIRT_M = {"__typename": "ProductVariant", "sku": "SHIRT-M", "product": {"handle": "shirt"}}
MILAN = {"__typename": "Location", "code": "ST-MIL"}


def a_retailer(**changes: Any) -> Retailer:
    boot = a_product(
        id=ProductId("2"),
        handle="boot",
        variants=(a_variant("BOOT-42", product_id=ProductId("2")),),
    )
    return Retailer(known_products=(a_product(), boot), known_locations=(a_location(),), **changes)


def catalogue_questions(retailer: Retailer) -> Iterator[Any]:
    return (about for question, about in retailer.calls if question == "products")


async def entities(retailer: Retailer, *representations: Any) -> dict[str, Any]:
    async with gateway_over({"shop": retailer}) as ask:
        return await ask(ENTITIES, representations=list(representations))


async def test_every_key_finds_its_object_in_the_order_asked_by_one_question() -> None:
    retailer = a_retailer()

    body = await entities(
        retailer,
        {"__typename": "ProductVariant", "sku": "SHIRT-M"},
        {"__typename": "Location", "code": "ST-MIL"},
        {"__typename": "Product", "handle": "boot"},
        {"__typename": "Product", "id": global_id("Product", "1")},
        {"__typename": "ProductVariant", "id": global_id("ProductVariant", "SHIRT-M")},
        {"__typename": "Location", "id": global_id("Location", "ST-MIL")},
        {"__typename": "Product", "handle": "boot"},
    )

    assert body.pop("extensions")
    assert body == {"data": {"_entities": [SHIRT_M, MILAN, BOOT, SHIRT, SHIRT_M, MILAN, BOOT]}}
    assert list(catalogue_questions(retailer)) == [
        (ProductKey("sku", "SHIRT-M"), ProductKey("handle", "boot"), ProductKey("id", "1"))
    ]


async def test_what_does_not_exist_is_null_in_its_place() -> None:
    body = await entities(
        a_retailer(),
        {"__typename": "Product", "handle": "nope"},
        SHIRT,
        {"__typename": "ProductVariant", "sku": "NOPE"},
        {"__typename": "Location", "code": "ST-NOPE"},
    )

    assert "errors" not in body
    assert body["data"] == {"_entities": [None, SHIRT, None, None]}


LONG = "x" * 501
NO_TYPE = (
    "The __typename of a representation is one of Customer, Location, Product, ProductVariant."
)
NO_KEY = "A Product is represented by one of its keys: id, handle."


@pytest.mark.parametrize(
    ("wrong", "message", "argument"),
    [
        ({}, NO_TYPE, "representations"),
        ({"__typename": None}, NO_TYPE, "representations"),
        ({"__typename": ["Product"]}, NO_TYPE, "representations"),
        ({"__typename": "Price", "id": "1"}, NO_TYPE, "representations"),
        ({"__typename": "Product"}, NO_KEY, "representations"),
        ({"__typename": "Product", "sku": "SHIRT-M"}, NO_KEY, "representations"),
        ({"__typename": "Product", "id": None, "handle": None}, NO_KEY, "representations"),
        (
            {"__typename": "Product", "handle": 7},
            "The handle of a Product is a string of 1 to 500 characters.",
            "handle",
        ),
        (
            {"__typename": "ProductVariant", "sku": {"a": 1}},
            "The sku of a ProductVariant is a string of 1 to 500 characters.",
            "sku",
        ),
        (
            {"__typename": "Location", "code": LONG},
            "The code of a Location is a string of 1 to 500 characters.",
            "code",
        ),
        (
            {"__typename": "Product", "handle": ""},
            "The handle of a Product is a string of 1 to 500 characters.",
            "handle",
        ),
        (
            {"__typename": "Product", "id": "1"},
            "The id is not one of this schema's: pass an id as it was answered.",
            "id",
        ),
        (
            {"__typename": "Product", "id": global_id("Location", "ST-MIL")},
            "The id is that of a Location, not of a Product.",
            "id",
        ),
    ],
)
async def test_a_wrong_representation_spoils_only_itself(
    wrong: dict[str, Any], message: str, argument: str
) -> None:
    body = await entities(a_retailer(), SHIRT, wrong, MILAN)

    assert body["data"] == {"_entities": [SHIRT, None, MILAN]}
    [error] = body["errors"]
    assert error.pop("locations")
    assert error == {
        "message": message,
        "path": ["_entities", 1],
        "extensions": {"code": "BAD_USER_INPUT", "argument": argument},
    }


async def test_a_key_that_is_null_gives_way_to_the_next() -> None:
    body = await entities(a_retailer(), {"__typename": "Product", "id": None, "handle": "boot"})

    assert body["data"] == {"_entities": [BOOT]}


@pytest.mark.parametrize("wrong", [1, "Product", ["Product"], True])
async def test_what_is_no_object_is_refused(wrong: Any) -> None:
    body = await entities(a_retailer(), wrong)

    assert "data" not in body
    assert [error["extensions"]["code"] for error in body["errors"]] == ["BAD_USER_INPUT"]
    parse_any = FEDERATION_SCALARS[Representation].parse_value
    assert parse_any is not None
    with pytest.raises(GraphQLError, match="_Any is an object with a __typename"):
        parse_any(wrong)


async def test_representations_may_be_written_into_the_document() -> None:
    async with gateway_over({"shop": a_retailer()}) as ask:
        data = await ask.data(
            '{ _entities(representations: [{__typename: "Product", handle: "boot"}])'
            " { ... on Product { handle } } }"
        )

    assert data == {"_entities": [{"handle": "boot"}]}


async def test_a_catalogue_that_fails_leaves_the_locations() -> None:
    retailer = a_retailer(error=UpstreamUnavailable("refused the connection"))
    async with gateway_over(
        {"shop": retailer, "erp": a_retailer()}, bind={"locations": ["erp"]}
    ) as ask:
        body = await ask(ENTITIES, representations=[SHIRT, MILAN])

    assert body["data"] == {"_entities": [None, MILAN]}
    assert [error["message"] for error in body["errors"]] == ["shop: refused the connection."]


async def test_as_many_as_the_bound_are_one_question_and_one_more_is_refused() -> None:
    retailer = a_retailer()
    many = [{"__typename": "Product", "handle": f"h{n}"} for n in range(MOST_REPRESENTATIONS)]

    body = await entities(retailer, *many)
    refused = await entities(a_retailer(), *many, SHIRT)

    assert body["data"] == {"_entities": [None] * MOST_REPRESENTATIONS}
    assert [len(keys) for keys in catalogue_questions(retailer)] == [MOST_REPRESENTATIONS]
    assert refused["data"] is None
    assert [error["message"] for error in refused["errors"]] == [
        "representations takes at most 1,000 objects, 1,001 were given: ask in several operations."
    ]


async def test_a_router_is_told_the_schema_with_keys() -> None:
    open_ = {"introspection": True}
    async with gateway_over({"shop": a_retailer()}, requests=open_) as ask:
        told = (await ask.data("{ _service { sdl } }"))["_service"]["sdl"]

    assert told == federation_sdl()
    assert 'type Product implements Node @key(fields: "id") @key(fields: "handle") @' in told
    assert 'type ProductVariant implements Node @key(fields: "id") @key(fields: "sku") @' in told
    assert 'type Location implements Node @key(fields: "id") @key(fields: "code") @' in told


def test_ordinary_clients_see_the_same_schema_and_what_a_router_asks() -> None:
    assert changes(sdl(), build_schema().as_str()) == [
        Change(Impact.SAFE, description)
        for description in (
            "Field Query._entities was added.",
            "Field Query._service was added.",
            "_Any was added.",
            "_Entity was added.",
            "_Service was added.",
        )
    ]


def test_a_schema_that_is_not_told_still_finds_entities() -> None:
    assert changes(sdl(), build_schema(tell=False).as_str()) == [
        Change(Impact.SAFE, description)
        for description in (
            "Field Query._entities was added.",
            "_Any was added.",
            "_Entity was added.",
        )
    ]


def test_without_federation_it_is_the_committed_schema() -> None:
    assert build_schema(subgraph=False).as_str() + "\n" == sdl()
    assert "_entities" not in sdl()
    assert "@key" not in sdl()
