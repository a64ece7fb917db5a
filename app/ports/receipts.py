"""Receipts: what was sold, and taken back, at tills that do not ask us?"""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Protocol, runtime_checkable

from app.ports.answer import RejectedRow
from app.values import LocationCode, Money, Sku

ReceiptNumber = NewType("ReceiptNumber", str)
"""The source's own number of a receipt: no other receipt of the same source ever has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLine:
    """Units of one SKU, more than none, and what was paid for all of them, discounts taken off."""

    sku: Sku
    quantity: int
    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt of a sale, or of goods taken back: then `refund_of` is the number of that sale.

    Amounts are never below zero and in one currency, whichever way the money went. `total` is all
    that was paid or given back. `card` is the number that was read at the till, `customer` the id
    that the source's own system has for whoever bought; None where nobody said who they are.
    Both are personal data.
    """

    number: ReceiptNumber
    location: LocationCode
    sold_at: datetime
    lines: tuple[ReceiptLine, ...]
    total: Money
    card: str | None = None
    customer: str | None = None
    refund_of: ReceiptNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPage:
    """Receipts in the order in which the source came to know of them, which is not that of sales.

    `cursor` asks for what follows, now or on another day; it is there on an empty page, too. `more`
    says that there is something by now. A row that could not be read is told once and passed over.
    """

    receipts: tuple[Receipt, ...]
    cursor: str
    more: bool
    as_of: datetime
    rejected: tuple[RejectedRow, ...] = ()


@runtime_checkable
class ReceiptSource(Protocol):
    """Has the receipts of tills. A receipt never changes; it may come late, and more than once."""

    async def receipts(self, after: str | None, *, first: int) -> ReceiptPage:
        """At most `first` receipts after a cursor; from the beginning where there is none.

        Raises:
            InvalidInputError: it is not a cursor of this source.
        """
        ...
