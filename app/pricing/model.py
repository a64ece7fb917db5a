"""What is priced, and what came of it? A basket and its amounts, each with the rules behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from app.values import ChannelCode, CurrencyCode, Discount, Money, Sku


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What somebody is to the retailer: the groups of customers they are in, and their tier."""

    groups: tuple[str, ...] = ()
    tier: str | None = None


ANYBODY = Standing()


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketLine:
    """Units of one SKU at the price of one; `categories` by id and by handle."""

    sku: Sku
    quantity: int
    unit_price: Money
    tax_included: bool = True
    categories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """Everything that decides what a basket costs; a SKU has one line.

    `codes` are those of coupons, in capitals; promotions that are `used_up` are given to nobody.
    """

    channel: ChannelCode
    currency: CurrencyCode
    at: datetime
    lines: tuple[BasketLine, ...]
    standing: Standing = ANYBODY
    codes: tuple[str, ...] = ()
    used_up: frozenset[str] = frozenset()


class CodeFate(StrEnum):
    """What became of the code of a coupon."""

    APPLIED = "APPLIED"
    NOT_MET = "NOT_MET"
    UNKNOWN = "UNKNOWN"
    NOT_YET = "NOT_YET"
    EXPIRED = "EXPIRED"
    OTHER_CHANNEL = "OTHER_CHANNEL"
    OTHER_CUSTOMERS = "OTHER_CUSTOMERS"
    USED_UP = "USED_UP"


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedLine:
    """What the units of a line cost, and what rules take off, in the order of their priority.

    `lots` are how many units cost how much each, after all: exact where they do not cost the same.
    """

    sku: Sku
    quantity: int
    subtotal: Money
    discounts: tuple[Discount, ...]
    lots: tuple[tuple[int, Money], ...]

    @property
    def total(self) -> Money:
        """What is paid for it."""
        off = sum((one.amount.amount for one in self.discounts), Decimal(0))
        return Money(self.subtotal.amount - off, self.subtotal.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedBasket:
    """What a basket costs, by SKU, and what became of its codes."""

    currency: CurrencyCode
    lines: Mapping[Sku, PricedLine]
    codes: Mapping[str, CodeFate]

    @property
    def bounded(self) -> frozenset[str]:
        """The ids of rules that would have taken off more, had anything been left."""
        every = (one for line in self.lines.values() for one in line.discounts)
        return frozenset(one.rule for one in every if one.bounded)

    @property
    def rules(self) -> frozenset[str]:
        """The ids of all that took something off."""
        return frozenset(one.rule for line in self.lines.values() for one in line.discounts)

    @property
    def total(self) -> Money:
        """What is paid for all of it."""
        amounts = (line.total.amount for line in self.lines.values())
        return Money(sum(amounts, Decimal(0)), self.currency)
