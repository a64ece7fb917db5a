"""Promises over HTTP: options of real baskets, listings in one call a question, honest refusals."""

from typing import Any

import pytest

from connectors.sandbox.faults import Fault
from tests.gateways import Sandbox, sandbox_gateway

OPTIONS = """query Options($input: PromiseOptionsInput!) {
  promiseOptions(input: $input) {
    __typename
    ... on Problem { code message path }
    ... on PromiseOptions {
      lines { sku quantity }
      preferred { latest costToRetailer { amount } }
      unknownLocations { code }
      freshness
      factorSet
      choices {
        method
        store { code }
        exact
        gap
        options {
          earliest latest validUntil token split endlessAisle
          costToCustomer { amount currency }
          costToRetailer { amount currency }
          emissions { grams low high boundary method factorSet parts { factor grams } }
          legs { location { code kind } service carrier lines { sku quantity } orderBy }
        }
        excluded { location { code } reason change }
      }
    }
  }
}"""
CHECK = """query Check($token: String!, $input: PromiseOptionsInput!) {
  promiseCheck(token: $token, input: $input) {
    __typename
    ... on PromiseOption { latest costToCustomer { amount } }
    ... on PromiseDrift { cause before { latest costToCustomer { amount } } after { latest } }
    ... on Problem { code path }
  }
}"""
LISTING = """query Listing($to: DestinationInput!, $quantity: Int!) {
  products(first: 16) { edges { node { variants(first: 3) {
    sku
    promise(destination: $to, channel: "APP", quantity: $quantity) {
      latest legs { location { code } }
    }
  } } } }
}"""
MILAN = {"country": "IT", "postalCode": "20144"}


async def some_skus(sandbox: Sandbox) -> list[str]:
    data = await sandbox.ask.data(
        "{ products(first: 4) { edges { node { variants(first: 1) { sku } } } } }"
    )
    return [edge["node"]["variants"][0]["sku"] for edge in data["products"]["edges"]]


def in_milan(*skus: str, **changes: Any) -> dict[str, Any]:
    lines = [{"sku": sku, "quantity": 1} for sku in skus]
    return {"lines": lines, "destination": MILAN, "channel": "APP", **changes}


async def test_a_basket_has_options_with_times_costs_emissions_and_reasons() -> None:
    async with sandbox_gateway() as sandbox:
        skus = await some_skus(sandbox)
        wanted = in_milan(*skus[:2], methods=["SHIP_TO_HOME", "PICK_UP_IN_STORE"])
        told = (await sandbox.ask.staff.data(OPTIONS, input=wanted))["promiseOptions"]

    assert told["__typename"] == "PromiseOptions"
    delivery, *pickups = told["choices"]
    assert (delivery["exact"], delivery["gap"]) == (True, 0)
    assert {choice["method"] for choice in pickups} == {"PICK_UP_IN_STORE"}
    assert pickups[0]["store"]["code"] == "ST-MIL"
    worths = [
        (one["latest"], float(one["costToRetailer"]["amount"]), one["emissions"]["grams"])
        for one in delivery["options"]
    ]
    assert len(worths) > 1
    assert not [
        (one, other)
        for one in worths
        for other in worths
        if one is not other and all(map(lambda a, b: a <= b, one, other))
    ]
    used = {leg["location"]["code"] for one in delivery["options"] for leg in one["legs"]}
    lost = {one["location"]["code"]: one["reason"] for one in delivery["excluded"]}
    assert used.isdisjoint(lost)
    assert len(used) + len(lost) == 15
    assert lost["ST-ZRH"] == "FENCED"
    assert lost["ST-LON"] == "NO_LANE"
    for option in delivery["options"]:
        emissions = option["emissions"]
        assert emissions["low"] <= emissions["grams"] <= emissions["high"]
        assert emissions["grams"] == pytest.approx(sum(p["grams"] for p in emissions["parts"]))
        assert (emissions["boundary"], emissions["factorSet"]) == ("WTW", "tessera-2025@2025.1")


async def test_a_silent_system_makes_its_locations_unknown_not_empty() -> None:
    limits = {"budget": "PT6S", "reserve": "PT3S"}
    async with sandbox_gateway(requests=limits) as sandbox:
        skus = await some_skus(sandbox)
        sandbox.upstreams["tills"].break_with(Fault(kind="silent"))
        body = await sandbox.ask.staff(OPTIONS, input=in_milan(*skus[:1]))

    told = body["data"]["promiseOptions"]
    assert told["preferred"] is not None
    unknown = {one["code"] for one in told["unknownLocations"]}
    assert len(unknown) == 12
    assert all(code.startswith("ST-") for code in unknown)
    assert [error["extensions"]["connection"] for error in body["errors"]] == ["tills"]
    used = {leg["location"]["code"] for o in told["choices"][0]["options"] for leg in o["legs"]}
    assert used.isdisjoint(unknown)


async def test_a_listing_of_48_variants_costs_one_call_a_question() -> None:
    async with sandbox_gateway() as sandbox:
        data = await sandbox.ask.data(LISTING, to=MILAN, quantity=1)

    variants = [v for edge in data["products"]["edges"] for v in edge["node"]["variants"]]
    assert len(variants) == 48
    assert sum(variant["promise"] is not None for variant in variants) > 40
    # The shop: the page, its prices, its depot's stock. Everyone else: stock.
    assert sandbox.calls == {"shop": 3, "tills": 1, "warehouse": 1, "supplier": 1}


async def test_a_page_that_is_known_costs_one_call_a_connection_for_its_stock() -> None:
    async with sandbox_gateway(freshness={"stock": {"fresh_for": "PT0S"}}) as sandbox:
        await sandbox.ask.data(LISTING, to=MILAN, quantity=1)
        sandbox.forget_calls()
        data = await sandbox.ask.data(LISTING, to=MILAN, quantity=2)

    variants = [v for edge in data["products"]["edges"] for v in edge["node"]["variants"]]
    assert sum(variant["promise"] is not None for variant in variants) > 40
    assert sandbox.calls == {"shop": 1, "tills": 1, "warehouse": 1, "supplier": 1}


async def test_a_listing_says_the_same_as_the_basket() -> None:
    async with sandbox_gateway() as sandbox:
        data = await sandbox.ask.data(LISTING, to=MILAN, quantity=1)
        variants = [v for edge in data["products"]["edges"] for v in edge["node"]["variants"]]
        [variant] = [v for v in variants if v["promise"] is not None][:1]
        told = await sandbox.ask.staff.data(OPTIONS, input=in_milan(variant["sku"]))

    assert told["promiseOptions"]["preferred"]["latest"] == variant["promise"]["latest"]


async def test_a_token_is_checked_for_the_basket_and_the_address() -> None:
    async with sandbox_gateway() as sandbox:
        skus = await some_skus(sandbox)
        wanted = in_milan(skus[0])
        told = (await sandbox.ask.staff.data(OPTIONS, input=wanted))["promiseOptions"]
        option = told["choices"][0]["options"][0]
        same, moved, other, rubbish = [
            (await sandbox.ask.data(CHECK, token=token, input=asked))["promiseCheck"]
            for token, asked in (
                (option["token"], wanted),
                (option["token"], {**wanted, "destination": {**MILAN, "postalCode": "90134"}}),
                (option["token"], in_milan(skus[1])),
                ("rubbish", wanted),
            )
        ]

    assert same == {
        "__typename": "PromiseOption",
        "latest": option["latest"],
        "costToCustomer": {"amount": option["costToCustomer"]["amount"]},
    }
    assert (moved["__typename"], moved["cause"]) == ("PromiseDrift", "ADDRESS")
    assert moved["before"]["latest"] == option["latest"]
    assert (other["__typename"], other["code"]) == ("TokenProblem", "TOKEN_OF_OTHER_LINES")
    assert (rubbish["code"], rubbish["path"]) == ("TOKEN_INVALID", ["token"])


@pytest.mark.parametrize(
    ("changes", "problem", "code", "path"),
    [
        ({"lines": []}, "QuantityProblem", "QUANTITY_INVALID", "input.lines"),
        (
            {"lines": [{"sku": "X", "quantity": 0}]},
            "QuantityProblem",
            "QUANTITY_INVALID",
            "input.lines.0.quantity",
        ),
        (
            {"lines": [{"sku": "X", "quantity": -3}]},
            "QuantityProblem",
            "QUANTITY_INVALID",
            "input.lines.0.quantity",
        ),
        (
            {"lines": [{"sku": "X", "quantity": 10**9}]},
            "QuantityProblem",
            "QUANTITY_INVALID",
            "input.lines.0.quantity",
        ),
        ({"lines": [{"sku": "X"}]}, "SkuProblem", "SKU_UNKNOWN", "input.lines.0.sku"),
        ({"destination": None}, "DestinationProblem", "DESTINATION_UNKNOWN", "input.destination"),
        (
            {"destination": {"country": "JP"}},
            "DestinationProblem",
            "DESTINATION_UNKNOWN",
            "input.destination",
        ),
        (
            {"destination": {"country": "US"}},
            "DestinationProblem",
            "DESTINATION_NOT_SERVED",
            "input.destination",
        ),
        (
            {"methods": ["PICK_UP_IN_STORE"], "stores": ["ST-MIX"]},
            "StoreProblem",
            "LOCATION_UNKNOWN",
            "input.stores",
        ),
    ],
)
async def test_what_has_no_answer_is_a_typed_problem(
    changes: dict[str, Any], problem: str, code: str, path: str
) -> None:
    async with sandbox_gateway() as sandbox:
        [sku] = (await some_skus(sandbox))[:1]
        told = await sandbox.ask.staff.data(OPTIONS, input=in_milan(sku) | changes)

    found = told["promiseOptions"]
    assert (found["__typename"], found["code"]) == (problem, code)
    assert ".".join(found["path"]) == path


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"preference": {}}, "preference"),
        ({"preference": {"weights": {}}}, "preference"),
        ({"preference": {"weights": {"cost": -1, "speed": 5}}}, "preference"),
        ({"preference": {"order": ["COST"], "weights": {"cost": 1}}}, "preference"),
        ({"stores": ["ST-MIL"] * 21}, "stores"),
        ({"lines": [{"sku": "X"}] * 101}, "lines"),
        ({"channel": "NO"}, "channel"),
    ],
)
async def test_input_that_contradicts_itself_is_an_error(
    changes: dict[str, Any], argument: str
) -> None:
    async with sandbox_gateway() as sandbox:
        body = await sandbox.ask.staff(OPTIONS, input=in_milan("X") | changes)

    [error] = body["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": argument}


@pytest.mark.parametrize(("quantity", "argument"), [(0, "quantity"), (10**9, "quantity")])
async def test_a_listing_with_a_wrong_quantity_says_so_once(quantity: int, argument: str) -> None:
    async with sandbox_gateway() as sandbox:
        body = await sandbox.ask(LISTING, to=MILAN, quantity=quantity)

    [error] = body["errors"]
    assert error["extensions"]["argument"] == argument
    assert len(body["data"]["products"]["edges"]) == 16


async def test_a_listing_to_nowhere_says_so() -> None:
    async with sandbox_gateway() as sandbox:
        body = await sandbox.ask(LISTING, to={"country": "JP"}, quantity=1)

    [error] = body["errors"]
    assert error["message"] == "No zone covers JP."
    assert error["extensions"]["argument"] == "destination"
