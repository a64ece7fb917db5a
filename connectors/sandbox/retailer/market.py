"""A marketplace that sells for the retailer: others' buyers, its own money, our goods."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.sandbox.retailer.http import Now

UNPAID, OPEN, CANCELLED = "unpaid", "open", "cancelled"
PART_SHIPPED, SHIPPED = "part_shipped", "shipped"
DELIVERY = Decimal("4.90")
LEAVES, ARRIVES = timedelta(days=1), timedelta(days=4)
Row = Mapping[str, Any]


class MarketRefusedError(Exception):
    """The marketplace says no; the message is its word for why."""


@dataclass(slots=True)
class Offer:
    """What is listed of an article."""

    quantity: int = 0
    amount: Decimal | None = None
    currency: str | None = None

    @property
    def buyable(self) -> bool:
        """Whether somebody could buy it now."""
        return self.quantity > 0 and self.amount is not None


@dataclass(slots=True)
class Item:
    """Pieces of an article in an order."""

    no: str
    sku: str
    pieces: int
    price: Decimal
    sent: int = 0


@dataclass(slots=True)
class Order:
    """An order, in the place `change` of the log of what has changed."""

    no: str
    at: datetime
    changed: datetime
    change: int
    buyer: Row
    items: tuple[Item, ...]
    currency: str
    state: str = OPEN
    accepted: bool = False
    parcels: dict[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        """What the buyer pays."""
        return sum((one.price * one.pieces for one in self.items), DELIVERY)


class Market:
    """Its offers and orders; `skus` are the articles of which it has a page."""

    def __init__(self, skus: Iterator[str], now: Now) -> None:
        self._now = now
        self._changes = 0
        self.offers = {sku: Offer() for sku in skus}
        self.orders: dict[str, Order] = {}
        self.published = 0

    def offer(self, sku: str, quantity: int | None, price: tuple[Decimal, str] | None) -> bool:
        """List an article at new figures; False where there is no page of it."""
        if (known := self.offers.get(sku)) is None:
            return False
        self.published += 1
        if quantity is not None:
            known.quantity = quantity
        if price is not None:
            known.amount, known.currency = price
        return True

    def buy(self, wanted: Mapping[str, int], buyer: Row, *, paid: bool = True) -> Order:
        """An order of somebody, as long as all of it is listed."""
        for sku, pieces in wanted.items():
            known = self.offers.get(sku)
            if known is None or not known.buyable or not 1 <= pieces <= known.quantity:
                raise MarketRefusedError("sold_out")
        items = []
        for place, (sku, pieces) in enumerate(wanted.items()):
            offer = self.offers[sku]
            offer.quantity -= pieces
            items.append(Item(str(place + 1), sku, pieces, offer.amount or Decimal(0)))
        currency = self.offers[next(iter(wanted))].currency or "EUR"
        no, now = f"M-{700_000 + len(self.orders) + 1}", self._now()
        state = OPEN if paid else UNPAID
        order = Order(no, now, now, 0, buyer, tuple(items), currency, state)
        self.orders[no] = order
        return self._changed(order)

    def pay(self, no: str) -> Order:
        """The buyer pays."""
        order = self._found(no)
        if order.state == UNPAID:
            order.state = OPEN
            self._changed(order)
        return order

    def cancel(self, no: str) -> Order:
        """The buyer does not want it any more."""
        order = self._found(no)
        if order.state not in {UNPAID, OPEN}:
            raise MarketRefusedError("too_late")
        order.state = CANCELLED
        return self._changed(order)

    def accept(self, no: str) -> Order:
        """The retailer has it."""
        order = self._found(no)
        if order.state == CANCELLED:
            raise MarketRefusedError("cancelled")
        if not order.accepted:
            order.accepted = True
            self._changed(order)
        return order

    def send(self, no: str, key: str, pieces: Mapping[str, int]) -> Order:
        """A parcel has left; one that is known is left as it is."""
        order = self._found(no)
        if key in order.parcels:
            return order
        items = {one.no: one for one in order.items}
        for item, count in pieces.items():
            if item not in items or not 1 <= count <= items[item].pieces - items[item].sent:
                raise MarketRefusedError("bad_parcel")
        if order.state not in {OPEN, PART_SHIPPED}:
            raise MarketRefusedError("bad_parcel")
        for item, count in pieces.items():
            items[item].sent += count
        order.parcels[key] = dict(pieces)
        whole = all(one.sent == one.pieces for one in order.items)
        order.state = SHIPPED if whole else PART_SHIPPED
        return self._changed(order)

    def since(self, change: int, most: int) -> tuple[list[Order], int, bool]:
        """Orders that changed after a place of the log, where to go on, and whether to do so."""
        if not 0 <= change <= self._changes:
            raise MarketRefusedError("bad_since")
        later = sorted(
            (one for one in self.orders.values() if one.change > change),
            key=lambda one: one.change,
        )
        told = later[:most]
        return told, told[-1].change if told else change, len(later) > most

    def _found(self, no: str) -> Order:
        if (order := self.orders.get(no)) is None:
            raise MarketRefusedError("unknown_order")
        return order

    def _changed(self, order: Order) -> Order:
        self._changes += 1
        order.change, order.changed = self._changes, self._now()
        return order
