"""The demo retailer's table set, from the listing to the shelf: its pieces are what is sold."""

from typing import Any

from tests.gateways import sandbox_gateway
from tests.orders.test_ordering import CREATE, HOLD, Shopper

SET = "SET20001"
SHOWN = """query Shown($skus: [Sku!]!) { variants(skus: $skus) { sku
  availability(locations: ["ECOM-1", "WH-1"]) { location { code } status availableToSell } } }"""


async def shown(shopper: Shopper, *skus: str) -> list[dict[str, Any]]:
    found = (await shopper.sandbox.ask.data(SHOWN, skus=list(skus)))["variants"]
    return [
        {at["location"]["code"]: at["availableToSell"] for at in variant["availability"]}
        for variant in found
    ]


async def made_of(shopper: Shopper, sku: str) -> dict[str, int]:
    query = "query Of($skus: [Sku!]!) { variants(skus: $skus) { components { sku quantity } } }"
    [variant] = (await shopper.sandbox.ask.data(query, skus=[sku]))["variants"]
    return {one["sku"]: one["quantity"] for one in variant["components"]}


async def test_a_set_is_held_ordered_and_taken_off_the_shelf_in_pieces() -> None:
    freshness = {"stock": {"fresh_for": "PT0S"}}
    async with sandbox_gateway(freshness=freshness, connection={"timeout": "PT20S"}) as sandbox:
        shopper = Shopper(sandbox, SET)
        pieces = await made_of(shopper, SET)
        before = await shown(shopper, SET, *pieces)
        sandbox.forget_calls()
        created = await shopper.do(CREATE, channel="WEB", lines=[{"sku": SET, "quantity": 1}])
        cart = created["cart"]
        sandbox.forget_calls()
        held = await shopper.do(HOLD, cartId=cart["id"], version=cart["version"])
        calls = sandbox.calls
        placed = await shopper.place(held["cart"])
        order = await shopper.until(placed, "SOURCED")
        [unit] = held["cart"]["hold"]["units"]
        [part] = order["parts"]
        served: Any = sandbox.upstreams[part["source"]].served
        [taken] = served.state.book.orders.values()

    assert len(pieces) > 1
    for code, there in before[0].items():
        of = [one[code] // n for one, n in zip(before[1:], pieces.values(), strict=True)]
        assert there == min(of)
    assert (unit["sku"], unit["quantity"]) == (SET, 1)
    assert set(calls.values()) == {1}  # every system of stock once, for both pieces
    assert [(line["sku"], line["quantity"]) for line in order["lines"]] == [(SET, 1)]
    assert {line.sku: line.pieces for line in taken.lines} == pieces


async def test_a_piece_is_no_bundle() -> None:
    async with sandbox_gateway() as sandbox:
        shopper = Shopper(sandbox, SET)
        [piece, *_] = await made_of(shopper, SET)
        assert await made_of(shopper, piece) == {}
