"""What do orders look like in the words of the shop and of the warehouse?"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from app.ports import OrderKey, OrderStatus, SoldOrder, UpstreamOrder
from app.values import CurrencyCode, LocationCode, Money, Sku
from connectors.kit import cells
from connectors.sandbox.fields import amount

Places = Mapping[LocationCode, str]
SHOP_STATES = {
    "open": OrderStatus.ACCEPTED,
    "completed": OrderStatus.COMPLETED,
    "cancelled": OrderStatus.CANCELLED,
}
DELIVERY_STATES = {
    "RELEASED": OrderStatus.ACCEPTED,
    "DISPATCHED": OrderStatus.COMPLETED,
    "STOPPED": OrderStatus.CANCELLED,
}


def shop_order(order: SoldOrder, places: Places) -> Mapping[str, Any]:
    """An order as the shop takes it."""
    return {
        "currency": order.total.currency,
        "total": str(order.total.amount),
        "delivery": {"kind": order.method.lower(), "price": str(order.delivery.amount)},
        "customer": {
            "name": order.buyer.name,
            "email": order.buyer.email,
            "phone": order.buyer.phone,
        },
        "ship_to": _address(order),
        "promised": None
        if order.promised is None
        else [order.promised.earliest.isoformat(), order.promised.latest.isoformat()],
        "items": [
            {
                "sku": line.sku,
                "depot": places.get(line.location, line.location),
                "quantity": line.quantity,
                "unit_price": str(line.unit_price.amount),
                "discounts": [
                    {"rule": one.rule, "amount": str(one.amount.amount)} for one in line.discounts
                ],
                "total": str(line.total.amount),
            }
            for line in order.lines
        ],
    }


def delivery(order: SoldOrder, places: Places) -> Mapping[str, Any]:
    """What of an order the warehouse has to know."""
    return {
        "ClientRef": order.key,
        "Consignee": {"Name": order.buyer.name, "Address": _address(order)},
        "DueBy": None if order.promised is None else order.promised.latest.isoformat(),
        "Positions": [
            {
                "ArticleNo": sku,
                "Site": places.get(location, location),
                "Pieces": pieces,
            }
            for (sku, location), pieces in _shelved(order).items()
        ],
    }


def _shelved(order: SoldOrder) -> Mapping[tuple[Sku, LocationCode], int]:
    """What leaves the shelf: of a bundle its components, of which the warehouse knows alone."""
    pieces: Counter[tuple[Sku, LocationCode]] = Counter()
    for line in order.lines:
        for sku, count in line.taken:
            pieces[sku, line.location] += count
    return pieces


def shop_told(row: Any) -> UpstreamOrder:
    """What the shop says of an order."""
    currency = CurrencyCode(cells.text(row, "currency"))
    return UpstreamOrder(
        key=OrderKey(cells.text(row, "key")),
        reference=cells.text(row, "number"),
        status=SHOP_STATES[cells.text(row, "state")],
        total=Money(amount(row, "total"), currency),
    )


def delivery_told(row: Any) -> UpstreamOrder:
    """What the warehouse says of a delivery; it knows no money."""
    return UpstreamOrder(
        key=OrderKey(cells.text(row, "ClientRef")),
        reference=cells.text(row, "DeliveryNo"),
        status=DELIVERY_STATES[cells.text(row, "State")],
    )


def _address(order: SoldOrder) -> Mapping[str, Any] | None:
    if (address := order.address) is None:
        return None
    return {
        "lines": address.lines,
        "postal_code": address.postal_code,
        "city": address.city,
        "region": address.region,
        "country": address.country,
    }
