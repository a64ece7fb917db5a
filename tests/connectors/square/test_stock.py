"""What counts of Square's inventory come to."""

from datetime import timedelta
from itertools import pairwise

import pytest

from app.ports import IncomingSupply, RejectedRow, StockLevel
from app.values import LocationCode, Sku
from connectors.square.specimen_shop import CORK, DUBLIN, MARKET, _count, _variation
from tests.connectors.square.seller import DUB, LOCATIONS, ORK, STALL, Seller, a_seller

COUNTS, SEARCH, PLACES = (
    "/v2/inventory/counts/batch-retrieve",
    "/v2/catalog/search",
    "/v2/locations",
)
BOOTS, BOTTLE, ROPE = Sku("TRAIL-42"), Sku("BOTTLE"), Sku("ROPE-M")
EVERYWHERE = [DUB, ORK, STALL]


async def levels(
    seller: Seller, *skus: str, at: list[LocationCode] = EVERYWHERE
) -> list[StockLevel]:
    return list((await seller.connection.stock_levels([Sku(one) for one in skus], at)).rows)


async def test_what_is_reserved_is_on_hand_and_not_for_sale() -> None:
    async with a_seller() as seller:
        answer = await seller.connection.stock_levels([BOOTS], [DUB])

    (level,) = answer.rows
    assert level == StockLevel(
        sku=BOOTS,
        location=DUB,
        on_hand=7,
        reserved=2,
        incoming=(IncomingSupply(quantity=12, expected_at=None),),
        as_of=answer.as_of,
    )
    assert answer.rejected == ()


async def test_none_is_told_where_it_is_counted_and_where_it_is_not_nothing() -> None:
    """In Cork Square says 0; at the stall it says what is reserved alone."""
    async with a_seller() as seller:
        told = await levels(seller, BOOTS)

    assert {(one.location, one.on_hand) for one in told} == {(DUB, 7), (ORK, 0)}


async def test_what_square_does_not_count_is_left_out_whatever_it_says() -> None:
    """The bottle is counted in Dublin alone, and its old count in Cork is still there."""
    async with a_seller() as seller:
        told = await levels(seller, BOTTLE, "GUIDED-TOUR")

    assert [(one.sku, one.location, one.on_hand) for one in told] == [(BOTTLE, DUB, 40)]


async def test_goods_by_measure_count_in_whole_units() -> None:
    async with a_seller() as seller:
        told = await levels(seller, ROPE)

    assert {(one.location, one.on_hand) for one in told} == {(DUB, 79), (ORK, -3)}


async def test_lost_goods_are_not_standing_there() -> None:
    async with a_seller() as seller:
        await levels(seller, BOOTS, at=[DUB])

    (exchange,) = seller.asked(COUNTS)
    assert exchange.body == {
        "catalog_object_ids": ["V0TRAIL42"],
        "location_ids": [DUBLIN],
        "states": ["IN_STOCK", "RESERVED_FOR_SALE", "ORDERED_FROM_VENDOR", "RECEIVED_FROM_VENDOR"],
        "limit": 1000,
    }


async def test_of_a_count_that_is_told_twice_the_younger_is_true() -> None:
    async with a_seller() as seller:
        later = {**_count("V0TRAIL42", DUBLIN, "3"), "calculated_at": "2026-11-20T09:31:00Z"}
        seller.square.shop.counts = (later, *seller.square.shop.counts)
        told = await levels(seller, BOOTS, at=[DUB])

    assert [(one.on_hand, one.reserved) for one in told] == [(5, 2)]


async def test_a_first_question_costs_three_calls_and_the_next_one() -> None:
    async with a_seller() as seller:
        await levels(seller, BOOTS, BOTTLE)
        first = list(seller.paths)
        await levels(seller, BOTTLE, BOOTS)

    assert sorted(first) == sorted([PLACES, SEARCH, COUNTS])
    assert seller.paths[3:] == [COUNTS]


async def test_ids_are_asked_for_again_after_a_while() -> None:
    async with a_seller(ids_kept="PT5M") as seller:
        await levels(seller, BOOTS)
        seller.clock.ahead += timedelta(minutes=5, seconds=1)
        await levels(seller, BOOTS)

    assert seller.paths.count(SEARCH) == seller.paths.count(PLACES) == 2


async def test_a_sku_that_was_not_found_is_looked_for_again() -> None:
    async with a_seller() as seller:
        before = await levels(seller, BOOTS, "NEW-1")
        new = _variation("V0NEW", "NEW-1", cents=100, track_inventory=True)
        seller.square.shop.variations = (*seller.square.shop.variations, new)
        seller.square.shop.counts = (*seller.square.shop.counts, _count("V0NEW", CORK, "4"))
        after = await levels(seller, BOOTS, "NEW-1", at=[ORK])

    assert {one.sku for one in before} == {BOOTS}
    assert [(one.sku, one.on_hand) for one in after] == [(BOOTS, 0), ("NEW-1", 4)]
    assert [one.body["query"]["set_query"]["attribute_values"] for one in seller.asked(SEARCH)] == [
        [BOOTS, "NEW-1"],
        ["NEW-1"],
    ]


@pytest.mark.parametrize(("count", "calls"), [(1, 1), (250, 1), (251, 2), (1000, 4)])
async def test_a_batch_costs_a_call_for_each_two_hundred_and_fifty(count: int, calls: int) -> None:
    async with a_seller() as seller:
        shop = seller.square.shop
        shop.variations = tuple(
            _variation(f"V{number}", f"SKU-{number}", cents=1, track_inventory=True)
            for number in range(count)
        )
        shop.counts = tuple(_count(f"V{number}", DUBLIN, str(number)) for number in range(count))
        told = await levels(seller, *(f"SKU-{number}" for number in range(count)))

    assert {(one.sku, one.on_hand) for one in told} == {
        (f"SKU-{number}", number) for number in range(count)
    }
    assert seller.paths.count(SEARCH) == seller.paths.count(COUNTS) == calls
    asked = [len(one.body["catalog_object_ids"]) for one in seller.asked(COUNTS)]
    assert (sum(asked), max(asked) <= 250) == (count, True)


async def test_short_pages_are_followed_to_their_end() -> None:
    async with a_seller(page=2) as seller:
        told = await levels(seller, BOOTS, BOTTLE, ROPE)

    assert {(one.sku, one.location, one.on_hand) for one in told} == {
        (BOOTS, DUB, 7),
        (BOOTS, ORK, 0),
        (BOTTLE, DUB, 40),
        (ROPE, DUB, 79),
        (ROPE, ORK, -3),
    }
    cursors = [one.body.get("cursor") for one in seller.asked(COUNTS)]
    assert cursors[0] is None
    assert all(one != other for one, other in pairwise(cursors))


async def test_a_sku_of_two_variations_is_told_of_neither() -> None:
    async with a_seller() as seller:
        twin = _variation("V1TRAIL42", BOOTS, cents=1, track_inventory=True)
        seller.square.shop.variations = (*seller.square.shop.variations, twin)
        answer = await seller.connection.stock_levels([BOOTS, BOTTLE], [DUB])

    assert [one.sku for one in answer.rows] == [BOTTLE]
    assert answer.rejected == (
        RejectedRow("V0TRAIL42", "SKU TRAIL-42 names 2 variations"),
        RejectedRow("V1TRAIL42", "SKU TRAIL-42 names 2 variations"),
    )


async def test_a_sku_in_other_letters_is_another_one() -> None:
    """Square finds them in any case."""
    async with a_seller() as seller:
        told = await levels(seller, "trail-42")

    assert told == []


async def test_a_count_that_cannot_be_read_hides_no_other() -> None:
    async with a_seller(lying=True) as seller:
        bad = {**_count("V0TRAIL42", DUBLIN, "4"), "quantity": 4.5}
        seller.square.shop.counts = (bad, _count("V0TRAIL42", CORK, "9"))
        answer = await seller.connection.stock_levels([BOOTS], EVERYWHERE)

    assert [(one.location, one.on_hand) for one in answer.rows] == [(ORK, 9)]
    assert answer.rejected == (
        RejectedRow("V0TRAIL42", "TypeError: quantity: not an exact number"),
    )


async def test_places_nobody_knows_cost_no_count() -> None:
    async with a_seller() as seller:
        nowhere = await levels(seller, BOOTS, at=[LocationCode("MOON")])
        nothing = await levels(seller)
        nobody = await seller.connection.stock_levels([BOOTS], [])

    assert (nowhere, nothing, nobody.rows) == ([], [], ())
    assert COUNTS not in seller.paths


async def test_a_closed_location_has_no_stock() -> None:
    async with a_seller() as seller:
        seller.square.shop.counts = (_count("V0TRAIL42", "L2CLOSED0004", "9"),)
        told = await levels(seller, BOOTS, at=[LocationCode("Old shop")])

    assert told == []


async def test_a_place_may_be_wired_by_id_or_by_name() -> None:
    ours = {LocationCode("A"): MARKET, LocationCode("B"): "Dublin"}
    async with a_seller(locations={**LOCATIONS, **ours} | {ORK: CORK}) as seller:
        codes = [one.code for one in (await seller.connection.locations()).rows]

    assert codes == [ORK, DUB, LocationCode("A")]  # an id goes before a name
