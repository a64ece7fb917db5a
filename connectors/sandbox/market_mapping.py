"""What do the marketplace's orders and offers mean in our words, and ours in its?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.ports import (
    Address,
    Listing,
    MarketBuyer,
    MarketLine,
    MarketOrder,
    MarketOrderNumber,
    MarketOrderStatus,
    Offer,
    OfferState,
    Parcel,
    PublishedOffer,
    Recipient,
    TimeWindow,
)
from app.values import CountryCode, CurrencyCode, Money, Sku
from connectors.kit import cells
from connectors.sandbox import fields

STATES = {
    "unpaid": MarketOrderStatus.PENDING,
    "open": MarketOrderStatus.OPEN,
    "part_shipped": MarketOrderStatus.PARTLY_SHIPPED,
    "shipped": MarketOrderStatus.SHIPPED,
    "cancelled": MarketOrderStatus.CANCELLED,
}
OUTCOMES = {"taken": OfferState.ACCEPTED, "refused": OfferState.REFUSED}
NAME = "sandbox"


def order(row: Any) -> MarketOrder:
    """An order as the marketplace tells it."""
    status, currency = STATES[cells.text(row, "state")], CurrencyCode(cells.text(row, "currency"))
    buyer, number = fields.part(row, "buyer"), cells.text(row, "no")
    cancelled = status is MarketOrderStatus.CANCELLED
    items = fields.rows(row, "items")
    return MarketOrder(
        number=MarketOrderNumber(number),
        marketplace=NAME,
        placed_at=cells.instant(row, "boughtAt"),
        changed_at=cells.instant(row, "changedAt"),
        status=status,
        lines=tuple(_line(one, currency, cancelled=cancelled) for one in items),
        total=Money(fields.amount(row, "total"), currency),
        buyer=MarketBuyer(name=cells.text(buyer, "name"), email=cells.text(buyer, "mail")),
        recipient=_recipient(buyer),
        ship_by=TimeWindow(latest=cells.instant(row, "leaveBy")),
        deliver_by=TimeWindow(latest=cells.instant(row, "arriveBy")),
        parts=(number,) if fields.flag(row, "awaitsAcceptance") else (),
    )


def _line(row: Any, currency: CurrencyCode, *, cancelled: bool) -> MarketLine:
    pieces, price = fields.count(row, "pieces"), fields.amount(row, "price")
    return MarketLine(
        reference=cells.text(row, "item"),
        sku=Sku(cells.text(row, "sku")),
        quantity=pieces,
        shipped=fields.count(row, "sent"),
        unit_price=Money(price, currency),
        total=Money(price * pieces, currency),
        cancelled=cancelled,
    )


def _recipient(buyer: Mapping[str, Any]) -> Recipient:
    return Recipient(
        name=cells.text(buyer, "name"),
        phone=cells.text(buyer, "phone"),
        address=Address(
            lines=(cells.text(buyer, "street"),),
            postal_code=cells.text(buyer, "zip"),
            city=cells.text(buyer, "town"),
            country=CountryCode(cells.text(buyer, "country")),
        ),
    )


def parcel(told: Parcel) -> Mapping[str, Any]:
    """A parcel as the marketplace takes it."""
    return {
        "carrier": told.carrier_name or told.carrier,
        "tracking": told.tracking,
        "leftAt": told.shipped_at.isoformat(),
        "items": [{"item": one.reference, "pieces": one.quantity} for one in told.lines],
    }


def offer(told: Offer) -> Mapping[str, Any]:
    """An offer as the marketplace takes it: what it does not hold stays as it is."""
    document: dict[str, Any] = {"sku": told.sku}
    if told.quantity is not None:
        document["quantity"] = told.quantity
    if told.price is not None:
        price = {"amount": str(told.price.amount), "currency": told.price.currency}
        document["price"] = price
    return document


def published(row: Any) -> PublishedOffer:
    """What became of an offer."""
    state = OUTCOMES[cells.text(row, "outcome")]
    reason = cells.text(row, "why") if state is OfferState.REFUSED else None
    return PublishedOffer(sku=Sku(cells.text(row, "sku")), state=state, reason=reason)


def listing(row: Any, as_of: datetime) -> Listing:
    """What is listed."""
    price = None if row["price"] is None else fields.part(row, "price")
    return Listing(
        sku=Sku(cells.text(row, "sku")),
        buyable=fields.yes(row, "buyable"),
        quantity=fields.count(row, "quantity"),
        price=None
        if price is None
        else Money(fields.amount(price, "amount"), CurrencyCode(cells.text(price, "currency"))),
        as_of=as_of,
    )


def changed(document: Any) -> tuple[MarketOrderNumber, ...]:
    """The order that a message names."""
    number = document.get("order") if isinstance(document, Mapping) else None
    return (MarketOrderNumber(number),) if isinstance(number, str) and number else ()
