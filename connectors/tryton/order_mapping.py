"""What do orders look like as sales of Tryton, and what do its sales mean?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.ports import Address, OrderKey, OrderStatus, SoldLine, SoldOrder, UpstreamOrder
from app.values import CurrencyCode, Money
from connectors.kit.cells import text, whole
from connectors.tryton.tagged import plain, written

Row = Mapping[str, Any]
BEGUN = frozenset({"draft", "quotation"})
STATES = {
    "confirmed": OrderStatus.ACCEPTED,
    "processing": OrderStatus.ACCEPTED,
    "done": OrderStatus.COMPLETED,
    "cancelled": OrderStatus.CANCELLED,
}
DELIVERY = "Delivery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """One sale: the share of an order that leaves one warehouse. `status` None: only begun."""

    id: int
    key: OrderKey
    warehouse: int
    number: str | None
    state: str
    status: OrderStatus | None
    total: Money
    shipments: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """A variant as it is sold."""

    id: int
    unit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Whom a sale is for, and where the goods and the bill go."""

    party: int
    address: int


def sale(row: Row) -> Sale:
    """A sale that carries our key."""
    state = text(row, "state")
    shipments = [(whole(one, "id"), text(one, "state")) for one in row["shipments."]]
    total = plain(row["total_amount"])
    if not isinstance(total, Decimal):
        raise TypeError("total_amount: not a decimal")
    number = row["number"]
    return Sale(
        id=whole(row, "id"),
        key=OrderKey(text(row, "reference")),
        warehouse=whole(row, "warehouse"),
        number=None if number is None else text(row, "number"),
        state=state,
        status=_status(state, [told for _, told in shipments]),
        total=Money(total, CurrencyCode(text(row["currency."], "code"))),
        shipments=tuple(one for one, _ in shipments),
    )


def _status(state: str, shipments: Collection[str]) -> OrderStatus | None:
    """A sale whose shipments are all cancelled stays in process until somebody closes it."""
    if state in BEGUN:
        return None
    if shipments and all(told == "cancelled" for told in shipments):
        return OrderStatus.CANCELLED
    return STATES[state]


def chosen(sales: Collection[Sale]) -> list[Sale]:
    """The sales that count, one for each warehouse: what got on first, else what came first.

    So one that was stopped counts before a later one in force: the order stays cancelled.
    """
    counting: dict[int, Sale] = {}
    for one in sorted(sales, key=lambda each: (each.status is None, each.id)):
        counting.setdefault(one.warehouse, one)
    return sorted(counting.values(), key=lambda each: each.id)


def spare(sales: Collection[Sale]) -> list[Sale]:
    """The sales that do not count, as others stand for the same goods."""
    counting = chosen(sales)
    return [one for one in sales if one not in counting]


def in_force(sales: Collection[Sale]) -> list[Sale]:
    """The sales whose goods are on their way, or to be."""
    return [one for one in sales if one.status is OrderStatus.ACCEPTED]


def order(sales: Sequence[Sale]) -> UpstreamOrder | None:
    """The order that these sales are; None while one of them has only begun."""
    statuses = {one.status for one in sales}
    if not sales or None in statuses:
        return None
    if OrderStatus.ACCEPTED in statuses:
        status = OrderStatus.ACCEPTED
    elif OrderStatus.COMPLETED in statuses:
        status = OrderStatus.COMPLETED
    else:
        status = OrderStatus.CANCELLED
    total = sum((one.total.amount for one in sales), Decimal(0))
    return UpstreamOrder(
        key=sales[0].key,
        reference="+".join(one.number or f"#{one.id}" for one in sales),
        status=status,
        total=Money(total, sales[0].total.currency),
    )


def goods(row: Row) -> Goods:
    """A variant that can be sold."""
    unit = row["sale_uom"]
    return Goods(
        id=whole(row, "id"), unit=whole(row, "default_uom" if unit is None else "sale_uom")
    )


def new_sale(
    sold: SoldOrder, customer: Customer, warehouse: int, lines: Sequence[Row]
) -> dict[str, Any]:
    """The share of an order that leaves one warehouse."""
    due = None if sold.promised is None else sold.promised.latest.date()
    return {
        "party": customer.party,
        "invoice_address": customer.address,
        "shipment_address": customer.address,
        "reference": sold.key,
        "warehouse": warehouse,
        "sale_date": written(sold.placed_at.date()),
        "shipping_date": written(due),
        "invoice_method": "manual",
        "lines": [["create", list(lines)]],
    }


def lines(sold: SoldLine, what: Goods) -> list[dict[str, Any]]:
    """Units of one variant at what was agreed: two lines where they cannot cost the same.

    Tryton multiplies and rounds by itself, so only whole cents for a unit add up to the total.
    """
    return [
        {
            "type": "line",
            "product": what.id,
            "unit": what.unit,
            "quantity": units,
            "unit_price": written(each.amount),
        }
        for units, each in sold.lots
    ]


def delivery(sold: SoldOrder) -> list[dict[str, Any]]:
    """What the buyer pays for the way."""
    if not sold.delivery.amount:
        return []
    price = written(sold.delivery.amount)
    return [{"type": "line", "quantity": 1, "unit_price": price, "description": DELIVERY}]


def new_party(sold: SoldOrder, country: int | None) -> dict[str, Any]:
    """The buyer as a new party."""
    reached = [{"type": "email", "value": sold.buyer.email}]
    if sold.buyer.phone is not None:
        reached.append({"type": "phone", "value": sold.buyer.phone})
    return {
        "name": sold.buyer.name,
        "addresses": [["create", [new_address(sold.address or Address(), country)]]],
        "contact_mechanisms": [["create", reached]],
    }


def new_address(address: Address, country: int | None) -> dict[str, Any]:
    """An address of a party."""
    return {
        "street_unstructured": "\n".join(address.lines),
        "postal_code": address.postal_code,
        "city": address.city,
        "country": country,
    }


def customer(row: Row, wanted: Address) -> tuple[int, int | None]:
    """A party, and the one of its addresses that is wanted."""
    for one in row["addresses."]:
        there = (_lines(one["street"]), one["postal_code"] or None, one["city"] or None)
        if there == (_lines("\n".join(wanted.lines)), wanted.postal_code, wanted.city):
            return whole(row, "id"), whole(one, "id")
    return whole(row, "id"), None


def _lines(street: Any) -> list[str]:
    return [part.strip() for part in str(street or "").splitlines() if part.strip()]
