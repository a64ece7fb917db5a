"""Customers: who do other systems know, what did they buy there, and can they be forgotten?

The law of a write is that of orders: after `UpstreamRefused`, `UpstreamUnauthorized` and
`UpstreamThrottled` it *did not happen*; after `UpstreamUnavailable` and `UpstreamBroken` it is
*unknown whether it happened*, and whoever writes again writes the same. Reads take collections. All
of it is personal data: it stays out of messages, logs and traces, and so do keys.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType, Protocol, runtime_checkable

from app.ports.answer import Answer
from app.ports.locations import Address
from app.ports.orders import OrderKey
from app.values import Locale, LocationCode, Money, Sku

CustomerKey = NewType("CustomerKey", str)
"""What one system calls a customer: its own id, opaque to us."""


class ContactKind(StrEnum):
    """By what a customer can be found and recognised."""

    EMAIL = "EMAIL"
    PHONE = "PHONE"
    LOYALTY_CARD = "LOYALTY_CARD"


@dataclass(frozen=True, slots=True, order=True)
class Contact:
    """An e-mail address in lower case, a number as E.164 (`+390451234567`), or a card's number.

    A connection maps what its system writes to this form where it can, and asks for every form
    that its system may have it in; what cannot be mapped stays as it is, and matches nothing.
    """

    kind: ContactKind
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownContact:
    """A contact of a customer, and whether the system has seen it proved that it is theirs.

    A loyalty card is proved where the system that tells of it has given it out.
    """

    contact: Contact
    verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamCustomer:
    """A customer as one system knows them; None and empty where it does not.

    `groups` are what the system calls the groups that it has put them into.
    """

    key: CustomerKey
    given_name: str | None = None
    family_name: str | None = None
    contacts: tuple[KnownContact, ...] = ()
    addresses: tuple[Address, ...] = ()
    locale: Locale | None = None
    since: datetime | None = None
    groups: tuple[str, ...] = ()


class KeptRecord(StrEnum):
    """What a system has to keep of somebody it has forgotten, without anything that names them."""

    SALES = "SALES"
    LOYALTY = "LOYALTY"
    INVOICES = "INVOICES"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """Nothing that names the customer is left; `kept` are records that stay without a name.

    It says the same whether it was just done, was done before, or nobody was known by the key.
    """

    key: CustomerKey
    kept: frozenset[KeptRecord] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRecords:
    """All a system holds of one customer, as it says it itself: documents by name, as JSON.

    Of orders and receipts `PurchaseHistory` tells.
    """

    key: CustomerKey
    documents: Mapping[str, Any]


@runtime_checkable
class CustomerDirectory(Protocol):
    """Knows customers, tells all it has of one, and forgets them."""

    async def find(self, contacts: Collection[Contact]) -> Answer[UpstreamCustomer]:
        """Everybody who has at least one of these contacts, proved or not.

        A contact of a kind that the system does not know finds nobody.
        """
        ...

    async def customers(self, keys: Collection[CustomerKey]) -> Answer[UpstreamCustomer]:
        """Customers by key; one that is not known, or was forgotten, is left out."""
        ...

    async def export(self, keys: Collection[CustomerKey]) -> Answer[CustomerRecords]:
        """Everything there is of these customers; one that is not known is left out."""
        ...

    async def erase(self, key: CustomerKey) -> Erasure:
        """Forget a customer: afterwards they are neither found nor told of, and nothing names them.

        What has been sold to them stays sold, to nobody.

        Raises:
            UpstreamRefused: something forbids it, such as an order that is still open; nothing has
                happened.
            UpstreamUnauthorized, UpstreamThrottled: it did not happen.
            UpstreamUnavailable, UpstreamBroken: unknown whether it happened.
        """
        ...


class PurchaseChannel(StrEnum):
    """Where something was bought."""

    ONLINE = "ONLINE"
    STORE = "STORE"


class PurchaseStatus(StrEnum):
    """What became of a purchase."""

    OPEN = "OPEN"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchasedLine:
    """What was bought in one line. `sku` is None where the system has none for it.

    `total` is what its units cost together, taxes included where `Purchase.total` includes them.
    Units that were brought back are told as a line with a negative quantity.
    """

    name: str
    quantity: int
    sku: Sku | None = None
    total: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """One order or receipt. `reference` is the system's own name for it.

    `order` is our key, where it was handed over by us: then it is one that we know already.
    """

    customer: CustomerKey
    reference: str
    placed_at: datetime
    channel: PurchaseChannel
    status: PurchaseStatus
    lines: tuple[PurchasedLine, ...]
    total: Money | None = None
    location: LocationCode | None = None
    order: OrderKey | None = None


@runtime_checkable
class PurchaseHistory(Protocol):
    """Knows what customers have bought."""

    async def purchases(
        self, keys: Collection[CustomerKey], *, until: datetime, most: int
    ) -> Answer[Purchase]:
        """What these customers have bought, the latest first, at most `most` of each customer.

        Only what was placed at `until` or before. Nothing is told of customers that are not known.
        """
        ...
