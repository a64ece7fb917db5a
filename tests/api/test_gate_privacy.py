"""Who may not see the schema learns nothing of it from messages."""

from typing import Any

import pytest

from tests.gateways import Retailer, gateway_over

HIDDEN = "The document does not fit the schema here, which is not told: ask for the schema."
GUESSES = [
    "{ produkt }",
    "{ nope }",
    "{ location }",
    "{ location(code: 7.5) }",
    '{ location(cod: "A") { code } }',
    "{ location { code } }",
    '{ location(code: "A") { nope } }',
    '{ location(code: "A") { code { x } } }',
    "{ products(sort: NAM) { totalCount } }",
    "{ products(sort: 1) { totalCount } }",
    "{ locations(near: { latitud: 1 }) { totalCount } }",
    "query ($a: Nope) { products(search: $a) { totalCount } }",
    "query ($a: Int) { products(search: $a) { totalCount } }",
    "{ ... on Nope { x } }",
    "{ ... on Location { code } }",
    "{ __typename @nope }",
    '{ location(code: "A") { code } location(code: "B") { code } }',
]


@pytest.mark.parametrize("guess", GUESSES)
async def test_every_wrong_guess_is_told_in_the_same_words(guess: str) -> None:
    async with gateway_over({"shop": Retailer()}) as ask:
        body = await ask(guess)

    [error] = body["errors"]
    assert set(error) == {"message", "locations", "extensions"}
    assert len(error["locations"]) in {1, 2}  # two for what cannot be merged
    assert error["message"] == HIDDEN
    assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize(
    ("declared", "field", "value"),
    [
        ("GeoPointInput", "locations(near: $v) { totalCount }", {"latitud": 1}),
        ("GeoPointInput", "locations(near: $v) { totalCount }", {"latitude": 1}),
        ("ProductSort!", "products(sort: $v) { totalCount }", "NAM"),
        ("Int", "products(first: $v) { totalCount }", "one"),
    ],
)
async def test_wrong_values_name_only_the_variable(declared: str, field: str, value: Any) -> None:
    async with gateway_over({"shop": Retailer()}) as ask:
        body = await ask(f"query Q($v: {declared}) {{ {field} }}", v=value)

    assert [error["message"] for error in body["errors"]] == ["Variable '$v' has an invalid value."]


@pytest.mark.parametrize(
    "query", ["{ __schema { types { name } } }", '{ __type(name: "Product") { name } }']
)
async def test_introspection_follows_graphiql_unless_it_is_said(query: str) -> None:
    told = []
    for sections in (
        {},
        {"server": {"graphiql": True}},
        {"server": {"graphiql": True}, "requests": {"introspection": False}},
        {"requests": {"introspection": True}},
    ):
        async with gateway_over({"shop": Retailer()}, **sections) as ask:  # type: ignore[arg-type]  # sections of a file
            told.append("data" in await ask(query))

    assert told == [False, True, False, True]


async def test_a_documents_own_mistakes_are_told_in_full() -> None:
    async with gateway_over({"shop": Retailer()}) as ask:
        body = await ask("query Q($unused: Int) { ...Nope }")

    assert sorted(error["message"] for error in body["errors"]) == [
        "Unknown fragment 'Nope'.",
        "Variable '$unused' is never used in operation 'Q'.",
    ]


async def test_type_names_can_still_be_asked_of_what_is_seen() -> None:
    async with gateway_over({"shop": Retailer()}) as ask:
        data = await ask.data('{ __typename location(code: "ST-MIL") { __typename } }')

    assert data == {"__typename": "Query", "location": {"__typename": "Location"}}


async def test_who_may_see_the_schema_is_helped() -> None:
    async with gateway_over({"shop": Retailer()}, requests={"introspection": True}) as ask:
        body = await ask("{ products(sort: NAM) { totalCount } }")

    assert body["errors"][0]["message"] == (
        "Value 'NAM' does not exist in 'ProductSort' enum. Did you mean the enum value 'NAME'?"
    )
