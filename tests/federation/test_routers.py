"""Behind a real router: two subgraphs answer as one, and each is asked once."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.api.nodes import global_id
from app.api.schema import federation_sdl
from tests.federation.reviews import Reviews, stars_of
from tests.federation.routers import Joined, composed, joined
from tests.gateways import sandbox_gateway

pytestmark = pytest.mark.xdist_group("node")

PRAISED = {
    "variants": ["DWN1008-WHT-XS", "NOPE", "DWN1008-WHT-S"],
    "locations": ["WH-1", "ST-MIL"],
}
NOTES = """
extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key", "@shareable"])
type Product @key(fields: "handle") { handle: String! notes: NoteConnection! }
type NoteConnection { edges: [NoteEdge!]! pageInfo: PageInfo! }
type NoteEdge { cursor: String! node: Note! }
type Note { text: String! worth: Money }
type Money @shareable { amount: Decimal! currency: CurrencyCode! }
type PageInfo @shareable {
  hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String
}
scalar Decimal
scalar CurrencyCode
type Query { latest: Product }
"""


@pytest.fixture(params=["apollo", "hive"])
async def both(request: pytest.FixtureRequest) -> AsyncIterator[Joined]:
    async with joined(request.param, Reviews(dict(PRAISED))) as running:
        yield running


async def test_a_listing_joined_with_reviews_costs_each_side_one_question(both: Joined) -> None:
    data = await both.ask.data(
        "{ products(first: 24) { edges { node { id handle stars variants(first: 1) { sku } } } } }"
    )

    nodes = [edge["node"] for edge in data["products"]["edges"]]
    assert len(nodes) == 24
    assert [node["stars"] for node in nodes] == [stars_of(node["id"]) for node in nodes]
    assert both.sandbox.calls == {"shop": 1}
    [asked] = both.reviews.asked
    assert [one["id"] for one in asked["representations"]] == [node["id"] for node in nodes]


async def test_what_another_subgraph_lists_is_asked_for_in_one_question(both: Joined) -> None:
    async with sandbox_gateway() as elsewhere:
        page = await elsewhere.ask.data("{ products(first: 24) { edges { node { id name } } } }")
    names = {edge["node"]["id"]: edge["node"]["name"] for edge in page["products"]["edges"]}
    both.reviews.praised["products"] = [*names, global_id("Product", "nobody-sells-this")]

    answer = await both.ask("{ bestProducts { id stars name } }")

    assert answer["data"]["bestProducts"] == [
        *({"id": one, "stars": stars_of(one), "name": name} for one, name in names.items()),
        None,
    ]
    assert both.sandbox.calls == {"shop": 1}


async def test_each_object_that_cannot_be_found_has_its_own_error() -> None:
    wrong = ["1", "2"]
    async with joined("apollo", Reviews(dict(PRAISED))) as both:
        page = await both.ask.data("{ products(first: 1) { edges { node { id name } } } }")
        sold = page["products"]["edges"][0]["node"]
        both.reviews.praised["products"] = [wrong[0], sold["id"], wrong[1]]

        answer = await both.ask("{ bestProducts { name } }")

    assert answer["data"] == {"bestProducts": [None, {"name": sold["name"]}, None]}
    assert [error["path"] for error in answer["errors"]] == [
        ["bestProducts", 0],
        ["bestProducts", 2],
    ]


async def test_variants_are_joined_by_sku_and_locations_by_code(both: Joined) -> None:
    answer = await both.ask(
        "{ bestVariants { sku price { amount { currency } } product { handle } }"
        " bestLocations { code kind } }"
    )

    assert answer["data"] == {
        "bestVariants": [
            {
                "sku": "DWN1008-WHT-XS",
                "price": {"amount": {"currency": "EUR"}},
                "product": {"handle": "amalfi-down-jacket"},
            },
            None,
            {
                "sku": "DWN1008-WHT-S",
                "price": {"amount": {"currency": "EUR"}},
                "product": {"handle": "amalfi-down-jacket"},
            },
        ],
        "bestLocations": [
            {"code": "WH-1", "kind": "WAREHOUSE"},
            {"code": "ST-MIL", "kind": "STORE"},
        ],
    }
    assert both.sandbox.calls == {"shop": 2}  # the variants with their product; their prices


def told(subgraphs: dict[str, str]) -> dict[str, list[str]]:
    addressed = {name: (f"http://{name}.invalid", sdl) for name, sdl in subgraphs.items()}
    said: dict[str, Any] = composed(addressed)
    return {library: verdict["errors"] for library, verdict in said.items()}


def test_two_libraries_compose_it_with_a_subgraph_that_shares_its_values() -> None:
    assert told({"tessera": federation_sdl(), "notes": NOTES}) == {"apollo": [], "guild": []}


def test_a_key_that_is_no_field_is_seen_by_both_libraries() -> None:
    broken = federation_sdl().replace('@key(fields: "handle")', '@key(fields: "slug")')

    verdicts = told({"tessera": broken})

    assert [len(errors) for errors in verdicts.values()] == [1, 1]
    assert all('"slug"' in error for errors in verdicts.values() for error in errors)
