from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.errors import UpstreamBroken
from app.ports import Answer, IncomingSupply, RejectedRow, StockLevel
from app.values import CurrencyCode, LocationCode, LocationService, Sku
from connectors.sandbox import mapping, places
from connectors.sandbox.answers import joined, table
from tests.connectors.sandbox.served import MOMENT, asked, shop_rows

ROME = ZoneInfo("Europe/Rome")


def test_a_bad_variant_is_left_out_and_its_siblings_stay() -> None:
    row = shop_rows("/v1/products/lookup")[0]
    first, *others = row["articles"]
    first["ean"] = 4

    product, rejected = mapping.product(row)

    assert [variant.sku for variant in product.variants] == [one["sku"] for one in others]
    assert rejected == (RejectedRow(first["sku"], "TypeError: ean: not a text"),)


def test_a_wrong_check_digit_costs_the_gtin_not_the_variant() -> None:
    row = shop_rows("/v1/products/lookup")[0]
    row["articles"] = row["articles"][:1]
    row["articles"][0]["ean"] = "4006381333932"

    product, rejected = mapping.product(row)

    (variant,) = product.variants
    assert variant.gtin is None
    assert rejected == (RejectedRow(variant.sku, "ean has a wrong check digit, left out"),)


def test_a_price_in_another_currency_is_rejected() -> None:
    row = shop_rows("/v1/prices", currency="GBP")[0]

    with pytest.raises(ValueError, match="currency is not the one asked for"):
        mapping.price(row, CurrencyCode("EUR"), as_of=MOMENT)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-1.00", "1,50", ""])
def test_an_amount_that_is_no_amount_is_rejected(amount: str) -> None:
    row = shop_rows("/v1/prices", currency="EUR")[0] | {"now": amount}

    with pytest.raises((ArithmeticError, TypeError, ValueError)):
        mapping.price(row, CurrencyCode("EUR"), as_of=MOMENT)


def a_till_row(**cells: Any) -> dict[str, Any]:
    return {
        "itemNo": "TEE1001-BLK-M",
        "branchNo": "ST-MIL",
        "qtyFloor": 3,
        "qtyBackroom": 4,
        "qtyLayaway": 2,
        "qtyDamaged": 1,
        "reportedAt": "2026-03-02T11:30:00+01:00",
        **cells,
    }


def test_floor_and_back_room_are_on_hand_and_lay_away_is_reserved() -> None:
    level = mapping.till_level(a_till_row(), {"ST-MIL": LocationCode("MILANO")})

    assert level == StockLevel(
        sku=Sku("TEE1001-BLK-M"),
        location=LocationCode("MILANO"),
        on_hand=7,
        reserved=2,
        damaged=1,
        as_of=datetime(2026, 3, 2, 10, 30, tzinfo=UTC),
    )


def test_a_report_without_an_offset_is_not_guessed_to_be_local() -> None:
    with pytest.raises(ValueError, match="offset"):
        mapping.till_level(a_till_row(reportedAt="2026-03-02T11:30:00"), {})


def test_goods_due_on_a_day_are_in_when_the_day_ends_at_the_warehouse() -> None:
    row = {
        "ArticleNo": "TEE1001-BLK-M",
        "Site": "WH-1",
        "OnHand": 40,
        "Allocated": 5,
        "Blocked": 2,
        "Inbound": [
            {"Order": "PO-1", "Quantity": 12, "Eta": "2026-03-29"},
            {"Order": "PO-2", "Quantity": 30, "Eta": None},
        ],
    }

    level = mapping.warehouse_level(row, {}, taken=MOMENT, zone=ROME)

    assert level == StockLevel(
        sku=Sku("TEE1001-BLK-M"),
        location=LocationCode("WH-1"),
        on_hand=40,
        reserved=5,
        damaged=2,
        incoming=(
            IncomingSupply(quantity=12, expected_at=datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC)),
            IncomingSupply(quantity=30, expected_at=None),
        ),
        as_of=MOMENT,
    )


def test_the_next_batch_of_the_supplier_is_counted_from_its_feed() -> None:
    row = {
        "ref": "TEE1001-BLK-M",
        "supplier": "SUP-1",
        "available": 0,
        "lead-time-days": 4,
        "next-batch": {"pieces": 25, "in-days": 6},
    }

    level = mapping.supply_level(row, {}, generated=MOMENT)

    due = datetime(2026, 3, 8, 10, 30, 20, tzinfo=UTC)
    assert (level.on_hand, level.as_of) == (0, MOMENT)
    assert level.incoming == (IncomingSupply(quantity=25, expected_at=due),)


def a_store_row(**cells: Any) -> dict[str, Any]:
    row: dict[str, Any] = table(asked("tills", "POST", "/rpc/branches.list", {}))[0]
    return row | cells


def test_a_service_nobody_knows_is_left_out_and_told() -> None:
    store, told = places.store(a_store_row(services=["collect", "teleport"]), {})

    assert store.services == frozenset({LocationService.PICKUP})
    assert told == (RejectedRow("ST-MIL", "service 'teleport' is not known, left out"),)


def test_opening_hours_nobody_can_read_cost_the_hours_not_the_store() -> None:
    store, told = places.store(a_store_row(openingHours="mostly in the morning"), {})

    assert (store.code, store.opening_hours) == (LocationCode("ST-MIL"), None)
    assert told == (RejectedRow("ST-MIL", "openingHours cannot be read, left out"),)


@pytest.mark.parametrize("place", [{"lat": 91.0}, {"lon": "east"}, {"lat": None}, {"lat": True}])
def test_a_position_off_the_earth_is_rejected(place: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="position"):
        places.store(a_store_row(**place), {})


def test_a_table_whose_columns_have_no_names_is_broken() -> None:
    with pytest.raises(UpstreamBroken, match="columns"):
        table({"columns": ["itemNo", 4], "rows": []})


def test_a_row_that_comes_twice_counts_once_and_keeps_its_place() -> None:
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    told = RejectedRow("d", "unreadable")
    first: Answer[str] = Answer(rows=("a1", "b1", "a2"), as_of=MOMENT)
    second: Answer[str] = Answer(rows=("c1", "b2"), as_of=long_ago, rejected=(told,))

    one = joined([first, second], lambda row: row[0])

    assert one == Answer(rows=("a1", "b1", "c1"), as_of=long_ago, rejected=(told,))
