"""What do the rows of an order say, and what is written into them?"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

import msgspec

from app.loyalty.ordered import OrderPoints
from app.orders.model import (
    CancelReason,
    Charge,
    Handing,
    HandingState,
    Order,
    OrderNumber,
    OrderState,
)
from app.orders.tables import handings, order_lines, orders, payments
from app.ports import (
    Address,
    BundleComponent,
    Buyer,
    PaymentKey,
    PaymentStatus,
    Promised,
    SoldLine,
    compared_email,
)
from app.values import (
    ChannelCode,
    CountryCode,
    CurrencyCode,
    CustomerId,
    Discount,
    FulfilmentMethod,
    LocationCode,
    Money,
    Sku,
)

READ = (
    *orders.c,
    payments.c.key.label("payment_key"),
    payments.c.status.label("payment_status"),
    payments.c.reference.label("payment_reference"),
    payments.c.reason.label("payment_reason"),
    payments.c.amount,
    payments.c.captured,
    payments.c.refunded,
    handings.c.place,
    handings.c.sink,
    handings.c.attempt,
    handings.c.with_fee,
    handings.c.expected_from,
    handings.c.expected_until,
    handings.c.state.label("part_state"),
    handings.c.tried,
    handings.c.reference.label("part_reference"),
    handings.c.error,
    order_lines.c.sku,
    order_lines.c.location,
    order_lines.c.quantity,
    order_lines.c.components,
    order_lines.c.unit_price,
    order_lines.c.discounts,
    order_lines.c.price_list,
)
"""An order with its payment, its parts and their lines: a row for each line."""


def order_of(found: Sequence[Any]) -> Order:
    """An order out of its rows, by the places of its parts and the numbers of its lines."""
    row = found[0]
    currency = CurrencyCode(row.currency)
    parts = groupby(found, key=lambda one: one.place)
    return Order(
        number=OrderNumber(row.number),
        state=OrderState(row.state),
        reason=None if row.reason is None else CancelReason(row.reason),
        cart=row.cart,
        customer=row.customer and CustomerId(row.customer),
        channel=ChannelCode(row.channel),
        placed_at=row.placed_at,
        buyer=Buyer(**row.buyer),
        address=None if row.address is None else _address(row.address),
        method=FulfilmentMethod(row.method),
        store=None if row.store is None else LocationCode(row.store),
        promised=_window(row.promised_from, row.promised_until),
        promise_token=row.promise_token,
        delivery=Money(Decimal(row.delivery), currency),
        total=Money(Decimal(row.total), currency),
        points=None if row.points is None else msgspec.convert(row.points, OrderPoints),
        partner=row.partner,
        reference=row.reference,
        charge=None if row.payment_key is None else _charge(row, currency),
        handings=tuple(_handing(list(lines), currency) for _, lines in parts),
    )


def _handing(found: Sequence[Any], currency: CurrencyCode) -> Handing:
    row = found[0]
    return Handing(
        sink=row.sink,
        attempt=row.attempt,
        with_fee=row.with_fee,
        expected=_window(row.expected_from, row.expected_until),
        state=HandingState(row.part_state),
        tried=row.tried,
        reference=row.part_reference,
        error=row.error,
        lines=tuple(_line(line, currency) for line in found if line.sku is not None),
    )


def _window(earliest: datetime | None, latest: datetime | None) -> Promised | None:
    if earliest is None or latest is None:
        return None
    return Promised(earliest=earliest, latest=latest)


def _address(kept: dict[str, Any]) -> Address:
    country = kept["country"]
    return Address(
        lines=tuple(kept["lines"]),
        postal_code=kept["postal_code"],
        city=kept["city"],
        region=kept["region"],
        country=None if country is None else CountryCode(country),
    )


def _line(row: Any, currency: CurrencyCode) -> SoldLine:
    return SoldLine(
        sku=Sku(row.sku),
        quantity=row.quantity,
        unit_price=Money(Decimal(row.unit_price), currency),
        location=LocationCode(row.location),
        components=msgspec.convert(row.components, tuple[BundleComponent, ...]),
        discounts=msgspec.convert(row.discounts, tuple[Discount, ...]),
        price_list=row.price_list,
    )


def _charge(row: Any, currency: CurrencyCode) -> Charge:
    return Charge(
        key=PaymentKey(row.payment_key),
        status=None if row.payment_status is None else PaymentStatus(row.payment_status),
        reference=row.payment_reference,
        reason=row.payment_reason,
        amount=Money(Decimal(row.amount), currency),
        captured=Money(Decimal(row.captured), currency),
        refunded=Money(Decimal(row.refunded), currency),
    )


def agreed(order: Order) -> dict[str, Any]:
    """What stands in the row of the order itself."""
    promised = order.promised
    return {
        "cart": order.cart,
        "customer": order.customer,
        "channel": order.channel,
        "state": order.state,
        "reason": order.reason,
        "placed_at": order.placed_at,
        "buyer": asdict(order.buyer),
        "compared_email": compared_email(order.buyer.email),
        "address": None if order.address is None else asdict(order.address),
        "method": order.method,
        "store": order.store,
        "promised_from": None if promised is None else promised.earliest,
        "promised_until": None if promised is None else promised.latest,
        "promise_token": order.promise_token,
        "currency": order.total.currency,
        "delivery": str(order.delivery.amount),
        "total": str(order.total.amount),
        "points": None if order.points is None else msgspec.to_builtins(order.points),
        "partner": order.partner,
        "reference": order.reference,
    }


def line_rows(order: Order, *, since: int = 0) -> Iterable[dict[str, Any]]:
    """What was bought: the lines of its parts from the place `since` on."""
    places = enumerate(order.handings)
    every = [(place, line) for place, handing in places for line in handing.lines]
    for number, (place, line) in enumerate(every):
        if place >= since:
            yield {
                "order": order.number,
                "line": number,
                "part": place,
                "sku": line.sku,
                "location": line.location,
                "quantity": line.quantity,
                "components": msgspec.to_builtins(line.components),
                "unit_price": str(line.unit_price.amount),
                "discounts": msgspec.to_builtins(line.discounts),
                "price_list": line.price_list,
            }


def handing_rows(order: Order, *, since: int = 0) -> Iterable[dict[str, Any]]:
    """Its parts, from the place `since` on."""
    for place, handing in enumerate(order.handings[since:], since):
        yield {"order": order.number, "place": place, **handing_row(handing)}


def charge_row(charge: Charge) -> dict[str, Any]:
    """The payment."""
    return {
        "key": charge.key,
        "status": charge.status,
        "reference": charge.reference,
        "reason": charge.reason,
        "amount": str(charge.amount.amount),
        "captured": str(charge.captured.amount),
        "refunded": str(charge.refunded.amount),
    }


def handing_row(handing: Handing) -> dict[str, Any]:
    """One part of the order."""
    expected = handing.expected
    return {
        "sink": handing.sink,
        "attempt": handing.attempt,
        "with_fee": handing.with_fee,
        "expected_from": None if expected is None else expected.earliest,
        "expected_until": None if expected is None else expected.latest,
        "state": handing.state,
        "tried": handing.tried,
        "reference": handing.reference,
        "error": handing.error,
    }
