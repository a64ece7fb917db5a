"""What are orders of a marketplace and what it shows of ours, as far as we have got with them?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Self

from app.ports import MarketOrderNumber, MarketOrderStatus, RejectedRow
from app.values import CurrencyCode, Money, Sku, minor_unit


class Fate(StrEnum):
    """What became of an order.

    `NEW` is heard of and not read yet. `WAITING` may yet be paid. `REFUSED` and `UNREADABLE` are
    tried again and need somebody's eyes. Of `OVER` nothing has to leave.
    """

    NEW = "NEW"
    WAITING = "WAITING"
    TAKEN = "TAKEN"
    REFUSED = "REFUSED"
    UNREADABLE = "UNREADABLE"
    OVER = "OVER"


class Why(StrEnum):
    """Why an order could not be taken, to be counted."""

    NOT_ENOUGH = "NOT_ENOUGH"
    NOT_CARRIED = "NOT_CARRIED"
    STOCK_UNKNOWN = "STOCK_UNKNOWN"
    NOT_TOLD = "NOT_TOLD"
    NOBODY_CARRIES_OUT = "NOBODY_CARRIES_OUT"
    NO_SUCH_ORDER = "NO_SUCH_ORDER"
    UNREADABLE = "UNREADABLE"
    FAILED = "FAILED"


LONGEST_NUMBER = 80
WORD_REFUSED = "the marketplace refuses our word for it"
TROUBLED = frozenset({Fate.REFUSED, Fate.UNREADABLE})
OPEN = (Fate.NEW, Fate.WAITING, Fate.REFUSED, Fate.UNREADABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of taking an order; `skus` are those whose listing it may have changed."""

    number: MarketOrderNumber
    fate: Fate
    status: MarketOrderStatus | None = None
    order: str | None = None
    reason: str | None = None
    why: Why | None = None
    wants_word: bool = False
    skus: frozenset[Sku] = frozenset()

    @classmethod
    def unreadable(cls, row: RejectedRow) -> Self:
        """One that the connector could not understand."""
        number = MarketOrderNumber(row.reference[:LONGEST_NUMBER])
        return cls(number=number, fate=Fate.UNREADABLE, reason=row.reason, why=Why.UNREADABLE)


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept of an order."""

    number: MarketOrderNumber
    fate: Fate
    status: MarketOrderStatus | None
    order: str | None
    reason: str | None
    attempts: int
    first_at: datetime
    worded: bool

    @property
    def settled(self) -> bool:
        """Whether it is ours, so that only its end there is news."""
        return self.fate is Fate.TAKEN


class ListingState(StrEnum):
    """How far the word about a SKU is. Of `SENDING` and `UNSURE` nobody knows what is shown."""

    NEW = "NEW"
    SENDING = "SENDING"
    TOLD = "TOLD"
    REFUSED = "REFUSED"
    NOT_SENT = "NOT_SENT"
    UNSURE = "UNSURE"


@dataclass(frozen=True, slots=True)
class Said:
    """What we say of a SKU now: None where nobody knows. `price` is an amount and a currency."""

    quantity: int | None
    price: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a marketplace has of a SKU, and what it is to have."""

    sku: Sku
    quantity: int | None = None
    price: str | None = None
    wanted_quantity: int | None = None
    wanted_price: str | None = None
    state: ListingState = ListingState.NEW
    reason: str | None = None
    version: int = 0
    attempts: int = 0
    since: datetime | None = None
    due_at: datetime | None = None
    again_at: datetime | None = None
    told_at: datetime | None = None
    unknown_since: datetime | None = None
    gone: bool = False

    @property
    def differs(self) -> bool:
        """Whether there is something to tell."""
        return self.tells_quantity or self.tells_price

    @property
    def tells_quantity(self) -> bool:
        """Whether the quantity is another than it has."""
        return self.wanted_quantity is not None and self.wanted_quantity != self.quantity

    @property
    def tells_price(self) -> bool:
        """The same of the price."""
        return self.wanted_price is not None and self.wanted_price != self.price


def backoff(attempts: int, first: timedelta, longest: timedelta) -> timedelta:
    """How long to wait after so many failures in a row: twice as long each time."""
    return min(first * (1 << min(attempts, 16)), longest)


Saying = Mapping[Sku, Said]


def written(money: Money) -> str:
    """An amount as it is kept: the same for the same money."""
    whole = money.amount.quantize(minor_unit(money.currency))
    amount = whole if whole == money.amount else money.amount.normalize()
    return f"{amount} {money.currency}"


def money_of(price: str) -> Money:
    """What was written."""
    amount, _, currency = price.partition(" ")
    return Money(Decimal(amount), CurrencyCode(currency))
