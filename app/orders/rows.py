"""What do the rows of an order say, and what is written into them?"""

from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import msgspec

from app.orders.model import (
    CancelReason,
    Charge,
    Handing,
    HandingState,
    Order,
    OrderNumber,
    OrderState,
)
from app.ports import Address, BundleComponent, Buyer, PaymentKey, PaymentStatus, Promised, SoldLine
from app.values import (
    ChannelCode,
    CountryCode,
    CurrencyCode,
    FulfilmentMethod,
    LocationCode,
    Money,
    Sku,
)


def order_of(row: Any, lines: list[Any], parts: list[Any], paid: list[Any]) -> Order:
    """An order out of its row, its lines, its handings and its payment."""
    currency = CurrencyCode(row.currency)
    return Order(
        number=OrderNumber(row.number),
        state=OrderState(row.state),
        reason=None if row.reason is None else CancelReason(row.reason),
        cart=row.cart,
        channel=ChannelCode(row.channel),
        placed_at=row.placed_at,
        lines=tuple(_line(line, currency) for line in lines),
        buyer=Buyer(**row.buyer),
        address=None if row.address is None else _address(row.address),
        method=FulfilmentMethod(row.method),
        promised=None
        if row.promised_from is None
        else Promised(earliest=row.promised_from, latest=row.promised_until),
        promise_token=row.promise_token,
        delivery=Money(Decimal(row.delivery), currency),
        total=Money(Decimal(row.total), currency),
        charge=next((_charge(one, currency) for one in paid), None),
        handings=tuple(
            Handing(
                sink=part.sink,
                state=HandingState(part.state),
                tried=part.tried,
                reference=part.reference,
                error=part.error,
            )
            for part in parts
        ),
    )


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
    )


def _charge(row: Any, currency: CurrencyCode) -> Charge:
    return Charge(
        key=PaymentKey(row.key),
        status=None if row.status is None else PaymentStatus(row.status),
        reference=row.reference,
        reason=row.reason,
        amount=Money(Decimal(row.amount), currency),
        captured=Money(Decimal(row.captured), currency),
        refunded=Money(Decimal(row.refunded), currency),
    )


def agreed(order: Order) -> dict[str, Any]:
    """What stands in the row of the order itself."""
    promised = order.promised
    return {
        "cart": order.cart,
        "channel": order.channel,
        "state": order.state,
        "reason": order.reason,
        "placed_at": order.placed_at,
        "buyer": asdict(order.buyer),
        "address": None if order.address is None else asdict(order.address),
        "method": order.method,
        "promised_from": None if promised is None else promised.earliest,
        "promised_until": None if promised is None else promised.latest,
        "promise_token": order.promise_token,
        "currency": order.total.currency,
        "delivery": str(order.delivery.amount),
        "total": str(order.total.amount),
    }


def line_rows(order: Order) -> Iterable[dict[str, Any]]:
    """What was bought."""
    for number, line in enumerate(order.lines):
        yield {
            "order": order.number,
            "line": number,
            "sku": line.sku,
            "location": line.location,
            "quantity": line.quantity,
            "components": msgspec.to_builtins(line.components),
            "unit_price": str(line.unit_price.amount),
        }


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
    return {
        "sink": handing.sink,
        "state": handing.state,
        "tried": handing.tried,
        "reference": handing.reference,
        "error": handing.error,
    }
