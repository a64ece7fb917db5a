"""The desk's words are taken as they are, or not at all."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ports import BundleComponent, OrderStatus
from app.values import CurrencyCode, Discount, LocationCode, Money, Sku
from connectors.filedrop import mapping
from connectors.filedrop.documents import OrderDocument
from connectors.filedrop.specimen import an_order

CODES = mapping.Codes({LocationCode("SUP-1"): "4012345000009"})
ROW = {
    "sku": "MUG",
    "place": "4012345000009",
    "on_hand": 4,
    "reserved": 1,
    "damaged": 2,
    "as_of": "2026-11-20T06:30:00+00:00",
}
NUMBERS = ("on_hand", "reserved", "damaged")
anything = st.one_of(
    st.none(), st.booleans(), st.floats(), st.text(), st.lists(st.integers()), st.just({})
)


@given(st.fixed_dictionaries({name: st.integers() for name in NUMBERS}))
def test_whole_numbers_are_kept(figures: dict[str, int]) -> None:
    level = mapping.stock_level({**ROW, **figures}, CODES)

    assert {name: getattr(level, name) for name in NUMBERS} == figures
    assert (level.sku, level.location) == ("MUG", "SUP-1")
    assert level.as_of == datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


@given(st.sampled_from(NUMBERS), anything)
def test_anything_else_is_no_level(name: str, value: Any) -> None:
    with pytest.raises(TypeError):
        mapping.stock_level({**ROW, name: value}, CODES)


@given(anything)
def test_an_order_has_a_state_that_there_is(state: Any) -> None:
    row = {"key": "T-1", "reference": "B7", "state": "ACCEPTED"}
    assert mapping.upstream_order(row).status is OrderStatus.ACCEPTED

    with pytest.raises((TypeError, ValueError)):
        mapping.upstream_order({**row, "state": state})


def document_of(order: Any) -> OrderDocument:
    return msgspec.convert(dict(mapping.order_document(order, CODES)), OrderDocument)


def test_an_order_is_told_by_the_partners_names_of_places() -> None:
    document = document_of(an_order())

    assert document.due_by is None
    assert [(one.sku, one.place, one.quantity, one.total) for one in document.lines] == [
        ("MUG-BLUE", "4012345000009", 2, "19.80"),
        ("ROPE-M", "SUP-2", 1, "24.00"),
    ]
    assert document.address["address"] == "Größe Gasse 5, 3. Stock"


def test_a_discount_that_cannot_be_shared_makes_two_rows_that_add_up() -> None:
    order = an_order()
    euro = CurrencyCode("EUR")
    off = Discount(rule="ten-off", amount=Money(Decimal("0.99"), euro))
    line = replace(order.lines[0], discounts=(off,))

    rows = document_of(replace(order, lines=(line,))).lines

    assert [(one.quantity, one.unit_price, one.total) for one in rows] == [
        (1, "9.41", "9.41"),
        (1, "9.40", "9.40"),
    ]


def test_a_bundle_is_what_has_to_leave_the_shelf() -> None:
    order = an_order()
    parts = (BundleComponent(Sku("CUP"), 6), BundleComponent(Sku("TRAY"), 1))
    line = replace(order.lines[0], components=parts)

    rows = document_of(replace(order, lines=(line,))).lines

    assert [(one.sku, one.quantity, one.unit_price) for one in rows] == [
        ("CUP", 12, ""),
        ("TRAY", 2, ""),
    ]
