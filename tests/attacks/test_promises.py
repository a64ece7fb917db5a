"""However many searches an operation asks for, and wherever to, it takes its time and no more."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from app.ports import Location
from app.values import GeoPoint, LocationCode, LocationKind, Sku
from tests.attacks.corpus import COSTED, Attack, spread
from tests.attacks.measuring import MOST_CPU, MOST_LAG, measured
from tests.attacks.served import Served, served_gateway
from tests.attacks.transports import TRANSPORTS
from tests.builders import a_level, a_price, a_product, a_variant
from tests.gateways import Retailer, gateway_over
from tests.promises.worlds import MONDAY, RULES, a_place

LOCATIONS, LINES, ZONES = 60, 20, 10
CHANNELS = {"WEB": {"currency": "EUR", "country": "IT", "locale": "it"}}
SKUS = [f"S{n}" for n in range(LINES)]
TOLD = "{ ... on PromiseOptions { choices { exact options { latest } } } ... on Problem { code } }"


def basket(lines: int, zone: int = 0) -> dict[str, Any]:
    return {
        "lines": [{"sku": SKUS[n % LINES], "quantity": 1} for n in range(lines)],
        "destination": {"country": "IT", "postalCode": f"{zone}0100"},
        "channel": "WEB",
    }


def aliases(times: int, argument: str = "$v") -> str:
    return spread(times, f"a%: promiseOptions(input: {argument}) {TOLD}")


ONE = "query ($v: PromiseOptionsInput!) {%s}"
ATTACKS = (
    Attack("20 lines", ONE % aliases(1), COSTED, {"v": basket(20)}),
    Attack("20 lines ten times", ONE % aliases(10), "cost", {"v": basket(20)}),
    Attack("20 lines fifty times", ONE % aliases(50), "aliases", {"v": basket(20)}),
    Attack("20 lines as often as they may be", ONE % aliases(5), COSTED, {"v": basket(20)}),
    Attack("lines of one SKU", ONE % aliases(1), COSTED, {"v": basket(100)}),
    Attack("twice as many", ONE % aliases(2), "cost", {"v": basket(100)}),
    Attack(
        "lines by a default",
        "query ($v: PromiseOptionsInput! = { destination: { country: IT } lines: ["
        + '{ sku: "S1" } ' * 20
        + "] }) {"
        + aliases(10)
        + "}",
        "cost",
    ),
    Attack(
        "many zones",
        f"query ({spread(ZONES, '$v%: PromiseOptionsInput!')}) {{"
        + " ".join(f"a{n}: promiseOptions(input: $v{n}) {TOLD}" for n in range(ZONES))
        + "}",
        COSTED,
        {f"v{n}": basket(1, zone=n) for n in range(ZONES)},
    ),
)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with served_gateway(a_shop(), promises=rules(), channels=CHANNELS) as one:
        yield one


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_searches_are_refused_or_costed(
    served: Served, attack: Attack, transport: str
) -> None:
    found = await measured(served, attack, transport)

    assert found.answer.told == {attack.told}
    assert found.cpu < MOST_CPU
    assert found.held < MOST_CPU
    assert found.lag < MOST_LAG


def rules() -> dict[str, Any]:
    """Ten zones of one country, each with positions of its own."""
    zone = {"country": "IT", "latitude": 45.0, "time_zone": "Europe/Rome"}
    cells = {f"Z{n}": zone | {"prefixes": [str(n)], "longitude": 8.0 + n / 2} for n in range(ZONES)}
    return {**RULES, "cells": cells}


def a_shop() -> Retailer:
    """Stores of which each has two in three of all SKUs, so that few have all 20."""
    dice = Random(1)
    places = [a_store(dice, n) for n in range(LOCATIONS)]
    return Retailer(
        levels=[
            a_level(sku=Sku(sku), location=one.code, on_hand=dice.randint(1, 3), as_of=MONDAY)
            for sku in SKUS
            for one in places
            if dice.random() < 2 / 3
        ],
        known_products=[a_product(variants=tuple(a_variant(sku) for sku in SKUS))],
        known_prices=[a_price(sku, "10.00") for sku in SKUS],
        known_locations=places,
    )


def a_store(dice: Random, number: int) -> Location:
    position = GeoPoint(dice.uniform(38, 46), dice.uniform(8, 17))
    kind = LocationKind.STORE
    return a_place(LocationCode(f"ST-{number}"), position=position, kind=kind)


async def test_searches_of_one_operation_share_their_steps() -> None:
    asked = "query ($v: PromiseOptionsInput!) {" + aliases(2) + "}"
    alone = "query ($v: PromiseOptionsInput!) {" + aliases(1) + "}"
    few = {**rules(), "max_steps": 650}  # enough for one, not for two
    async with gateway_over({"shop": a_shop()}, promises=few, channels=CHANNELS) as ask:
        both = [await ask.data(asked, v=basket(20)) for _ in range(2)]
        one = await ask.data(alone, v=basket(20))

    exact = [
        sorted(each["choices"][0]["exact"] for each in data.values()) for data in (*both, one)
    ]  # whichever is searched first
    assert exact == [[False, True], [False, True], [True]]
