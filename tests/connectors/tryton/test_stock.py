from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.errors import UpstreamBroken
from app.ports import RejectedRow, StockLevel
from app.values import LocationCode, LocationKind, Sku
from connectors.tryton import connect
from connectors.tryton.connection import IDS_PER_CALL, TrytonConnection
from connectors.tryton.rpc import Rpc
from connectors.tryton.stock import Stock
from tests.connectors.tryton.upstream import NOW, Upstream, settings, wiring

NORTH, SOUTH = LocationCode("NORTH"), LocationCode("SOUTH")
LOGIN = ["login", "preferences"]
STOCK_CALLS = ["warehouses", "products", "open-moves", *["quantities-in-warehouse"] * 2]
Row = dict[str, Any]


def a_warehouse(number: int, code: str | None, **changed: Any) -> Row:
    row = {"id": number, "code": code, "name": f"House {number}"}
    return {**row, "left": number * 10, "right": number * 10 + 9, **changed}


def a_move(number: int, product: Any, **changed: Any) -> Row:
    row = {"id": number, "product": product, "internal_quantity": 2.0, "planned_date": None}
    ends = {"from_location.": {"id": 90, "left": 11}, "to_location.": {"id": 91, "left": 1}}
    return {**row, **ends, **changed}


def an_upstream(**changed: Any) -> Upstream:
    """Two warehouses; every SKU `n` is the variant n, and n pieces of it are in both."""
    results = {
        "warehouses": [a_warehouse(1, "NORTH"), a_warehouse(2, "SOUTH")],
        "products": lambda domain, *_: [{"id": int(sku), "code": sku} for sku in domain[0][2]],
        "open-moves": [],
        "quantities-in-warehouse": lambda domain, *_: [
            {"id": number, "quantity": float(number)} for number in domain[0][2]
        ],
        **changed,
    }
    return Upstream(results)


def a_connection(upstream: Upstream, **changed: Any) -> TrytonConnection:
    return connect(settings(**changed), wiring(upstream))


def skus(*numbers: int) -> list[Sku]:
    return [Sku(str(number)) for number in numbers]


def on_hand(levels: tuple[StockLevel, ...]) -> dict[tuple[str, str], int]:
    return {(level.sku, level.location): level.on_hand for level in levels}


async def test_skus_go_out_in_chunks_and_each_chunk_costs_the_same() -> None:
    upstream = an_upstream()
    wanted = skus(*range(1, IDS_PER_CALL + 2))

    answer = await a_connection(upstream).stock_levels([*wanted, *wanted], [NORTH, SOUTH])

    assert len(answer.rows) == 2 * len(wanted)
    assert sorted(upstream.operations) == sorted([*LOGIN, *STOCK_CALLS, *STOCK_CALLS[1:]])
    asked = [len(params[0][0][2]) for params in upstream.params("products")]
    assert sorted(asked) == [1, IDS_PER_CALL]


async def test_few_variants_in_a_long_chain_are_asked_for_one_by_one() -> None:
    houses = [a_warehouse(number, f"S{number}") for number in range(1, 10)]
    upstream = an_upstream(
        warehouses=houses,
        **{
            "quantities-of-product": lambda domain, *rest: [
                {"id": house, "quantity": house * rest[-1]["product"]} for house in domain[0][2]
            ]
        },
    )

    answer = await a_connection(upstream).stock_levels(
        skus(1, 2), [LocationCode(f"S{number}") for number in range(1, 10)]
    )

    assert len(answer.rows) == 18
    assert on_hand(answer.rows)["2", "S7"] == 14
    assert upstream.operations.count("quantities-of-product") == 2
    assert "quantities-in-warehouse" not in upstream.operations


async def test_only_the_places_asked_for_are_asked_about() -> None:
    upstream = an_upstream()

    answer = await a_connection(upstream).stock_levels(skus(3), [SOUTH, LocationCode("MOON")])

    assert on_hand(answer.rows) == {("3", "SOUTH"): 3}
    (count,) = upstream.params("quantities-in-warehouse")
    assert count[-1] == {"company": 1, "language": "en", "locations": [2]}


@pytest.mark.parametrize(("wanted", "places"), [([], [NORTH]), (skus(1), [])])
async def test_nothing_asked_costs_nothing(wanted: list[Sku], places: list[LocationCode]) -> None:
    upstream = an_upstream()

    answer = await a_connection(upstream).stock_levels(wanted, places)

    assert (answer.rows, answer.as_of, upstream.operations) == ((), NOW, [])


async def test_moves_are_read_before_quantities_and_the_oldest_answer_dates_the_level() -> None:
    upstream = an_upstream()

    answer = await a_connection(upstream).stock_levels(skus(1), [NORTH, SOUTH])

    assert upstream.operations == [*LOGIN, *STOCK_CALLS]
    moves_read_at = NOW + timedelta(seconds=5)
    assert {level.as_of for level in answer.rows} == {moves_read_at}
    assert answer.as_of == NOW + timedelta(seconds=3)


async def test_an_unreadable_move_takes_its_variant_out_and_no_other() -> None:
    moves = [a_move(1, 1, internal_quantity="two"), a_move(2, 1), a_move(3, 2)]

    answer = await a_connection(an_upstream(**{"open-moves": moves})).stock_levels(
        skus(1, 2), [NORTH]
    )

    assert [(level.sku, level.reserved) for level in answer.rows] == [("2", 2)]
    assert answer.rejected == (
        RejectedRow("1", "TypeError: a quantity is not a number"),
        RejectedRow("1", "ValueError: a stock move of it cannot be read"),
    )


async def test_a_code_of_two_variants_is_rejected_for_both_and_the_rest_is_told() -> None:
    products = [{"id": 1, "code": "1"}, {"id": 8, "code": "1"}, {"id": 2, "code": "2"}]

    answer = await a_connection(an_upstream(products=products)).stock_levels(skus(1, 2), [NORTH])

    assert on_hand(answer.rows) == {("2", "NORTH"): 2}
    assert answer.rejected == (
        RejectedRow("1", "ValueError: code 1 names 2 records"),
        RejectedRow("8", "ValueError: code 1 names 2 records"),
    )


async def test_a_code_of_two_warehouses_is_rejected_for_both() -> None:
    warehouses = [a_warehouse(1, "NORTH"), a_warehouse(3, "NORTH"), a_warehouse(2, "SOUTH")]

    answer = await a_connection(an_upstream(warehouses=warehouses)).stock_levels(
        skus(1), [NORTH, SOUTH]
    )

    assert on_hand(answer.rows) == {("1", "SOUTH"): 1}
    assert [row.reference for row in answer.rejected] == ["1", "3"]


async def test_a_quantity_that_was_not_told_is_no_zero() -> None:
    counts = [{"id": 1, "quantity": None}, {"id": 2, "quantity": 5}]

    answer = await a_connection(an_upstream(**{"quantities-in-warehouse": counts})).stock_levels(
        skus(1, 2, 3), [NORTH]
    )

    assert on_hand(answer.rows) == {("2", "NORTH"): 5}
    assert answer.rejected == (
        RejectedRow("1", "TypeError: a quantity is not a number"),
        RejectedRow("1", "LookupError: its quantity was not told"),
        RejectedRow("3", "LookupError: its quantity was not told"),
    )


async def test_pages_of_moves_follow_their_ids() -> None:
    moves = [a_move(number, 1) for number in (4, 5, 9)]
    upstream = an_upstream(
        **{"open-moves": lambda domain, *_: [m for m in moves if m["id"] > domain[-1][2]][:2]}
    )
    rpc = Rpc(upstream, settings(), now=lambda: NOW)
    place = (await places_of(upstream))[0]

    answer = await Stock(rpc, moves_per_page=2).levels(skus(1), [place])

    assert [level.reserved for level in answer.rows] == [6]
    assert [params[0][-1] for params in upstream.params("open-moves")] == [
        ["id", ">", 0],
        ["id", ">", 5],
    ]


async def test_pages_that_never_end_are_broken() -> None:
    upstream = an_upstream(**{"open-moves": [a_move(4, 1), a_move(5, 1)]})
    rpc = Rpc(upstream, settings(), now=lambda: NOW)
    place = (await places_of(upstream))[0]

    with pytest.raises(UpstreamBroken, match="do not go on"):
        await Stock(rpc, moves_per_page=2).levels(skus(1), [place])

    assert upstream.operations.count("open-moves") == 2


async def places_of(upstream: Upstream) -> tuple[Any, ...]:
    connection = a_connection(upstream)
    return (await connection._places.warehouses()).rows


async def test_without_tills_one_call_tells_locations_of_unknown_kind() -> None:
    described = {"allow_pickup": False, "address.": None}
    upstream = an_upstream(locations=[a_warehouse(1, "NORTH", **described)])

    answer = await a_connection(upstream, tills=False).locations()

    assert [(row.code, row.kind) for row in answer.rows] == [("NORTH", None)]
    assert upstream.operations == [*LOGIN, "locations"]


async def test_an_unreadable_till_leaves_out_only_the_places_it_may_stand_in() -> None:
    described = {"allow_pickup": False, "address.": None}
    houses = [a_warehouse(1, "NORTH", **described), a_warehouse(2, "SOUTH", **described)]
    tills = [{"id": 1, "storage_location.": {"id": 7, "left": 15}}, {"id": 2}]

    answer = await a_connection(an_upstream(locations=houses, tills=tills)).locations()

    assert [(row.code, row.kind) for row in answer.rows] == [("NORTH", LocationKind.STORE)]
    assert [row.reference for row in answer.rejected] == ["2", "2"]


async def test_our_names_of_warehouses_hold_for_stock_and_locations() -> None:
    described = {"allow_pickup": False, "address.": None}
    upstream = an_upstream(locations=[a_warehouse(1, "NORTH", **described)], tills=[])
    ours = {LocationCode("DC-9"): "House 1"}
    connection = connect(settings(), replace(wiring(upstream), locations=ours))

    levels = await connection.stock_levels(skus(1), [LocationCode("DC-9"), NORTH])
    locations = await connection.locations()

    assert on_hand(levels.rows) == {("1", "DC-9"): 1}
    assert [row.code for row in locations.rows] == ["DC-9"]
