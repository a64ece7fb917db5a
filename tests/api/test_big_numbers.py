"""A number names what it says or nothing: no identity is rounded on the way in."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.api.socket_messages import CloseError, parsed
from tests.gateways import Asker, Retailer, gateway_over

RESPONSE = "application/graphql-response+json"
BY_ID = "query Of($id: ID) { products(category: $id) { totalCount } }"
NODES = "query Of($id: ID!) { nodes(ids: [$id]) { id } }"
NEAR = """query Near($km: Float) {
  locations(near: {latitude: 45, longitude: 9}, withinKm: $km) { totalCount } }"""
FIRST = "query First($first: Int) { products(first: $first) { totalCount } }"
REFUSED = (
    "Variable '$id' has an invalid value: ID is a string, or an integer of up to 64 bits: send a"
    " longer one as a string."
)
TOO_LARGE = "A number has more than the 64 bits of a floating point: send it as a string."
LONG = "12345678901234567890123"


@pytest.fixture
def shop() -> Retailer:
    return Retailer()


@pytest.fixture
async def ask(shop: Retailer) -> AsyncIterator[Asker]:
    async with gateway_over({"shop": shop}) as asker:
        yield asker


def body(query: str, variables: str) -> str:
    """As a client wrote it, digit for digit."""
    return f'{{"query": {httpx.Response(200, json=query).text}, "variables": {variables}}}'


async def posted(ask: Asker, query: str, variables: str, accept: str = RESPONSE) -> httpx.Response:
    headers = {"content-type": "application/json", "accept": accept}
    return await ask.http.post("/graphql", content=body(query, variables), headers=headers)


def categories(shop: Retailer) -> list[Any]:
    return [about.category for question, about in shop.calls if question == "browse"]


@pytest.mark.parametrize(
    ("written", "named"),
    [
        (f'"{LONG}"', LONG),
        ("17", "17"),
        ("-17", "-17"),
        ("9007199254740993", "9007199254740993"),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
    ],
)
async def test_an_id_is_what_was_written(
    ask: Asker, shop: Retailer, written: str, named: str
) -> None:
    for _ in range(3):  # the later ones are compiled
        response = await posted(ask, BY_ID, f'{{"id": {written}}}')
        assert (response.status_code, response.json().get("errors")) == (200, None)

    assert set(categories(shop)) == {named}


@pytest.mark.parametrize(
    "written", [LONG, "18446744073709551616", "-9223372036854775809", "1.0", "1.5", "1e3", "1e22"]
)
@pytest.mark.parametrize("query", [BY_ID, NODES, BY_ID.replace("ID)", "ID = 1)")])
async def test_an_id_that_would_be_rounded_is_refused(
    ask: Asker, shop: Retailer, query: str, written: str
) -> None:
    for _ in range(3):
        response = await posted(ask, query, f'{{"id": {written}}}')
        [error] = response.json()["errors"]
        assert (response.status_code, "data" in response.json()) == (422, False)
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}
        assert error["message"] == REFUSED

    assert categories(shop) == []


async def test_in_an_address_and_a_stream_it_is_the_same(ask: Asker, shop: Retailer) -> None:
    params = {"query": BY_ID, "variables": f'{{"id": {LONG}}}'}
    headers = {"x-tessera-preflight": "1", "accept": RESPONSE}
    by_address = await ask.http.get("/graphql", params=params, headers=headers)
    streamed = await posted(ask, BY_ID, f'{{"id": {LONG}}}', "text/event-stream")

    assert by_address.status_code == 422
    assert by_address.json()["errors"][0]["message"] == REFUSED
    assert REFUSED in streamed.text
    assert categories(shop) == []


@pytest.mark.parametrize("written", [LONG, "18446744073709551616", "17", f'"{LONG}"'])
async def test_an_id_in_the_document_has_all_its_digits(
    ask: Asker, shop: Retailer, written: str
) -> None:
    for query in (
        f"{{ products(category: {written}) {{ totalCount }} }}",
        BY_ID.replace("ID)", f"ID = {written})"),
    ):
        response = await posted(ask, query, "{}")
        assert (response.status_code, response.json().get("errors")) == (200, None)

    assert set(categories(shop)) == {written.strip('"')}


@pytest.mark.parametrize("written", ["1.0", "1.5", "1e22"])
async def test_an_id_in_the_document_is_no_fraction(
    ask: Asker, shop: Retailer, written: str
) -> None:
    response = await posted(ask, f"{{ products(category: {written}) {{ totalCount }} }}", "{}")

    assert response.status_code == 422
    assert response.json()["errors"][0]["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}
    assert categories(shop) == []


async def test_a_float_may_be_written_as_a_long_integer(ask: Asker) -> None:
    response = await posted(ask, NEAR, f'{{"km": 1{"0" * 22}}}')

    [error] = response.json()["errors"]
    assert error["message"] == "withinKm is above 0 and at most 20038.0."


@pytest.mark.parametrize("written", ["2147483648", LONG, "1.5"])
async def test_an_int_has_32_bits(ask: Asker, shop: Retailer, written: str) -> None:
    response = await posted(ask, FIRST, f'{{"first": {written}}}')

    assert response.status_code == 422
    assert response.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert categories(shop) == []


@pytest.mark.parametrize("written", ["1" * 400, "-" + "1" * 400, "1e400"])
async def test_what_no_number_holds_is_said_to_be_a_number(ask: Asker, written: str) -> None:
    sent = await posted(ask, BY_ID, f'{{"id": {written}}}')
    params = {"query": BY_ID, "variables": f'{{"id": {written}}}'}
    headers = {"x-tessera-preflight": "1", "accept": RESPONSE}
    by_address = await ask.http.get("/graphql", params=params, headers=headers)

    for response in (sent, by_address):
        assert response.status_code == 400
        assert response.json()["errors"] == [
            {"message": TOO_LARGE, "extensions": {"code": "BAD_REQUEST"}}
        ]


def test_a_socket_says_so_too() -> None:
    payload = body(BY_ID, f'{{"id": {"1" * 400}}}')
    with pytest.raises(CloseError) as caught:
        parsed({"text": f'{{"type": "subscribe", "id": "a", "payload": {payload}}}'}, 10_000)

    assert (caught.value.code, caught.value.reason) == (4400, f"Invalid message: {TOO_LARGE}")


async def test_in_a_list_it_is_told_and_in_an_input_only_the_variable_is(ask: Asker) -> None:
    listed = await posted(
        ask, "query Of($id: [ID!]!) { nodes(ids: $id) { id } }", f'{{"id": ["1", {LONG}]}}'
    )
    within = await posted(
        ask,
        "mutation M($id: CartHoldInput!) { cartHold(input: $id) { __typename } }",
        f'{{"id": {{"cartId": {LONG}, "nothing": 1}}}}',
    )

    assert [one["message"] for one in listed.json()["errors"]] == [REFUSED]
    assert {one["message"] for one in within.json()["errors"]} == {
        "Variable '$id' has an invalid value."
    }
