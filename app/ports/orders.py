"""Orders: who carries them out, and what became of the ones that were handed over?

A write may happen and its answer be lost. So every write about an order carries its key, and what
an error says is law: after `UpstreamRefused`, `UpstreamUnauthorized` and `UpstreamThrottled` the
write *did not happen*; after `UpstreamUnavailable` and `UpstreamBroken` it is *unknown whether it
happened*, and `placed` is asked. Whoever writes again writes with the same key: the upstream has
one order, whatever was lost, repeated or ended in between.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType, Protocol, runtime_checkable

from app.ports.answer import Answer
from app.ports.catalog import BundleComponent
from app.ports.locations import Address
from app.values import (
    ChannelCode,
    Discount,
    FulfilmentMethod,
    LocationCode,
    Money,
    Sku,
    minor_unit,
    rounded,
)

OrderKey = NewType("OrderKey", str)
"""Our key of one order, or of the part that is handed over here: the same for every write about it;
letters, digits and hyphens."""


class OrderStatus(StrEnum):
    """What an upstream has made of an order; what it has only begun to take it does not know."""

    ACCEPTED = "ACCEPTED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Whom to ask and to tell. Personal data: it stays out of messages, logs and traces."""

    name: str
    email: str
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldLine:
    """Units of one SKU out of one location, at the price that was agreed for one unit.

    `discounts` are what was taken off all its units together, each with the rule that took it;
    `total` is what the buyer pays for the line, exact. Where a system knows prices of units alone,
    `lots` are so many units at so much each that they make up the total. A `price_list` said the
    price instead of its owner.

    A bundle is one line: its price is its own, and its `components` are what has to leave the
    shelf. A sink that does not know the bundle hands on the components.
    """

    sku: Sku
    quantity: int
    unit_price: Money
    location: LocationCode
    components: tuple[BundleComponent, ...] = ()
    discounts: tuple[Discount, ...] = ()
    price_list: str | None = None

    @property
    def total(self) -> Money:
        """What the buyer pays for it."""
        off = sum((one.amount.amount for one in self.discounts), Decimal(0))
        whole = rounded(self.unit_price, self.quantity)
        return Money(whole.amount - off, whole.currency)

    @property
    def lots(self) -> tuple[tuple[int, Money], ...]:
        """Units and what each of them costs: without a discount all the same."""
        if not self.discounts:
            return ((self.quantity, self.unit_price),)
        unit = minor_unit(self.unit_price.currency)
        each, more = divmod(int(self.total.amount / unit), self.quantity)
        lots = ((more, each + 1), (self.quantity - more, each))
        currency = self.unit_price.currency
        return tuple((units, Money(cost * unit, currency)) for units, cost in lots if units)

    @property
    def taken(self) -> Iterator[tuple[Sku, int]]:
        """Units that leave the shelf."""
        if not self.components:
            yield self.sku, self.quantity
        for one in self.components:
            yield one.sku, one.quantity * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """When the goods are to arrive, or to be ready."""

    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldOrder:
    """An order as it was agreed, or that part of it which one upstream carries out.

    Every line has its own pair of SKU and location. `address` is None where the buyer comes to
    fetch. `delivery` is what the buyer pays for the way; `total` is all the buyer pays for what is
    handed over here. All amounts are in one currency and include what tax the prices include.
    """

    key: OrderKey
    placed_at: datetime
    channel: ChannelCode
    lines: tuple[SoldLine, ...]
    buyer: Buyer
    method: FulfilmentMethod
    address: Address | None = None
    promised: Promised | None = None
    delivery: Money
    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamOrder:
    """An order as the upstream knows it; `reference` is its own name for it.

    `total` is what the upstream itself says the buyer pays; None where it does not say.
    """

    key: OrderKey
    reference: str
    status: OrderStatus
    total: Money | None = None


@runtime_checkable
class OrderSink(Protocol):
    """Carries orders out, and takes their goods off its stock."""

    async def hand_over(self, order: SoldOrder) -> UpstreamOrder:
        """Have the order carried out; one that is known by this key is told as it stands.

        An order is taken whole or not at all. One that was cancelled stays cancelled.

        Raises:
            UpstreamRefused, UpstreamUnauthorized, UpstreamThrottled: it did not happen.
            UpstreamUnavailable, UpstreamBroken: unknown whether it happened.
        """
        ...

    async def placed(self, keys: Collection[OrderKey]) -> Answer[UpstreamOrder]:
        """What became of these orders; one that is not known, or only begun, is left out."""
        ...

    async def cancel(self, key: OrderKey) -> UpstreamOrder | None:
        """Stop an order, and have its goods back in stock; None where none is known by the key.

        What was only begun is never finished afterwards. An order that has been cancelled before
        is told as it stands.

        Raises:
            UpstreamRefused: it cannot be cancelled any more; also see `hand_over`.
        """
        ...
