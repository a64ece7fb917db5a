"""The connector against a real Tryton 8.2 with two warehouses, a store and its till."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from app.errors import UpstreamRefused, UpstreamUnauthorized
from app.ports import (
    Address,
    Answer,
    IncomingSupply,
    Location,
    StockLevel,
    WireRequest,
)
from app.values import LocationCode, LocationKind, Sku
from connectors.tryton.places import Places
from connectors.tryton.stock import Stock
from tests.real.assortment import ARTICLES, BOLOGNA, LYON, VERONA
from tests.real.tryton.desk import LOGIN, Desk, desk_at
from tests.real.tryton.rpc import RpcError, TrytonRpc
from tests.real.tryton.seed import ASSIGNED, INCOMING, LATE, NOWHERE, SOLD_AT_TILL
from tests.real.tryton.server import TrytonServer, tryton_server

pytestmark = pytest.mark.xdist_group("real")

PLACES = tuple(map(LocationCode, (BOLOGNA, LYON, VERONA)))
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
STOCK_CALLS = ["warehouses", "products", "open-moves", *["quantities-in-warehouse"] * 3]
OPEN_MOVES = ("order", "its picking", "late", "delivery")
FIRST_DAY = "Cobble-Rainfall-52"


def timeless(answer: Answer[StockLevel]) -> dict[tuple[str, str], StockLevel]:
    assert answer.rejected == ()
    return {(row.sku, row.location): replace(row, as_of=LONG_AGO) for row in answer.rows}


def a_level(sku: str, location: str, on_hand: int, **more: object) -> StockLevel:
    level = StockLevel(
        sku=Sku(sku), location=LocationCode(location), on_hand=on_hand, as_of=LONG_AGO
    )
    return replace(level, **more)


def seeded() -> dict[tuple[str, str], StockLevel]:
    """What the stock-taking found and what happened since."""
    levels = {}
    for article in ARTICLES:
        for place, found in zip(PLACES, (*article.warehouses, article.store), strict=True):
            levels[article.sku, str(place)] = a_level(article.sku, place, found)
    sold, pieces = SOLD_AT_TILL
    levels[sold, VERONA] = a_level(sold, VERONA, levels[sold, VERONA].on_hand - pieces)
    for sku, pieces in (ASSIGNED, LATE[:2]):
        levels[sku, BOLOGNA] = replace(levels[sku, BOLOGNA], reserved=pieces)
    sku, pieces, day = INCOMING
    arrives = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    supply = IncomingSupply(quantity=pieces, expected_at=arrives)
    levels[sku, LYON] = replace(levels[sku, LYON], incoming=(supply,))
    return levels


async def test_stock_is_what_was_counted_less_what_the_till_sold_and_what_is_promised(
    desk: Desk,
) -> None:
    skus = [Sku(article.sku) for article in ARTICLES]

    answer = await desk.erp.stock_levels(skus, PLACES)

    assert timeless(answer) == seeded()
    assert abs(datetime.now(UTC) - answer.as_of) < timedelta(minutes=1)


async def test_a_variant_that_never_moved_is_zero_and_a_sku_nobody_knows_is_left_out(
    desk: Desk,
) -> None:
    answer = await desk.erp.stock_levels([Sku(NOWHERE), Sku("NO-SUCH-SKU")], PLACES)

    assert timeless(answer) == {
        (NOWHERE, str(place)): a_level(NOWHERE, place, 0) for place in PLACES
    }


async def test_the_number_of_calls_does_not_grow_with_the_number_of_skus(desk: Desk) -> None:
    costs = []
    for skus in ([Sku("BOTTLE")], [Sku(article.sku) for article in ARTICLES]):
        desk.line.operations.clear()
        await desk.erp.stock_levels(skus, PLACES)
        costs.append(list(desk.line.operations))

    assert costs == [[*LOGIN, *STOCK_CALLS], STOCK_CALLS]


async def test_no_other_call_is_made_for_a_place_tryton_does_not_have(desk: Desk) -> None:
    answer = await desk.erp.stock_levels([Sku("BOTTLE")], [LocationCode("ECOM-1")])

    assert answer.rows == ()
    assert desk.line.operations == [*LOGIN, "warehouses"]


async def test_an_order_is_reserved_until_it_ships_whatever_is_done_to_it_in_between() -> None:
    with tryton_server() as server:
        clerk = TrytonRpc(server.url, server.database, *server.admin)
        shipment = clerk.find("stock.shipment.out", ["state", "=", "assigned"])
        sku, pieces = ASSIGNED
        counted = next(article.warehouses[0] for article in ARTICLES if article.sku == sku)
        seen = {}
        async with desk_at(server) as desk:
            for step in (None, "wait", "assign_try", "pick", "pack", "do"):
                if step is not None:
                    clerk.press("stock.shipment.out", step, shipment)
                answer = await desk.erp.stock_levels([Sku(sku)], [LocationCode(BOLOGNA)])
                seen[step] = timeless(answer)[sku, BOLOGNA]

    open_order = a_level(sku, BOLOGNA, counted, reserved=pieces)
    steps = (None, "wait", "assign_try", "pick", "pack")
    assert seen == {
        **dict.fromkeys(steps, open_order),
        "do": a_level(sku, BOLOGNA, counted - pieces),
    }


async def test_asking_by_variant_and_by_warehouse_gives_the_same(desk: Desk) -> None:
    skus = [Sku("TRAIL-42"), Sku("JACKET-M"), Sku("BOTTLE")]
    places = (await Places(desk.rpc, {}, with_tills=False).warehouses()).rows

    by_warehouse = await Stock(desk.rpc).levels(skus, places)
    desk.line.operations.clear()
    by_variant = await Stock(desk.rpc, many_times=1).levels(skus, places)

    assert timeless(by_variant) == timeless(by_warehouse)
    assert desk.line.operations == ["products", "open-moves", *["quantities-of-product"] * 3]


async def test_many_open_moves_come_in_pages(desk: Desk) -> None:
    skus = [Sku(article.sku) for article in ARTICLES]
    places = (await Places(desk.rpc, {}, with_tills=False).warehouses()).rows

    answer = await Stock(desk.rpc, moves_per_page=1).levels(skus, places)

    assert timeless(answer) == seeded()
    assert desk.line.operations.count("open-moves") == len(OPEN_MOVES) + 1


async def test_a_warehouse_with_a_till_is_a_store(desk: Desk) -> None:
    answer = await desk.erp.locations()

    address = Address(lines=("Via Emilia 1",), postal_code="40131", city="Bologna")
    assert answer.rows == (
        Location(
            code=LocationCode(BOLOGNA),
            name="Bologna",
            kind=LocationKind.WAREHOUSE,
            address=address,
        ),
        Location(code=LocationCode(LYON), name="Lyon", kind=LocationKind.WAREHOUSE),
        Location(code=LocationCode(VERONA), name="Verona", kind=LocationKind.STORE),
    )
    assert desk.line.operations == [*LOGIN, "locations", "tills"]


async def test_a_wrong_password_is_tried_exactly_once(server: TrytonServer) -> None:
    async with desk_at(server, password="guessed") as desk:
        for _ in range(2):
            with pytest.raises(UpstreamUnauthorized):
                await desk.erp.locations()

    assert desk.line.operations == ["login"]


async def test_a_lost_session_is_renewed_once_and_the_call_repeated(
    server: TrytonServer, desk: Desk
) -> None:
    before = await desk.erp.stock_levels([Sku("BOTTLE")], PLACES)
    logout = {"id": 1, "method": "common.db.logout", "params": []}
    await desk.line.http.send(
        WireRequest(
            operation="logout",
            method="POST",
            path=f"{server.database}/rpc/",
            safe=False,
            headers={"content-type": "application/json", "authorization": desk.line.session},
            body=json.dumps(logout).encode(),
        )
    )
    desk.line.operations.clear()

    after = await desk.erp.stock_levels([Sku("BOTTLE")], PLACES)

    assert timeless(after) == timeless(before)
    assert desk.line.operations == ["warehouses", *LOGIN, *STOCK_CALLS]


async def test_a_user_without_rights_or_company_is_refused_and_never_told_zero(
    server: TrytonServer,
) -> None:
    admin = TrytonRpc(server.url, server.database, *server.admin)
    company = admin.context["company"]
    works = {"companies": [["add", [company]]], "company": company}
    for login, more in (("rightless", works), ("jobless", {})):
        admin.create("res.user", {"name": login, "login": login, "password": FIRST_DAY, **more})

    for login in ("rightless", "jobless"):
        async with desk_at(server, username=login, password=FIRST_DAY) as desk:
            with pytest.raises(UpstreamRefused):
                await desk.erp.stock_levels([Sku("BOTTLE")], PLACES)


def test_the_gateway_s_user_may_change_nothing(server: TrytonServer) -> None:
    user = TrytonRpc(server.url, server.database, server.username, server.password)
    place = user.find("stock.location", ["code", "=", BOLOGNA])
    product = user.find("product.product", ["code", "=", "BOTTLE"])

    for model, record in (("stock.location", place), ("product.product", product)):
        with pytest.raises(RpcError, match="not allowed"):
            user.write(model, record, {"code": "changed"})
