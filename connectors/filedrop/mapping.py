"""What do the desk's words of stock and orders mean in ours, and ours in its?"""

from collections.abc import Iterator, Mapping
from typing import Any

from app.ports import OrderKey, OrderStatus, SoldLine, SoldOrder, StockLevel, UpstreamOrder
from app.values import LocationCode, Sku
from connectors.kit.cells import instant, text, whole

Row = Mapping[str, Any]


class Codes:
    """The partner's places under our codes; a place we have no code for keeps its own name."""

    def __init__(self, places: Mapping[LocationCode, str]) -> None:
        self._places = dict(places)
        self._codes = {place: code for code, place in places.items()}

    def place(self, code: LocationCode) -> str:
        """What the partner calls it."""
        return self._places.get(code, code)

    def code(self, place: str) -> LocationCode:
        """What we call it."""
        return self._codes.get(place, LocationCode(place))


def stock_level(row: Row, codes: Codes) -> StockLevel:
    """What one row of the answer says."""
    return StockLevel(
        sku=Sku(text(row, "sku")),
        location=codes.code(text(row, "place")),
        on_hand=whole(row, "on_hand"),
        reserved=whole(row, "reserved"),
        damaged=whole(row, "damaged"),
        as_of=instant(row, "as_of"),
    )


def upstream_order(row: Row) -> UpstreamOrder:
    """An order that the partner has said something of."""
    return UpstreamOrder(
        key=OrderKey(text(row, "key")),
        reference=text(row, "reference"),
        status=OrderStatus(text(row, "state")),
    )


def order_document(order: SoldOrder, codes: Codes) -> Mapping[str, Any]:
    """An order as the desk writes it. Bundles are handed on as what they are put together of."""
    promised = order.promised
    return {
        "number": order.key,
        "placed_at": order.placed_at.isoformat(),
        "due_by": None if promised is None else promised.latest.isoformat(),
        "currency": order.total.currency,
        "total": str(order.total.amount),
        "delivery": str(order.delivery.amount),
        "method": str(order.method),
        "name": order.buyer.name,
        "email": order.buyer.email,
        "phone": order.buyer.phone or "",
        "address": _address(order),
        "lines": [row for line in order.lines for row in _lines(line, codes)],
    }


def _lines(line: SoldLine, codes: Codes) -> Iterator[Row]:
    place = codes.place(line.location)
    for sku, units in line.taken if line.components else ():
        yield {"sku": sku, "place": place, "quantity": units, "unit_price": "", "total": ""}
    for units, price in () if line.components else line.lots:
        yield {
            "sku": line.sku,
            "place": place,
            "quantity": units,
            "unit_price": str(price.amount),
            "total": str(price.amount * units),
        }


def _address(order: SoldOrder) -> Mapping[str, str]:
    if (address := order.address) is None:
        return {}
    return {
        "address": ", ".join(address.lines),
        "postal_code": address.postal_code or "",
        "city": address.city or "",
        "region": address.region or "",
        "country": address.country or "",
    }
