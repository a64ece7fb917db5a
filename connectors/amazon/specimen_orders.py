"""The orders of the seller in miniature, and the shipments that Amazon planned for one of them."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from connectors.amazon.specimen_desk import (
    CONFLICT,
    FORBIDDEN,
    NOT_FOUND,
    Json,
    Mark,
    Query,
    RefusedError,
    cut,
    stamp,
)

ITALY, FRANCE = "APJ6JRA9NG5V4", "A13V1IB3VIYZZH"
SECTIONS = {
    "BUYER": "buyer",
    "RECIPIENT": "recipient",
    "PROCEEDS": "proceeds",
    "FULFILLMENT": "fulfillment",
    "PACKAGES": "packages",
    "FULFILLMENT_ORDERS": "fulfillmentOrders",
}
OF_ITEMS = {"PROCEEDS": "proceeds", "CANCELLATION": "cancellation", "FULFILLMENT": "fulfillment"}
PEOPLE = frozenset({"BUYER", "RECIPIENT"})
OPEN, MIXED, PLANNED = "402-1000001-0000001", "402-1000002-0000002", "402-1000003-0000003"
PENDING, CANCELLED = "402-1000004-0000004", "402-1000005-0000005"
SHIPMENT = "D1px1063T"
MOST_PER_PAGE = 100
REQUIREMENTS = (
    "serialNumberRequirement",
    "hazmatLabelsRequirement",
    "countryOfOriginRequirement",
    "itemValueRequirement",
)
LEAST_AGE = timedelta(minutes=2)
PRIVATE = ("Chiara Esempio", "Via Inventata 7", "+39 055 0100")


def euros(amount: str) -> Json:
    """An amount."""
    return {"amount": amount, "currencyCode": "EUR"}


def item(own: str, sku: str, quantity: int, price: str | None, **told: Any) -> Json:
    """A line of an order."""
    priced = {} if price is None else {"price": {"unitPrice": euros(price)}}
    paid = {} if price is None else {"proceeds": {"proceedsTotal": euros(price)}}
    return {
        "orderItemId": own,
        "quantityOrdered": quantity,
        "product": {"asin": "B000000001", "title": "Goods", "sellerSku": sku, **priced},
        "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": quantity},
        **paid,
        **told,
    }


def order(own: str, at: str, status: str, items: list[Json], **told: Any) -> Json:
    """An order of a buyer who lives nowhere."""
    return {
        "orderId": own,
        "createdTime": "2025-06-01T08:00:00.000Z",
        "lastUpdatedTime": at,
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": ITALY},
        "buyer": {"buyerName": PRIVATE[0], "buyerEmail": "x7q@marketplace.example"},
        "recipient": {
            "deliveryAddress": {
                "name": PRIVATE[0],
                "addressLine1": PRIVATE[1],
                "addressLine2": "",
                "city": "Firenze",
                "postalCode": "50100",
                "countryCode": "IT",
                "phone": PRIVATE[2],
            }
        },
        "proceeds": {"grandTotal": euros("45.00")},
        "fulfillment": {
            "fulfillmentStatus": status,
            "fulfilledBy": "MERCHANT",
            "shipByWindow": {
                "earliestDateTime": "2025-06-02T06:00:00Z",
                "latestDateTime": "2025-06-03T21:59:59Z",
            },
        },
        "orderItems": items,
        **told,
    }


# In no order of time, as none is promised.
ORDERS: tuple[Json, ...] = (
    order(
        PLANNED,
        "2025-06-03T10:00:00.000Z",
        "UNSHIPPED",
        [item("31", "BOTTLE", 1, "15.00")],
        fulfillmentOrders=[{"fulfillmentOrderId": SHIPMENT}],
    ),
    order(
        OPEN,
        "2025-06-01T08:30:00.000Z",
        "UNSHIPPED",
        [item("11", "TRAIL-42", 2, "89.90"), item("12", "BOTTLE", 1, "15.00")],
    ),
    order(
        CANCELLED,
        "2025-06-05T10:00:00.000Z",
        "CANCELLED",
        [
            item(
                "51",
                "ROPE-M",
                0,
                None,
                cancellation={"cancellationExecution": {"cancelledBy": "BUYER"}},
            )
        ],
    ),
    order(
        MIXED,
        "2025-06-02T09:00:00.000Z",
        "UNSHIPPED",
        [
            item("21", "ROPE-M", 3, "12.80"),
            item(
                "22",
                "BOTTLE",
                1,
                "15.00",
                cancellation={"cancellationRequest": {"requester": "BUYER"}},
            ),
        ],
    ),
    order(PENDING, "2025-06-04T10:00:00.000Z", "PENDING", [item("41", "TRAIL-42", 1, None)]),
)


def shipment(own: str, of: str) -> Json:
    """A shipment that waits for the seller's word."""
    sum_ = {"value": "15.00", "currencyCode": "EUR"}
    charge = {"baseAmount": sum_, "discountAmount": sum_, "netAmount": sum_}
    charges = [
        {
            "chargeType": "TOTAL",
            "baseCharge": charge,
            "totalCharge": charge,
            "totalTax": {"charge": charge},
        }
    ]
    line = {
        "shipmentLineItemId": "1",
        "merchantSku": "BOTTLE",
        "numberOfUnits": 1,
        "charges": charges,
        "complianceAttributes": dict.fromkeys(REQUIREMENTS, "DISALLOWED"),
    }
    return {
        "id": own,
        "locationId": "FIRENZE",
        "marketplaceAttributes": {"marketplaceId": ITALY, "channelName": "MFN"},
        "shipmentInfo": {
            "shipmentType": "NEW",
            "numberOfUnits": 1,
            "priority": "LOW",
            "buyerOrderId": of,
        },
        "shipmentRequirements": {"pSlip": {}, "invoice": {}},
        "charges": charges,
        "status": "ACCEPTED",
        "lineItems": [line],
        "shippingInfo": {"expectedShippingDateTimeInUTC": "2025-06-03T12:00:00.000Z"},
        "creationDateTime": "2025-06-02T12:00:00.000Z",
        "lastUpdatedDateTime": "2025-06-02T12:00:00.000Z",
    }


class TinyOrders:
    """Answers about orders.

    `people`: the application has the roles for buyers and recipients. `tells_the_end`: answers say
    until when they looked. `refuses` is a shipment that takes no word.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.people = True
        self.tells_the_end = True
        self.forgets_tokens = False
        self.refuses: str | None = None
        self.orders: dict[str, Json] = {one["orderId"]: one for one in deepcopy(ORDERS)}
        self.shipments: dict[str, Json] = {SHIPMENT: shipment(SHIPMENT, PLANNED)}

    def search(self, query: Query, _body: Json | None) -> Json:
        """`searchOrders`."""
        self._allowed(query)
        asked = {name: value for name, value in query.items() if name != "paginationToken"}
        after, before = self._between(query)
        mark = Mark(before)
        if (token := query.get("paginationToken")) is not None:
            if self.forgets_tokens:
                raise RefusedError("InvalidInput")
            mark = Mark.of(token, asked)
        size = int(query.get("maxResultsPerPage", MOST_PER_PAGE))
        if not 1 <= size <= MOST_PER_PAGE:
            raise RefusedError("InvalidInput")
        marketplaces = query.get("marketplaceIds", f"{ITALY},{FRANCE}").split(",")
        found = [
            one
            for one in self.orders.values()
            if after <= datetime.fromisoformat(one["lastUpdatedTime"]) <= mark.until
            and one["salesChannel"]["marketplaceId"] in marketplaces
            and one["fulfillment"]["fulfilledBy"] in query.get("fulfilledBy", "AMAZON,MERCHANT")
        ]
        page, more = cut(found, mark, size)
        told: Json = {"orders": [_shown(one, query) for one in page]}
        if self.tells_the_end:
            told["lastUpdatedBefore"] = stamp(mark.until)
        return told if more is None else {**told, "pagination": {"nextToken": more.token(asked)}}

    def one(self, query: Query, _body: Json | None, own: str) -> Json:
        """`getOrder`."""
        self._allowed(query)
        return {"order": _shown(self._known(own), query)}

    def confirm(self, _query: Query, body: Json | None, own: str) -> None:
        """`confirmShipment`: a package of the same name is changed, another one is added."""
        known, detail = self._known(own), (body or {})["packageDetail"]
        if (body or {})["marketplaceId"] != known["salesChannel"]["marketplaceId"]:
            raise RefusedError("InvalidInput")
        reference = detail["packageReferenceId"]
        if not reference.isdigit() or int(reference) < 1:
            raise RefusedError("InvalidInput")
        others = [
            one for one in known.get("packages", ()) if one["packageReferenceId"] != reference
        ]
        package = {
            "packageReferenceId": reference,
            "carrier": detail["carrierCode"],
            "trackingNumber": detail["trackingNumber"],
            "shipTime": detail["shipDate"],
            "packageItems": detail["orderItems"],
        }
        left = {
            one["orderItemId"]: _left(one["orderItemId"], [*others, package])
            for one in _items(known)
        }
        named = {one["orderItemId"] for one in detail["orderItems"]}
        if not named or named - left.keys():
            raise RefusedError("InvalidInput")
        if any(left[one["orderItemId"]] > one["quantityOrdered"] for one in _items(known)):
            raise RefusedError("InvalidInput")
        self._ship(known, [*others, package], left)

    def _ship(self, known: Json, packages: list[Json], left: dict[str, int]) -> None:
        for one in _items(known):
            shipped = left[one["orderItemId"]]
            rest = one["quantityOrdered"] - shipped
            one["fulfillment"] = {"quantityFulfilled": shipped, "quantityUnfulfilled": rest}
        waiting = any(one["fulfillment"]["quantityUnfulfilled"] for one in _items(known))
        known["packages"] = packages
        known["fulfillment"]["fulfillmentStatus"] = "PARTIALLY_SHIPPED" if waiting else "SHIPPED"
        known["lastUpdatedTime"] = stamp(self._clock())

    def shipment(self, _query: Query, _body: Json | None, own: str) -> Json:
        """`getShipment`."""
        if own not in self.shipments:
            raise RefusedError("NotFound", status=NOT_FOUND)
        return self.shipments[own]

    def process(self, query: Query, _body: Json | None, own: str) -> None:
        """`processShipment`: a word that was given cannot be given again."""
        found = self.shipment(query, None, own)
        if query["operation"] != "CONFIRM":
            raise RefusedError("InvalidInput")
        if own == self.refuses or found["status"] not in {"CREATED", "ACCEPTED"}:
            raise RefusedError("Conflict", status=CONFLICT)
        found["status"] = "CONFIRMED"

    def held(self) -> list[tuple[str, Any]]:
        """Every parcel with its units by line, and every word that was given."""
        parcels = [
            (own, {one["orderItemId"]: one["quantity"] for one in package["packageItems"]})
            for own, known in self.orders.items()
            for package in known.get("packages", ())
        ]
        words = [
            (one["shipmentInfo"]["buyerOrderId"], "ACKNOWLEDGED")
            for one in self.shipments.values()
            if one["status"] == "CONFIRMED"
        ]
        return [*parcels, *words]

    def _known(self, own: str) -> Json:
        if own not in self.orders:
            raise RefusedError("NotFound", status=NOT_FOUND)
        return self.orders[own]

    def _allowed(self, query: Query) -> None:
        asked = set(query.get("includedData", "").split(","))
        if asked & PEOPLE and not self.people:
            raise RefusedError("Unauthorized", status=FORBIDDEN)

    def _between(self, query: Query) -> tuple[datetime, datetime]:
        if "lastUpdatedAfter" not in query or "createdAfter" in query:
            raise RefusedError("InvalidInput")
        after = datetime.fromisoformat(query["lastUpdatedAfter"])
        latest = self._clock() - LEAST_AGE
        said = query.get("lastUpdatedBefore")
        before = latest if said is None else datetime.fromisoformat(said)
        if before < after or before > latest:
            raise RefusedError("InvalidInput")
        return after, before


def _items(known: Json) -> list[Json]:
    items: list[Json] = known["orderItems"]
    return items


def _left(own: str, packages: list[Json]) -> int:
    lines = (one for package in packages for one in package["packageItems"])
    return sum(int(one["quantity"]) for one in lines if one["orderItemId"] == own)


def _shown(known: Json, query: Query) -> Json:
    """An order with the sections that were asked for."""
    asked = set(query.get("includedData", "").split(","))
    hidden = {name for section, name in SECTIONS.items() if section not in asked}
    hidden_of_items = {name for section, name in OF_ITEMS.items() if section not in asked}
    told = {name: value for name, value in known.items() if name not in hidden}
    told["orderItems"] = [
        {name: value for name, value in one.items() if name not in hidden_of_items}
        for one in _items(known)
    ]
    return told
