"""What do Amazon's words about orders mean in ours?"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from app.ports import (
    Address,
    MarketBuyer,
    MarketLine,
    MarketOrder,
    MarketOrderNumber,
    MarketOrderStatus,
    MarketWriteKey,
    Parcel,
    Recipient,
    TimeWindow,
    Withheld,
)
from app.values import CountryCode, CurrencyCode, Money, Sku
from connectors.amazon.optional import (
    Row,
    each_once,
    maybe,
    maybe_thing,
    maybe_things,
    said,
    thing,
    things,
)
from connectors.kit.cells import exact, instant, text, whole

PACKAGES = 2_147_483_647  # names that a parcel can have: positive numbers
STATUSES = {
    "PENDING_AVAILABILITY": MarketOrderStatus.PENDING,
    "PENDING": MarketOrderStatus.PENDING,
    "UNSHIPPED": MarketOrderStatus.OPEN,
    "PARTIALLY_SHIPPED": MarketOrderStatus.PARTLY_SHIPPED,
    "SHIPPED": MarketOrderStatus.SHIPPED,
    "CANCELLED": MarketOrderStatus.CANCELLED,
    "UNFULFILLABLE": MarketOrderStatus.CANCELLED,
}
ADDRESS_LINES = ("addressLine1", "addressLine2", "addressLine3")


def order(row: Row) -> MarketOrder:
    """An order with all that it has."""
    fulfilment = thing(row, "fulfillment")
    channel, proceeds = thing(row, "salesChannel"), maybe_thing(row, "proceeds")
    lines = tuple(map(_line, each_once(things(row, "orderItems"), "orderItemId")))
    if not lines:
        raise ValueError("orderItems: there are none")
    total = None if proceeds is None else maybe(proceeds, "grandTotal", money)
    buyer, recipient = maybe(row, "buyer", _buyer), _recipient(row)
    return MarketOrder(
        number=MarketOrderNumber(text(row, "orderId")),
        marketplace=maybe(channel, "marketplaceId", text),
        placed_at=instant(row, "createdTime"),
        changed_at=instant(row, "lastUpdatedTime"),
        status=STATUSES[text(fulfilment, "fulfillmentStatus")],
        lines=lines,
        total=total,
        buyer=buyer,
        recipient=recipient,
        ship_by=maybe(fulfilment, "shipByWindow", _window) or TimeWindow(),
        deliver_by=maybe(fulfilment, "deliverByWindow", _window) or TimeWindow(),
        parts=parts(row),
        withheld=frozenset(_withheld(buyer, recipient, lines)),
    )


def parts(row: Row) -> tuple[str, ...]:
    """The names of the shipments that Amazon planned for an order."""
    planned = each_once(maybe_things(row, "fulfillmentOrders"), "fulfillmentOrderId")
    return tuple(text(one, "fulfillmentOrderId") for one in planned)


def packages(row: Row) -> frozenset[str]:
    """The names of the parcels that Amazon knows of an order."""
    known = maybe_things(row, "packages")
    return frozenset(text(one, "packageReferenceId") for one in known)


def marketplace(row: Row) -> str:
    """The store that an order came by."""
    return text(thing(row, "salesChannel"), "marketplaceId")


def _withheld(
    buyer: MarketBuyer | None, recipient: Recipient | None, lines: Iterable[MarketLine]
) -> Iterable[Withheld]:
    if buyer is None:
        yield Withheld.BUYER
    if recipient is None:
        yield Withheld.RECIPIENT
    if any(line.unit_price is None for line in lines):
        yield Withheld.PRICES


def _line(row: Row) -> MarketLine:
    product, shipping = thing(row, "product"), maybe_thing(row, "fulfillment") or {}
    price, paid = maybe_thing(product, "price"), maybe_thing(row, "proceeds")
    cancelling = maybe_thing(row, "cancellation") or {}
    return MarketLine(
        reference=text(row, "orderItemId"),
        sku=Sku(text(product, "sellerSku")),
        quantity=count(row, "quantityOrdered"),
        shipped=maybe(shipping, "quantityFulfilled", count) or 0,
        unit_price=None if price is None else maybe(price, "unitPrice", money),
        total=None if paid is None else maybe(paid, "proceedsTotal", money),
        cancelled=maybe_thing(cancelling, "cancellationExecution") is not None,
        cancel_asked=maybe_thing(cancelling, "cancellationRequest") is not None,
    )


def count(row: Row, name: str) -> int:
    """So many, or none."""
    found = whole(row, name)
    if found < 0:
        raise ValueError(f"{name}: is below none")
    return found


def money(row: Row, name: str) -> Money:
    """An amount of money."""
    told = thing(row, name)
    return Money(exact(told, "amount"), CurrencyCode(text(told, "currencyCode")))


def _window(row: Row, name: str) -> TimeWindow:
    told = thing(row, name)
    return TimeWindow(
        earliest=maybe(told, "earliestDateTime", instant),
        latest=maybe(told, "latestDateTime", instant),
    )


def _buyer(row: Row, name: str) -> MarketBuyer | None:
    told = thing(row, name)
    buyer = MarketBuyer(name=said(told, "buyerName"), email=said(told, "buyerEmail"))
    return buyer if buyer != MarketBuyer() else None


def _recipient(row: Row) -> Recipient | None:
    told = maybe_thing(row, "recipient") or {}
    place = maybe_thing(told, "deliveryAddress")
    if place is None:
        return None
    country = said(place, "countryCode")
    address = Address(
        lines=tuple(line for name in ADDRESS_LINES if (line := said(place, name))),
        postal_code=said(place, "postalCode"),
        city=said(place, "city"),
        region=said(place, "stateOrRegion"),
        country=None if country is None else CountryCode(country),
    )
    return Recipient(name=said(place, "name"), phone=said(place, "phone"), address=address)


def package_reference(key: MarketWriteKey) -> str:
    """The name of a parcel: the same for the same key, a positive number as Amazon wants it."""
    number = int.from_bytes(sha256(key.encode()).digest()[:8])
    return str(1 + number % PACKAGES)


def confirmation(parcel: Parcel, marketplace: str) -> dict[str, Any]:
    """A parcel as Amazon wants to be told of it."""
    named = {"carrierName": parcel.carrier_name, "shippingMethod": parcel.service}
    return {
        "marketplaceId": marketplace,
        "packageDetail": {
            "packageReferenceId": package_reference(parcel.key),
            "carrierCode": parcel.carrier,
            "trackingNumber": parcel.tracking,
            "shipDate": stamp(parcel.shipped_at),
            "orderItems": [
                {"orderItemId": line.reference, "quantity": line.quantity} for line in parcel.lines
            ],
            **{name: value for name, value in named.items() if value is not None},
        },
    }


def stamp(at: datetime) -> str:
    """An instant as Amazon writes it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def changed_order(document: Any) -> MarketOrderNumber | None:
    """The order that a notification is about; None where it is about something else.

    Notifications tell that something changed; what, is read from the order itself.

    Raises:
        LookupError, TypeError, ValueError: it says that it is about an order, and is not sound.
    """
    if not isinstance(document, Mapping) or document.get("NotificationType") != "ORDER_CHANGE":
        return None
    change = thing(thing(document, "Payload"), "OrderChangeNotification")
    return MarketOrderNumber(text(change, "AmazonOrderId"))
