"""What do orders look like in Vendure's words, and what do its words about them mean?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.ports import OrderKey, OrderStatus, SoldLine, SoldOrder, UpstreamOrder
from app.values import CurrencyCode
from connectors.kit.cells import text, whole
from connectors.vendure.mapping import money

Row = Mapping[str, Any]
Spot = tuple[str, str | None]
"""The ids of a variant and of a stock location."""
BEGUN = frozenset({"Created", "Draft", "AddingItems", "ArrangingPayment"})
IN_FORCE = frozenset(
    {
        "PaymentAuthorized",
        "PaymentSettled",
        "PartiallyShipped",
        "PartiallyDelivered",
        "Modifying",
        "ArrangingAdditionalPayment",
    }
)
STATES: Mapping[str, OrderStatus | None] = {
    **dict.fromkeys(BEGUN),
    **dict.fromkeys(IN_FORCE, OrderStatus.ACCEPTED),
    "Shipped": OrderStatus.COMPLETED,
    "Delivered": OrderStatus.COMPLETED,
    "Cancelled": OrderStatus.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An order as Vendure has it; `told` is None while it has only begun."""

    id: str
    key: OrderKey
    state: str
    told: UpstreamOrder | None


def found(row: Row, key_field: str, decimals: int) -> Found:
    """An order that carries our key."""
    key, state = OrderKey(text(row["customFields"], key_field)), text(row, "state")
    status = STATES[state]
    currency = CurrencyCode(text(row, "currencyCode"))
    total = money(whole(row, "totalWithTax"), currency, decimals)
    told = (
        None
        if status is None
        else UpstreamOrder(key=key, reference=text(row, "code"), status=status, total=total)
    )
    return Found(id=text(row, "id"), key=key, state=state, told=told)


def buyer(order: SoldOrder) -> Row:
    """The buyer as a new customer: Vendure wants two names, we have one."""
    first, _, last = order.buyer.name.partition(" ")
    return {
        "firstName": first,
        "lastName": last,
        "emailAddress": order.buyer.email,
        "phoneNumber": order.buyer.phone,
    }


def address(order: SoldOrder) -> Row:
    """Where the goods go."""
    if (own := order.address) is None:
        return {"streetLine1": "", "countryCode": ""}  # declared, and not sent
    return {
        "fullName": order.buyer.name,
        "streetLine1": own.lines[0] if own.lines else "",
        "streetLine2": ", ".join(own.lines[1:]),
        "city": own.city,
        "province": own.region,
        "postalCode": own.postal_code,
        "countryCode": own.country,
        "phoneNumber": order.buyer.phone,
    }


def item(line: SoldLine, spot: Spot, location_field: str | None) -> Row:
    """A line to be added."""
    variant, location = spot
    custom = {} if location_field is None else {"customFields": {location_field: location}}
    return {"productVariantId": variant, "quantity": line.quantity, **custom}


def quantities(order: Row, location_field: str | None) -> dict[Spot, tuple[str, int]]:
    """The lines of a draft: their id and quantity by variant and location."""
    return {
        (
            text(line["productVariant"], "id"),
            None if location_field is None else text(line["customFields"], location_field),
        ): (text(line, "id"), whole(line, "quantity"))
        for line in order["lines"]
    }
