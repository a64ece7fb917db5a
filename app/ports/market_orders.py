"""Orders that a marketplace took for us: what was sold there, and by when must it leave?

The marketplace has the buyer, the money and the price; we have the goods. It tells of an order
again whenever it changes. A write about one carries its key, and what an error says is law, as for
`app.ports.orders`: after `UpstreamRefused`, `UpstreamUnauthorized` and `UpstreamThrottled` it *did
not happen*; after `UpstreamUnavailable` and `UpstreamBroken` it is *unknown whether it happened*,
and whoever writes again with the same key leaves one effect.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType, Protocol, runtime_checkable

from app.ports.answer import Answer, RejectedRow
from app.ports.locations import Address
from app.values import Money, Sku

MarketOrderNumber = NewType("MarketOrderNumber", str)
"""The marketplace's own number of an order: no other order of the connection ever has it."""
MarketWriteKey = NewType("MarketWriteKey", str)
"""Our key of one write about one order: letters, digits and hyphens."""


class MarketOrderStatus(StrEnum):
    """How far an order is. Nothing may leave for one that is `PENDING`: it may yet be unpaid."""

    PENDING = "PENDING"
    OPEN = "OPEN"
    PARTLY_SHIPPED = "PARTLY_SHIPPED"
    SHIPPED = "SHIPPED"
    CANCELLED = "CANCELLED"


class Withheld(StrEnum):
    """What a marketplace did not tell of an order, for want of a right or because it never does."""

    BUYER = "BUYER"
    RECIPIENT = "RECIPIENT"
    PRICES = "PRICES"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWindow:
    """From when until when; None where a side is open."""

    earliest: datetime | None = None
    latest: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketBuyer:
    """Who bought, as far as the marketplace tells; its addresses are often stand-ins.

    Personal data: it stays out of messages, logs and traces.
    """

    name: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Where the goods go, and to whom. Personal data, see `MarketBuyer`."""

    name: str | None = None
    phone: str | None = None
    address: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketLine:
    """Units of one SKU. `reference` is the marketplace's own name of the line.

    `quantity` is what was ordered, `shipped` what has left of it, both none or more. `total` is
    what is paid for the whole line; None where the marketplace does not tell yet.
    """

    reference: str
    sku: Sku
    quantity: int
    shipped: int = 0
    unit_price: Money | None = None
    total: Money | None = None
    cancelled: bool = False
    cancel_asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketOrder:
    """An order as the marketplace has it. `marketplace` is its own name of the store it came by.

    `ship_by` and `deliver_by` are what the buyer was promised. `parts` are the names under which
    the marketplace wants parts of it acknowledged; empty where it waits for no word.
    """

    number: MarketOrderNumber
    marketplace: str | None
    placed_at: datetime
    changed_at: datetime
    status: MarketOrderStatus
    lines: tuple[MarketLine, ...]
    total: Money | None = None
    buyer: MarketBuyer | None = None
    recipient: Recipient | None = None
    ship_by: TimeWindow = field(default_factory=TimeWindow)
    deliver_by: TimeWindow = field(default_factory=TimeWindow)
    parts: tuple[str, ...] = ()
    withheld: frozenset[Withheld] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketOrderPage:
    """Orders that changed. One may come again, changed or not; the latest is the one that counts.

    `cursor` asks for what follows, now or on another day; it is there on an empty page, too. `more`
    says that there is something by now. A row that could not be read is told once and passed over.
    """

    orders: tuple[MarketOrder, ...]
    cursor: str
    more: bool
    as_of: datetime
    rejected: tuple[RejectedRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """We have the order and will ship it."""

    key: MarketWriteKey
    order: MarketOrderNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedLine:
    """Units of a line of the marketplace that are in a parcel."""

    reference: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What left, and with whom. `carrier` is the marketplace's own code of the carrier."""

    key: MarketWriteKey
    order: MarketOrderNumber
    lines: tuple[ShippedLine, ...]
    carrier: str
    carrier_name: str | None = None
    service: str | None = None
    tracking: str
    shipped_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketReceipt:
    """The marketplace has our word; `reference` is its own name for it, None where it has none."""

    key: MarketWriteKey
    order: MarketOrderNumber
    reference: str | None = None


@runtime_checkable
class OrderSource(Protocol):
    """Has orders that it took for us."""

    async def orders(self, after: str | None, *, first: int) -> MarketOrderPage:
        """At most `first` orders that changed after a cursor; from the beginning without one.

        Raises:
            InvalidInputError: it is not a cursor of this source.
        """
        ...

    async def numbered(self, numbers: Collection[MarketOrderNumber]) -> Answer[MarketOrder]:
        """These orders as they stand; one that is not known is left out."""
        ...

    async def acknowledge(self, acknowledgement: Acknowledgement) -> MarketReceipt:
        """Say that we have an order; one of which no word is waited for is left as it is.

        Raises:
            UpstreamRefused, UpstreamUnauthorized, UpstreamThrottled: it did not happen.
            UpstreamUnavailable, UpstreamBroken: unknown whether it happened.
        """
        ...

    async def confirm_shipment(self, parcel: Parcel) -> MarketReceipt:
        """Say that a parcel left; one that is known by this key is told as it stands.

        Raises:
            UpstreamRefused: there is no such order or line; see also `acknowledge`.
        """
        ...


@runtime_checkable
class OrderNews(Protocol):
    """A source of orders whose vendor also says by messages which orders have changed."""

    def changed_orders(self, body: bytes) -> Collection[MarketOrderNumber]:
        """The orders that a message is about; none where it does not say."""
        ...
