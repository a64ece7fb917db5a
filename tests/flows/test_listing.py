"""A listing page: many products, one question a system."""

from tests.gateways import sandbox_gateway

LISTING = """query Listing($first: Int!, $locations: [LocationCode!]) {
  products(first: $first) {
    edges { node { handle variants(first: 3) {
      sku
      price { amount { amount currency } }
      availability(locations: $locations, first: 10) { location { code } status }
      availableToSell { status availableToSell }
    } } }
  }
}"""
TEN = [
    "ST-MIL",
    "ST-ROM",
    "ST-TRN",
    "ST-VRN",
    "ST-BLQ",
    "ST-FLR",
    "ST-NAP",
    "ST-PMO",
    "ECOM-1",
    "WH-1",
]


async def test_a_page_of_24_products_3_variants_10_locations_costs_one_call_a_question() -> None:
    async with sandbox_gateway() as sandbox:
        data = await sandbox.ask.data(LISTING, first=24, locations=TEN)

    variants = [v for edge in data["products"]["edges"] for v in edge["node"]["variants"]]
    assert len(data["products"]["edges"]) == 24
    assert len(variants) > 48
    assert {len(variant["availability"]) for variant in variants} == {10}
    # The shop: the page, its prices, its depot's stock. Everyone else: stock. The aggregate asks
    # for spots that are already being asked for, so only the supplier comes on top.
    assert sandbox.calls == {"shop": 3, "tills": 1, "warehouse": 1, "supplier": 1}


async def test_the_same_page_a_moment_later_costs_no_call() -> None:
    async with sandbox_gateway(
        freshness={"stock": {"fresh_for": "PT60S"}, "prices": {"fresh_for": "PT60S"}}
    ) as sandbox:
        first = await sandbox.ask.data(LISTING, first=5, locations=TEN)
        sandbox.forget_calls()
        again = await sandbox.ask.data(LISTING, first=5, locations=TEN)

    assert sandbox.calls == {}
    assert again == first
