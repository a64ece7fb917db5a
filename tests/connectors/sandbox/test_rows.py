from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ports import Answer
from app.values import CurrencyCode
from connectors.kit.rows import answer
from connectors.sandbox import mapping, places
from connectors.sandbox.answers import partly, table
from connectors.sandbox.retailer.places import STORES
from tests.connectors.sandbox.served import MOMENT, SKUS, asked, shop_rows

ROME = ZoneInfo("Europe/Rome")
OTHER_TYPES: list[Any] = [True, 3.5, [], {}, ""]


@dataclass(frozen=True)
class Noun:
    """Rows of one kind, the cells the mapping reads, and the mapping."""

    rows: Callable[[], list[Any]]
    cells: tuple[str, ...]
    read: Callable[[list[Any]], Answer[Any]]


def till_rows() -> list[Any]:
    asking = {"itemNos": SKUS[:20], "branchNos": [store.number for store in STORES[:3]]}
    return table(asked("tills", "POST", "/rpc/stock.query", asking))


def warehouse_rows() -> list[Any]:
    articles = "&".join(f"Article={sku}" for sku in SKUS[:30])
    rows: list[Any] = asked("warehouse", "GET", f"/wms/stock?Site=WH-1&{articles}")["Articles"]
    return rows


def supplier_rows() -> list[Any]:
    refs = "&".join(f"ref={sku}" for sku in SKUS[:90])
    rows: list[Any] = asked("supplier", "GET", f"/feed/availability?supplier=SUP-1&{refs}")["lines"]
    return rows


def read_with(one: Callable[[Any], Any], called: str) -> Callable[[list[Any]], Answer[Any]]:
    return lambda rows: answer(rows, one, as_of=MOMENT, reference=lambda row: row[called])


def read_partly(one: Callable[[Any], Any], called: str) -> Callable[[list[Any]], Answer[Any]]:
    return lambda rows: partly(rows, one, as_of=MOMENT, reference=lambda row: row[called])


NOUNS = {
    "product": Noun(
        partial(shop_rows, "/v1/products/lookup"),
        ("id", "slug", "titles", "bodies", "maker", "collections", "media", "articles"),
        read_partly(mapping.product, "id"),
    ),
    "price": Noun(
        partial(shop_rows, "/v1/prices", currency="EUR"),
        ("sku", "currency", "now", "was", "vat_included"),
        read_with(lambda row: mapping.price(row, CurrencyCode("EUR"), as_of=MOMENT), "sku"),
    ),
    "depot_level": Noun(
        partial(shop_rows, "/v1/inventory", depots=["ECOM-1"]),
        ("sku", "depot", "physical", "committed", "quarantine", "buffer", "counted_at"),
        read_with(lambda row: mapping.depot_level(row, {}), "sku"),
    ),
    "till_level": Noun(
        till_rows,
        ("itemNo", "branchNo", "qtyFloor", "qtyBackroom", "qtyLayaway", "qtyDamaged", "reportedAt"),
        read_with(lambda row: mapping.till_level(row, {}), "itemNo"),
    ),
    "warehouse_level": Noun(
        warehouse_rows,
        ("ArticleNo", "Site", "OnHand", "Allocated", "Blocked", "Inbound"),
        read_with(
            lambda row: mapping.warehouse_level(row, {}, taken=MOMENT, zone=ROME), "ArticleNo"
        ),
    ),
    "supply_level": Noun(
        supplier_rows,
        ("ref", "supplier", "available", "next-batch"),
        read_with(lambda row: mapping.supply_level(row, {}, generated=MOMENT), "ref"),
    ),
    "store": Noun(
        lambda: table(asked("tills", "POST", "/rpc/branches.list", {})),
        ("branchNo", "branchName", "street", "city", "timeZone", "services", "openingHours"),
        read_partly(lambda row: places.store(row, {}), "branchNo"),
    ),
}


@pytest.mark.parametrize("name", NOUNS)
def test_every_row_of_a_healthy_system_is_understood(name: str) -> None:
    rows = NOUNS[name].rows()

    read = NOUNS[name].read(rows)

    assert len(rows) >= 8
    assert (len(read.rows), read.rejected) == (len(rows), ())


@pytest.mark.parametrize("name", NOUNS)
@given(choices=st.data())
def test_bad_rows_are_rejected_one_by_one_and_good_ones_kept(
    name: str, choices: st.DataObject
) -> None:
    noun, rows = NOUNS[name], NOUNS[name].rows()
    bad = choices.draw(st.sets(st.integers(0, len(rows) - 1)), label="bad rows")
    good = [row for place, row in enumerate(rows) if place not in bad]
    expected = noun.read(good).rows
    for place in bad:
        rows[place] = choices.draw(spoilt(rows[place], noun.cells), label=f"row {place}")

    read = noun.read(rows)

    assert read.rows == expected
    assert len(read.rejected) == len(bad)


@st.composite
def spoilt(draw: st.DrawFn, row: dict[str, Any], cells: tuple[str, ...]) -> Any:
    """The row with one cell missing or of another type, or no row at all."""
    match draw(st.sampled_from(["missing", "mistyped", "no row"])):
        case "missing":
            name = draw(st.sampled_from(cells))
            return {key: value for key, value in row.items() if key != name}
        case "mistyped":
            name = draw(st.sampled_from(cells))
            others = [one for one in OTHER_TYPES if type(one) is not type(row[name]) or one == ""]
            return row | {name: draw(st.sampled_from(others))}
        case _:
            return draw(st.sampled_from([None, [], "row", 7, {}]))
