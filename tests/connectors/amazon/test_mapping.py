"""Do Amazon's words come out as ours, and nothing else?"""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator

from app.ports import MarketOrder, MarketWriteKey, OrderKey
from connectors.amazon import mapping
from connectors.amazon.specimen_orders import ORDERS, item, order
from tests.connectors.amazon.contract import MODELS, NOTIFICATION, model, models
from tests.connectors.amazon.test_contract import needs_models

SEARCH, ONE = "/orders/2026-01-01/orders", "/orders/2026-01-01/orders/{orderId}"
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
UNSOUND = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)


def an_order(**line: Any) -> dict[str, Any]:
    return order("1", "2025-06-01T00:00:00Z", "UNSHIPPED", [{**item("1", "A", 1, "1.00"), **line}])


def examples() -> list[dict[str, Any]]:
    """The orders that Amazon gives as examples."""
    if models() is None:
        return []
    paths = model(MODELS[0])["paths"]
    found = []
    for path, pick in ((SEARCH, "orders"), (ONE, "order")):
        told = paths[path]["get"]["responses"]["200"]["x-amzn-api-sandbox"]["static"]
        answers = [one["response"][pick] for one in told]
        found += [row for one in answers for row in (one if isinstance(one, list) else [one])]
    return found


@needs_models
def test_amazons_own_examples_are_understood() -> None:
    found = [mapping.order(row) for row in examples() if "fulfillment" in row]

    assert len(found) >= 4
    for row, read in zip((row for row in examples() if "fulfillment" in row), found, strict=True):
        assert read.number == row["orderId"]
        assert [line.sku for line in read.lines] == [
            one["product"]["sellerSku"] for one in row["orderItems"]
        ]
        assert str(read.total and read.total.amount) == row["proceeds"]["grandTotal"]["amount"]


@given(quantity=ANY_JSON)
def test_a_quantity_is_kept_or_rejected(quantity: Any) -> None:
    row = an_order(quantityOrdered=quantity)
    if type(quantity) is int and quantity >= 0:
        assert mapping.order(row).lines[0].quantity == quantity
    else:
        with pytest.raises((TypeError, ValueError)):
            mapping.order(row)


@given(amount=st.decimals(1 - 10**18, 10**18 - 1, places=2))
def test_an_amount_is_exact(amount: Decimal) -> None:
    row = an_order()
    row["proceeds"]["grandTotal"]["amount"] = str(amount)

    total = mapping.order(row).total

    assert total is not None
    assert total.amount == amount


@given(row=ANY_JSON, name=st.sampled_from(sorted(ORDERS[0])), value=ANY_JSON)
def test_any_row_is_an_order_or_rejected(row: Any, name: str, value: Any) -> None:
    for document in (row, {**ORDERS[0], name: value}):
        try:
            found = mapping.order(document)
        except UNSOUND:
            continue
        assert isinstance(found, MarketOrder)


@given(key=st.from_regex(r"[A-Za-z0-9-]{1,60}", fullmatch=True))
def test_a_parcel_has_one_positive_number_as_its_name(key: str) -> None:
    name = mapping.package_reference(MarketWriteKey(key))

    assert name == mapping.package_reference(MarketWriteKey(str(OrderKey(key))))
    assert 1 <= int(name) <= 2_147_483_647
    assert name == str(int(name))


@needs_models
def test_a_notification_of_a_change_names_the_order_to_read() -> None:
    schema = model(NOTIFICATION)
    (example,) = schema["examples"]
    OAS31Validator(schema).validate(example)

    assert mapping.changed_order(example) == "903-8868176-2219830"


@needs_models
@pytest.mark.parametrize("level", ["OrderLevel", "OrderItemLevel"])
@pytest.mark.parametrize("kind", ["BuyerRequestedChange", "DeliveryTipChange", "OrderStatusChange"])
def test_every_kind_of_change_names_its_order(level: str, kind: str) -> None:
    schema = model(NOTIFICATION)
    told = json.loads(json.dumps(schema["examples"][0]))
    told["Payload"]["OrderChangeNotification"] |= {
        "NotificationLevel": level,
        "OrderChangeType": kind,
    }
    OAS31Validator(schema).validate(told)

    assert mapping.changed_order(told) == "903-8868176-2219830"


@pytest.mark.parametrize(
    "document",
    [None, [], "ORDER_CHANGE", {}, {"NotificationType": "FEED_PROCESSING_FINISHED"}],
)
def test_what_is_about_something_else_names_no_order(document: Any) -> None:
    assert mapping.changed_order(document) is None


@given(payload=ANY_JSON)
def test_an_unsound_notification_is_told_and_not_guessed(payload: Any) -> None:
    with pytest.raises(UNSOUND):
        mapping.changed_order({"NotificationType": "ORDER_CHANGE", "Payload": payload})
