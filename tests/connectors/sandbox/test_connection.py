from datetime import UTC, datetime, timedelta

import pytest

from app.ports import (
    Answer,
    StockLevel,
    provided_ports,
)
from app.values import (
    Channel,
    ChannelCode,
    CountryCode,
    CurrencyCode,
    GeoPoint,
    Locale,
    LocationCode,
    LocationKind,
    LocationService,
    Sku,
)
from connectors.sandbox.faults import Fault
from connectors.sandbox.retailer.catalogue import assortment
from connectors.sandbox.retailer.places import STORES
from connectors.sandbox.settings import System
from tests.connectors.sandbox.served import MOMENT, SEED, connected

SOLD = assortment(SEED)
SKUS = [Sku(sku) for sku in SOLD.skus]
NOBODY = Sku("NO-SUCH-SKU")
STORE_CODES = [LocationCode(store.number) for store in STORES]


def a_channel(currency: str = "EUR") -> Channel:
    return Channel(
        code=ChannelCode("WEB"),
        currency=CurrencyCode(currency),
        country=CountryCode("IT"),
        locale=Locale("it"),
    )


@pytest.mark.parametrize(
    ("system", "ports"),
    [
        (
            "shop",
            {
                *("CatalogSource", "CustomerDirectory", "LocationSource", "OrderSink"),
                *("PriceSource", "PurchaseHistory", "StockSource"),
            },
        ),
        (
            "tills",
            {
                *("CustomerDirectory", "LocationSource", "LoyaltyProgram", "PurchaseHistory"),
                *("ReceiptSource", "StockSource"),
            },
        ),
        ("payments", {"PaymentProvider"}),
        ("market", {"ListingSink", "OrderSource"}),
        ("warehouse", {"LocationSource", "OrderSink", "StockSource"}),
        ("supplier", {"LocationSource", "StockSource"}),
    ],
)
async def test_each_connection_has_the_ports_of_its_system(system: System, ports: set[str]) -> None:
    async with connected(system) as served:
        assert provided_ports(served.connection) == ports


@pytest.mark.parametrize(
    ("system", "path", "places"),
    [
        ("shop", "/v1/inventory", [LocationCode("ECOM-1")]),
        ("tills", "/rpc/stock.query", STORE_CODES),
        ("warehouse", "/wms/stock", [LocationCode("WH-1")]),
        ("supplier", "/feed/availability", [LocationCode("SUP-1")]),
    ],
)
async def test_the_stock_of_every_sku_at_every_place_costs_a_call_for_each_200_skus(
    system: System, path: str, places: list[LocationCode]
) -> None:
    async with connected(system) as served:
        found = await served.connection.stock_levels([*SKUS, NOBODY, SKUS[0]], places)

        assert served.system.requests == {path: 6}
    assert found.rejected == ()
    pairs = [(level.sku, level.location) for level in found.rows]
    assert len(pairs) == len(set(pairs)) > 300
    assert {location for _, location in pairs} == set(places)
    assert NOBODY not in {sku for sku, _ in pairs}


async def test_two_hundred_skus_go_into_one_call_and_one_more_into_two() -> None:
    async with connected("shop") as shop:
        await shop.connection.prices(SKUS[:200], channel=a_channel())
        assert shop.system.requests == {"/v1/prices": 1}

        await shop.connection.prices(SKUS[:201], channel=a_channel())
        assert shop.system.requests == {"/v1/prices": 3}


async def test_nothing_asked_costs_no_call() -> None:
    async with connected("shop") as shop:
        nothing: Answer[object] = Answer(rows=(), as_of=MOMENT)
        assert await shop.connection.products([]) == nothing
        assert await shop.connection.prices([], channel=a_channel()) == nothing
        assert await shop.connection.stock_levels([], [LocationCode("ECOM-1")]) == nothing
        assert await shop.connection.stock_levels(SKUS[:3], []) == nothing

        assert shop.system.requests == {}


async def test_a_system_knows_nothing_of_places_that_are_not_its_own() -> None:
    async with connected("tills") as tills:
        found = await tills.connection.stock_levels(SKUS[:10], [LocationCode("WH-1")])

    assert (found.rows, found.rejected) == ((), ())


async def test_a_depot_row_says_what_the_shop_says() -> None:
    async with connected("shop") as shop:
        found = await shop.connection.stock_levels([SKUS[0]], [LocationCode("ECOM-1")])

    assert found == Answer(
        rows=(
            StockLevel(
                sku=SKUS[0],
                location=LocationCode("ECOM-1"),
                on_hand=15,
                reserved=0,
                damaged=0,
                safety_stock=1,
                as_of=MOMENT,
            ),
        ),
        as_of=MOMENT,
    )


async def test_every_till_states_the_time_of_its_own_report() -> None:
    async with connected("tills") as tills:
        found = await tills.connection.stock_levels(SKUS, STORE_CODES)

    stamps = {level.location: level.as_of for level in found.rows}
    assert set(stamps) == set(STORE_CODES)
    assert len(set(stamps.values())) > 6
    assert all(timedelta() <= MOMENT - stamp < timedelta(minutes=1) for stamp in stamps.values())
    assert found.as_of == MOMENT


async def test_the_warehouse_and_the_supplier_state_the_time_of_their_last_snapshot() -> None:
    async with connected("warehouse") as warehouse, connected("supplier") as supplier:
        for served in (warehouse, supplier):
            served.clock.move(timedelta(minutes=4))
        stored = await warehouse.connection.stock_levels(SKUS, [LocationCode("WH-1")])
        offered = await supplier.connection.stock_levels(SKUS, [LocationCode("SUP-1")])

    half_past = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
    assert {level.as_of for level in (*stored.rows, *offered.rows)} == {half_past}


async def test_what_is_on_its_way_to_the_warehouse_arrives_on_its_day() -> None:
    async with connected("warehouse") as warehouse:

        async def level_at(moment: datetime, *skus: Sku) -> StockLevel:
            warehouse.clock.at = moment.astimezone(UTC)
            found = await warehouse.connection.stock_levels(skus, [LocationCode("WH-1")])
            levels: list[StockLevel] = list(found.rows)
            return max(levels, key=lambda level: max(due_quantities(level), default=0))

        waiting = await level_at(MOMENT, *SKUS[:50])
        (due,) = [supply for supply in waiting.incoming if supply.expected_at is not None]
        assert due.expected_at is not None
        that_morning = await level_at(due.expected_at - timedelta(hours=23), waiting.sku)
        that_night = await level_at(due.expected_at, waiting.sku)

    assert due.quantity > 50
    assert due in that_morning.incoming
    assert due not in that_night.incoming
    assert that_morning.on_hand < that_night.on_hand <= that_morning.on_hand + due.quantity


def due_quantities(level: StockLevel) -> list[int]:
    return [supply.quantity for supply in level.incoming if supply.expected_at is not None]


async def test_places_are_told_by_the_codes_of_the_retailer() -> None:
    milan, verona = LocationCode("MILANO"), LocationCode("ST-VRN")
    async with connected("tills", {milan: "ST-MIL"}) as tills:
        known = {location.code for location in (await tills.connection.locations()).rows}
        found = await tills.connection.stock_levels(SKUS[:200], [milan, verona])
        by_old_name = await tills.connection.stock_levels(SKUS[:9], [LocationCode("ST-MIL")])

    assert milan in known
    assert LocationCode("ST-MIL") not in known
    assert {level.location for level in found.rows} == {milan, verona}
    assert by_old_name.rows == ()


async def test_each_system_knows_its_own_places() -> None:
    kinds: dict[LocationCode, LocationKind | None] = {}
    for system in ("shop", "tills", "warehouse", "supplier"):
        async with connected(system) as served:
            answer = await served.connection.locations()
            kinds |= {location.code: location.kind for location in answer.rows}
            assert answer.rejected == ()

    assert kinds == {
        **dict.fromkeys(STORE_CODES, LocationKind.STORE),
        LocationCode("ECOM-1"): LocationKind.ECOM_DC,
        LocationCode("WH-1"): LocationKind.WAREHOUSE,
        LocationCode("SUP-1"): LocationKind.SUPPLIER,
    }


async def test_the_one_line_address_of_the_supplier_is_taken_apart() -> None:
    async with connected("supplier") as supplier:
        (place,) = (await supplier.connection.locations()).rows

    assert place.address.lines == ("Via Gardesana 70",)
    assert place.address.postal_code == "25080"
    assert place.address.city == "Padenghe sul Garda"
    assert place.address.country == CountryCode("IT")
    assert place.position == GeoPoint(45.506, 10.508)
    assert place.services == frozenset({LocationService.SHIP_FROM})


async def test_a_few_bad_rows_are_told_and_hide_nobody_else() -> None:
    async with connected("tills") as tills:
        milan = [LocationCode("ST-MIL")]
        healthy = await tills.connection.stock_levels(SKUS[:50], milan)
        tills.system.break_with(Fault(kind="bad_rows"))
        hurt = await tills.connection.stock_levels(SKUS[:50], milan)

    assert [level for place, level in enumerate(healthy.rows) if place % 5] == list(hurt.rows)
    assert len(hurt.rejected) == len(healthy.rows) - len(hurt.rows) > 5
