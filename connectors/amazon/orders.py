"""Which orders did the seller's marketplaces take, and what are they told of them?

Amazon lists the orders that last changed in a time, in no order that it promises. So a cursor is a
closed stretch of time and how far it has been read: nothing that comes to be known later falls into
a stretch that was already told. An order that changes meanwhile is told with the next one.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson

from app.errors import (
    InvalidInputError,
    UpstreamBroken,
    UpstreamError,
    UpstreamRefused,
    UpstreamUnavailable,
)
from app.ports import (
    Acknowledgement,
    Answer,
    MarketOrder,
    MarketOrderNumber,
    MarketOrderPage,
    MarketReceipt,
    Parcel,
    Wiring,
)
from connectors.amazon import mapping
from connectors.amazon.api import Api, Call, Reply, understood
from connectors.amazon.quota import Plan
from connectors.amazon.settings import Orders
from connectors.kit.cells import instant
from connectors.kit.rows import answer, merged

PAGE = 100  # orders, the most that Amazon gives at once
SETTLED = timedelta(minutes=2, seconds=15)  # where Amazon does not say what it has looked at
TOKENS_LAST = timedelta(hours=1)  # a token that is refused later is taken to have ended
NOT_FOUND, BAD_REQUEST = 404, 400
ABOUT = ("FULFILLMENT", "PROCEEDS", "CANCELLATION", "FULFILLMENT_ORDERS")
PEOPLE = ("BUYER", "RECIPIENT")
UNCONFIRMED = frozenset({"CREATED", "ACCEPTED"})
CONFIRMED = frozenset(
    {
        "CONFIRMED",
        "PACKAGE_CREATED",
        "PICKUP_SLOT_RETRIEVED",
        "INVOICE_GENERATED",
        "SHIPLABEL_GENERATED",
        "SHIPPED",
        "DELIVERED",
    }
)
STATES = UNCONFIRMED | CONFIRMED | {"CANCELLED"}
OF_ORDERS = "/orders/2026-01-01/orders"
SEARCH = Call(operation="search-orders", method="GET", path=OF_ORDERS, plan=Plan(0.0056, 20))
ORDER = Call(operation="order", method="GET", path=OF_ORDERS + "/{order}", plan=Plan(0.5, 30))
CONFIRM_SHIPMENT = Call(
    operation="confirm-shipment",
    method="POST",
    path="/orders/v0/orders/{order}/shipmentConfirmation",
    plan=Plan(2, 10),
    safe=False,
    bare=True,
)
UNSTATED = Plan(2, 5)  # the models of external fulfilment state none
OF_SHIPMENTS = "/externalFulfillment/2024-09-11/shipments/{shipment}"
SHIPMENT = Call(operation="shipment", method="GET", path=OF_SHIPMENTS, plan=UNSTATED)
PROCESS_SHIPMENT = Call(
    operation="process-shipment",
    method="POST",
    path=OF_SHIPMENTS,
    plan=UNSTATED,
    safe=False,
    bare=True,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of time, and how far it has been read.

    Without `until` the stretch is still to be closed, by the first answer. `skip` orders have been
    told of the page that `token` asks for, `size` long.
    """

    after: datetime
    until: datetime | None = None
    token: str | None = None
    size: int = PAGE
    skip: int = 0

    @classmethod
    def of(cls, cursor: str) -> "Place":
        """The place of a cursor.

        Raises:
            InvalidInputError: it is none of these orders.
        """
        try:
            found = cls(*_place(orjson.loads(base64.urlsafe_b64decode(cursor))))
        except (binascii.Error, TypeError, ValueError):
            raise InvalidInputError(
                "after is not a cursor of these orders", argument="after"
            ) from None
        return found

    def cursor(self) -> str:
        """The cursor of the place."""
        told = [self.after, self.until, self.token, self.size, self.skip]
        return base64.urlsafe_b64encode(orjson.dumps(told)).decode()

    def behind(self, told: int, there: int, token: str | None) -> "Place":
        """The place after `told` more orders of a page of `there`."""
        if (skip := self.skip + told) < there:
            return Place(self.after, self.until, self.token, self.size, skip)
        if token is not None:
            return Place(self.after, self.until, token, self.size)
        return Place(self.until or self.after)


def _place(told: Any) -> tuple[datetime, datetime | None, str | None, int, int]:
    after, until, token, size, skip = told
    sound = isinstance(token, str | None) and type(size) is int and type(skip) is int
    if not sound or not 1 <= size <= PAGE or skip < 0:
        raise ValueError("not a place")
    return _instant(after), None if until is None else _instant(until), token, size, skip


def _instant(said: Any) -> datetime:
    found = datetime.fromisoformat(said)
    if found.utcoffset() is None:
        raise ValueError("has no offset")
    return found


class MarketOrders:
    """Fulfils `OrderSource`."""

    def __init__(self, settings: Orders, wiring: Wiring, api: Api) -> None:
        self._settings = settings
        self._api = api
        self._now = wiring.now
        self._about = ",".join((*ABOUT, *(PEOPLE if settings.people else ())))

    async def orders(self, after: str | None, *, first: int) -> MarketOrderPage:
        """See `OrderSource`."""
        place = Place(self._settings.since) if after is None else Place.of(after)
        if place.until is None:
            place = Place(place.after, size=min(first, PAGE))
        try:
            reply = await self._page(place)
        except UpstreamRefused as error:
            if not self._has_ended(place, error):
                raise
            place = Place(place.after, size=min(first, PAGE))
            reply = await self._page(place)
        if place.until is None:
            place = replace(place, until=max(_closed(reply), place.after))
        return _told(reply, place, first)

    async def numbered(self, numbers: Collection[MarketOrderNumber]) -> Answer[MarketOrder]:
        """See `OrderSource`."""
        answers = []
        for number in dict.fromkeys(numbers):
            try:
                reply = await self._order(number, self._about)
            except UpstreamRefused as error:
                if error.status != NOT_FOUND:
                    raise
                continue
            asked_for = partial(_asked_for, number)
            read = answer([_one(reply)], asked_for, as_of=reply.as_of, reference=_number)
            answers.append(read)
        return merged(answers, key=lambda order: order.number, as_of=self._now())

    async def confirm_shipment(self, parcel: Parcel) -> MarketReceipt:
        """See `OrderSource`."""
        reference = mapping.package_reference(parcel.key)
        receipt = MarketReceipt(key=parcel.key, order=parcel.order, reference=reference)
        row = _one(await self._order(parcel.order, "PACKAGES,FULFILLMENT_ORDERS"))
        known, parts, marketplace = _understood(row)
        if reference in known:
            return receipt
        if parts:
            raise UpstreamRefused("takes parcels of this order by its external fulfilment alone")

        async def is_known() -> bool:
            again = await self._order(parcel.order, "PACKAGES,FULFILLMENT_ORDERS")
            return reference in _understood(_one(again))[0]

        told = self._api.send(
            CONFIRM_SHIPMENT,
            ids={"order": parcel.order},
            body=mapping.confirmation(parcel, marketplace),
        )
        await _settled(told, is_known)
        return receipt

    async def acknowledge(self, acknowledgement: Acknowledgement) -> MarketReceipt:
        """See `OrderSource`."""
        row = _one(await self._order(acknowledgement.order, "FULFILLMENT_ORDERS"))
        _, parts, _ = _understood(row)
        states = {part: await self._state(part) for part in parts}
        if "CANCELLED" in states.values():
            raise UpstreamRefused("has cancelled a shipment of this order")
        written = False
        for part in (part for part, state in states.items() if state in UNCONFIRMED):
            try:
                await self._confirm(part)
            except UpstreamError as error:
                if written:
                    said = "took our word for a part of the order, and not for another"
                    raise UpstreamUnavailable(said) from error
                raise
            written = True
        return MarketReceipt(key=acknowledgement.key, order=acknowledgement.order)

    def changed_orders(self, body: bytes) -> Collection[MarketOrderNumber]:
        """See `OrderNews`."""
        try:
            number = mapping.changed_order(orjson.loads(body))
        except (LookupError, TypeError, ValueError):  # it says no order that we could read
            return ()
        return () if number is None else (number,)

    async def _confirm(self, part: str) -> None:
        async def is_known() -> bool:
            return await self._state(part) in CONFIRMED

        confirm = [("operation", "CONFIRM")]
        told = self._api.send(PROCESS_SHIPMENT, ids={"shipment": part}, query=confirm)
        await _settled(told, is_known)

    async def _state(self, part: str) -> str:
        reply = await self._api.send(SHIPMENT, ids={"shipment": part})
        state = reply.body.get("status")
        if not isinstance(state, str) or state not in STATES:
            raise UpstreamBroken("answered shipment without a status that is known")
        return state

    async def _page(self, place: Place) -> Reply:
        query = [
            ("lastUpdatedAfter", mapping.stamp(place.after)),
            ("marketplaceIds", ",".join(self._settings.marketplaces)),
            ("fulfilledBy", "MERCHANT"),
            ("maxResultsPerPage", str(place.size)),
            ("includedData", self._about),
        ]
        if place.token is None and place.until is not None:
            query.append(("lastUpdatedBefore", mapping.stamp(place.until)))
        if place.token is not None:
            query.append(("paginationToken", place.token))
        return await self._api.send(SEARCH, query=query)

    async def _order(self, number: MarketOrderNumber, about: str) -> Reply:
        return await self._api.send(ORDER, ids={"order": number}, query=[("includedData", about)])

    def _has_ended(self, place: Place, error: UpstreamRefused) -> bool:
        """Whether the token of a place is one that Amazon has forgotten."""
        if place.token is None or place.until is None or error.status != BAD_REQUEST:
            return False
        return self._now() - place.until > TOKENS_LAST


async def _settled(write: Awaitable[Reply], is_known: Callable[[], Awaitable[bool]]) -> None:
    """A write that was refused because it had happened before, such as one that came twice, did.

    Raises:
        UpstreamUnavailable: whether it had happened cannot be learnt; else as the write.
    """
    try:
        await write
    except UpstreamRefused as refused:
        try:
            known = await is_known()
        except UpstreamRefused:
            raise refused from None
        except UpstreamError as error:
            raise UpstreamUnavailable("does not say whether a refused write was known") from error
        if not known:
            raise


def _closed(reply: Reply) -> datetime:
    """Until when the orders of an answer are all that there are, by Amazon's clock."""
    if reply.body.get("lastUpdatedBefore") is None:
        return reply.as_of - SETTLED
    return understood(reply.body, lambda body: instant(body, "lastUpdatedBefore"), "end")


def _told(reply: Reply, place: Place, first: int) -> MarketOrderPage:
    rows = list(_distinct(reply.rows("orders")))
    token = reply.next_page()
    if token is not None and token == place.token:
        raise UpstreamBroken("the pages of search-orders do not end")
    told = rows[place.skip : place.skip + first]
    read = answer(told, mapping.order, as_of=reply.as_of, reference=_number)
    after = place.behind(len(told), len(rows), token)
    return MarketOrderPage(
        orders=read.rows,
        cursor=after.cursor(),
        more=after.until is not None,
        as_of=reply.as_of,
        rejected=read.rejected,
    )


def _distinct(rows: list[Any]) -> Iterator[Any]:
    """The rows, each order once."""
    seen = set()
    for row in rows:
        number = row.get("orderId") if isinstance(row, dict) else None
        if not isinstance(number, str) or number not in seen:
            yield row
        if isinstance(number, str):
            seen.add(number)


def _one(reply: Reply) -> Any:
    row = reply.body.get("order")
    if not isinstance(row, dict):
        raise UpstreamBroken("answered order without one")
    return row


def _number(row: Any) -> object:
    return row["orderId"]


def _asked_for(number: MarketOrderNumber, row: Any) -> MarketOrder:
    found = mapping.order(row)
    if found.number != number:
        raise ValueError("orderId: is another order")
    return found


def _understood(row: Any) -> tuple[frozenset[str], tuple[str, ...], str]:
    """The parcels, the parts and the marketplace of an order.

    Raises:
        UpstreamBroken: it is not what the contract says.
    """
    return understood(
        row,
        lambda row: (mapping.packages(row), mapping.parts(row), mapping.marketplace(row)),
        "order",
    )
