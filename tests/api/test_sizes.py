"""Lists that no argument limits are counted by what they hold, and each of them was decided."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_interface_type,
    is_list_type,
    is_object_type,
)

from app.api.admission import build_gate
from app.api.schema import build_schema, core
from app.api.sizes import BY_LOCATION, SIZES
from app.settings import Requests
from tests.builders import a_level, a_location
from tests.gateways import Retailer, gateway_over

SCHEMA = build_schema()
# Lists that hold two or three; or what was asked for, whose price is another's; or what is bounded
# and has nothing below it.
SHORT = {
    "AssortmentItem.prices",
    "Availability.incoming",
    "Cart.discounts",
    "CartLine.discounts",
    "Customer.consents",
    "Customer.groups",
    "Customer.identities",
    "Customer.privacyRequests",
    "CustomerCandidate.contacts",
    "EmissionEstimate.parts",
    "InsufficientStock.shortages",
    "OrderLine.discounts",
    "Order.parts",
    "Price.discounts",
    "PrivacyRequest.receipts",
    "Product.categories",
    "ProductVariant.components",
    "ProductVariant.options",
    "PromiseExclusion.lacking",
    "PromiseLeg.lines",
    "PromiseOption.legs",
    "PromiseOptions.lines",
    "PromiseOptions.shortages",
    "SpecialDay.periods",
    "StockUnknown.shortages",
}
PAGES = ("Connection.edges", "EventPage.events")  # of a size that their field is given


def unlimited() -> Iterator[str]:
    """The coordinates of all lists of objects that no argument limits."""
    limits = SIZES.slicing | SIZES.keys
    for kind in core(SCHEMA).type_map.values():
        if kind.name.startswith("__") or not (is_object_type(kind) or is_interface_type(kind)):
            continue
        for name, field in kind.fields.items():
            objects = is_composite_type(get_named_type(field.type))
            listed = objects and is_list_type(get_nullable_type(field.type))
            if listed and limits.isdisjoint(field.args):
                yield f"{kind.name}.{name}"


def cost(query: str, *, places: int | None = None) -> int:
    gate = build_gate(
        SCHEMA,
        Requests(max_cost=10**9),
        introspection=False,
        places=None if places is None else lambda: places,
    )
    return gate.admit(query, operation_name=None, variables={}).cost


def test_of_every_list_that_no_argument_limits_it_is_decided_how_long_it_is() -> None:
    """One that is new belongs into SIZES.assumed, or it is SHORT."""
    found = {one for one in unlimited() if not one.endswith(PAGES)}

    assert found - SIZES.assumed.keys() == SHORT
    assert not SHORT & SIZES.assumed.keys()
    fields = {f"{kind}.{name}" for kind, name in SCHEMA.access} | found
    assert SIZES.assumed.keys() <= fields


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('{ appointmentSlots(location: "A", kind: "FITTING", days: 14) { left } }', 150),
        ("{ partner { usage { skus { sku } } } }", 1 + 1 + 50),
        ('{ cart(id: "A") { lines { variant { sku } } problems { line { sku } } } }', 1 + 400),
        ("{ orders(first: 2) { edges { node { lines { sku } } } } }", 1 + 2 * (2 + 50)),
    ],
)
def test_lists_that_no_argument_limits_cost_what_they_hold(query: str, expected: int) -> None:
    assert cost(query) == expected


def test_lists_of_locations_cost_as_many_as_there_are() -> None:
    query = '{ variants(skus: ["A", "B"]) { availableToSell { %s { code } } } }'
    lists = [one.split(".")[1] for one in BY_LOCATION if one.startswith("AggregateAvailability")]

    assert lists == ["locations", "unknownLocations"]
    for places in (0, 1, 7, 300):
        assert [cost(query % one, places=places) for one in lists] == [4 + 2 * max(1, places)] * 2
    assert [cost(query % one) for one in lists] == [4 + 2 * 100] * 2


async def test_a_gateway_counts_the_locations_that_it_knows() -> None:
    places = [f"ST-{number}" for number in range(30)]
    shop = Retailer(
        known_locations=[a_location(code=place) for place in places],
        levels=[a_level(location=place) for place in places],
    )
    query = '{ variants(skus: ["SHIRT-M"]) { availableToSell { locations { code } } } }'
    many = {"size": 1_000, "restore_rate": 1}

    async with gateway_over({"shop": shop}, budget=many) as ask:
        body: dict[str, Any] = await ask(query)
    async with gateway_over({"shop": shop}, requests={"max_cost": 31}) as ask:
        refused = await ask(query)

    told = body["extensions"]["cost"]
    assert (told["requested"], told["actual"]) == (32, 32)
    assert refused["errors"][0]["extensions"]["measured"] == 32
