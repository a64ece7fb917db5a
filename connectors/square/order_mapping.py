"""What do Square's words of orders mean in ours? Receipts of tills, and purchases of customers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING
from typing import Any

from app.ports import (
    CustomerKey,
    Purchase,
    PurchaseChannel,
    PurchasedLine,
    PurchaseStatus,
    Receipt,
    ReceiptLine,
    ReceiptNumber,
)
from app.values import LocationCode, Money, Sku
from connectors.kit.cells import exact, instant, text
from connectors.square.mapping import inner, money, optional, rows

Row = Mapping[str, Any]
SENT = frozenset({"SHIPMENT", "DELIVERY", "PICKUP"})
STATUSES = {
    "OPEN": PurchaseStatus.OPEN,
    "COMPLETED": PurchaseStatus.COMPLETED,
    "CANCELED": PurchaseStatus.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids of variations and of locations stand for."""

    skus: Mapping[str, Sku]
    places: Mapping[str, LocationCode]


@dataclass(frozen=True, slots=True)
class Part:
    """What one receipt tells of an order: its sale, or one of its returns.

    An exchange is an order with both. `number` is the receipt's own, `changed_at` the order's.
    """

    order: Row
    returned: Row | None
    number: ReceiptNumber
    changed_at: datetime


def parts(order: Row) -> Iterator[Part]:
    """The receipts of an order, not yet read.

    Raises:
        KeyError, TypeError, ValueError: nobody can say what and when it was.
    """
    own, changed = text(order, "id"), instant(order, "updated_at")
    if order.get("line_items"):
        yield Part(order, None, ReceiptNumber(own), changed)
    for one in rows(order, "returns"):
        yield Part(order, one, ReceiptNumber(f"{own}:{text(one, 'uid')}"), changed)


def variations(order: Row) -> Iterator[str]:
    """The ids of all variations that were sold or returned."""
    lines = [
        *rows(order, "line_items"),
        *(line for one in rows(order, "returns") for line in rows(one, "return_line_items")),
    ]
    return filter(None, (optional(line, "catalog_object_id") for line in lines))


def has_lines(order: Row) -> bool:
    """Whether anything was sold or taken back."""
    return bool(order.get("line_items") or order.get("returns"))


def receipt(part: Part, names: Names) -> Receipt:
    """A receipt.

    A line without a SKU (an amount that was typed in, a gift card) counts in the total alone.

    Raises:
        KeyError, TypeError, ValueError: it is not what the contract says, or what was taken back is
            of no known sale.
    """
    order, returned = part.order, part.returned
    if returned is None:
        lines, paid, sale = rows(order, "line_items"), inner(order, "total_money"), None
    else:
        lines = rows(returned, "return_line_items")
        paid = inner(inner(returned, "return_amounts"), "total_money")
        sale = ReceiptNumber(text(returned, "source_order_id"))
    return Receipt(
        number=part.number,
        location=names.places[text(order, "location_id")],
        sold_at=instant(order, "created_at"),
        lines=tuple(_receipt_lines(lines, names)),
        total=money(paid),
        customer=buyer(order),
        refund_of=sale,
    )


def buyer(order: Row) -> str | None:
    """Who bought: of the order, else of the first payment that says so."""
    told = (optional(one, "customer_id") for one in (order, *rows(order, "tenders")))
    return next(filter(None, told), None)


def _receipt_lines(lines: Iterable[Row], names: Names) -> Iterator[ReceiptLine]:
    for line in lines:
        sku = names.skus.get(optional(line, "catalog_object_id") or "")
        if sku is not None:
            total = money(inner(line, "total_money"))
            yield ReceiptLine(sku=sku, quantity=units(line), total=total)


def units(line: Row) -> int:
    """How many units: of what is sold by measure, those that were begun."""
    quantity = exact(line, "quantity")
    if quantity <= 0:
        raise ValueError("quantity: is none")
    return int(quantity.to_integral_value(ROUND_CEILING))


def purchase(order: Row, customer: CustomerKey, names: Names) -> Purchase:
    """An order of a customer; what was brought back is a line below zero."""
    sold = [_bought(line, names, 1) for line in rows(order, "line_items")]
    back = [
        _bought(line, names, -1)
        for one in rows(order, "returns")
        for line in rows(one, "return_line_items")
    ]
    net = inner(inner(order, "net_amounts"), "total_money") or inner(order, "total_money")
    sent = {one.get("type") for one in rows(order, "fulfillments")} & SENT
    return Purchase(
        customer=customer,
        reference=text(order, "id"),
        placed_at=instant(order, "created_at"),
        channel=PurchaseChannel.ONLINE if sent else PurchaseChannel.STORE,
        status=STATUSES[text(order, "state")],
        lines=tuple(sold + back),
        total=money(net),
        location=names.places.get(text(order, "location_id")),
    )


def _bought(line: Row, names: Names, sign: int) -> PurchasedLine:
    total = money(inner(line, "total_money"))
    return PurchasedLine(
        name=optional(line, "name") or optional(line, "variation_name") or "",
        quantity=sign * units(line),
        sku=names.skus.get(optional(line, "catalog_object_id") or ""),
        total=Money(sign * total.amount, total.currency),
    )
