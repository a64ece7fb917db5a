"""A cursor that a client made up is its mistake: nobody takes the shop for ill because of it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import orjson
import pytest

from app.api.paging import encode_cursor
from tests.gateways import sandbox_gateway

PAGE = """query Page($after: String, $search: String) {
  products(first: 2, after: $after, search: $search) {
    edges { node { id } } pageInfo { endCursor } } }"""
SEEN = """{ upstreams {
  name state lastFailure { code } operations { name breaker failures retries } } }"""


@pytest.mark.parametrize(
    "after",
    [
        "rubbish",
        "",
        "\u00fcnlesbar",
        "x" * 500,
        urlsafe_b64encode(b"\xff\xfe").decode(),
        encode_cursor(),
        encode_cursor("0123456789ab", "cotton", "P-1"),
        encode_cursor({"a": 1}, 2, None),
    ],
)
async def test_a_cursor_nobody_handed_out_leaves_the_shop_well(after: str) -> None:
    async with sandbox_gateway() as sandbox:
        await sandbox.ask.data(PAGE)
        sandbox.forget_calls()
        body = await sandbox.ask(PAGE, after=after)
        calls = sandbox.calls
        seen = (await sandbox.ask.staff(SEEN))["data"]["upstreams"]

    [error] = body["errors"]
    [shop] = [one for one in seen if one["name"] == "shop"]
    assert body["data"] == {"products": None}
    assert error["path"] == ["products"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "after"}
    assert error["message"] == ("after is not a cursor of this listing: start again without it")
    assert calls == {}
    assert (shop["state"], shop["lastFailure"]) == ("UP", None)
    assert {(one["breaker"], one["failures"], one["retries"]) for one in shop["operations"]} == {
        ("CLOSED", 0, 0)
    }


async def test_a_cursor_of_another_search_leaves_the_shop_well() -> None:
    async with sandbox_gateway() as sandbox:
        page = (await sandbox.ask.data(PAGE))["products"]
        body = await sandbox.ask(PAGE, after=page["pageInfo"]["endCursor"], search="shirt")
        [shop] = [
            one
            for one in (await sandbox.ask.staff(SEEN))["data"]["upstreams"]
            if one["name"] == "shop"
        ]

    assert body["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "argument": "after"}
    assert (shop["state"], shop["lastFailure"]) == ("UP", None)


@pytest.mark.parametrize("place", [["zzzz", "P-0"], ["", ""], ["\0", "\U0001f6d2"]])
async def test_a_forged_place_is_a_page_like_any_other(place: list[str]) -> None:
    async with sandbox_gateway() as sandbox:
        page = (await sandbox.ask.data(PAGE))["products"]
        told = page["pageInfo"]["endCursor"]
        listing = orjson.loads(urlsafe_b64decode(told + "=" * (-len(told) % 4)))[0]
        body = await sandbox.ask(PAGE, after=encode_cursor(listing, *place))
        [shop] = [
            one
            for one in (await sandbox.ask.staff(SEEN))["data"]["upstreams"]
            if one["name"] == "shop"
        ]

    assert "errors" not in body
    assert (shop["state"], shop["lastFailure"]) == ("UP", None)
