"""A cart and what may be done to it. Nothing here waits, and nothing is changed in place."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from app.carts.buyers import Buyer
from app.carts.refusals import CartClosed, CurrencyMismatch, InvalidCartInput, LineNotFound
from app.carts.wanted import MOST_LINES, MOST_UNITS
from app.errors import InvalidInputError
from app.ports import BundleComponent
from app.pricing.model import ANYBODY, Standing
from app.values import (
    ChannelCode,
    CountryCode,
    CurrencyCode,
    CustomerId,
    Discount,
    FulfilmentMethod,
    LocationCode,
    Money,
    Sku,
    rounded,
)

CartId = NewType("CartId", str)
"""Random and not to be guessed: who knows it may use the cart."""
ID = re.compile(r"[A-Za-z0-9_-]{24}")
MOST_CODES = 10


def sound_id(given: str) -> CartId:
    """The id of a cart, if it can be one.

    Raises:
        InvalidInputError: it cannot.
    """
    if not ID.fullmatch(given):
        raise InvalidInputError("The id is not that of a cart.", argument="cart")
    return CartId(given)


class CartStatus(StrEnum):
    """Whether it may still be changed."""

    OPEN = "OPEN"
    MERGED = "MERGED"
    ORDERED = "ORDERED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What one unit cost when it was last put in; `as_of` by the clock of the price's owner.

    A `price_list` said so instead of the owner. `categories` are what rules may ask for.
    """

    amount: Money
    tax_included: bool
    as_of: datetime | None
    taken_at: datetime
    price_list: str | None = None
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Units of one SKU. Its number is its own for as long as the cart lives.

    `discounts` are what rules took off all its units when the cart was last changed.
    """

    number: int
    sku: Sku
    quantity: int
    price: Snapshot
    discounts: tuple[Discount, ...] = ()

    @property
    def subtotal(self) -> Money:
        """What its units cost together, before discounts."""
        return rounded(self.price.amount, self.quantity)

    @property
    def total(self) -> Money:
        """What is paid for it."""
        off = sum((one.amount.amount for one in self.discounts), Decimal())
        return Money(self.subtotal.amount - off, self.price.amount.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldUnits:
    """Units that are held at one location; of a bundle, what one of it is made of is held."""

    sku: Sku
    location: LocationCode
    quantity: int
    components: tuple[BundleComponent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CartHold:
    """What is held for a cart, until when; `fence` tells it from the cart's earlier holds."""

    fence: int
    expires_at: datetime
    units: tuple[HeldUnits, ...]
    points: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisedUnits:
    """A line that a promise was made of, with as many units as it had."""

    line: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseChoice:
    """A promise as it was offered: its token, and what it was asked for.

    `country` and `postal_code` are where it is sent, `in_store` where the shopper stands.
    """

    token: str
    country: CountryCode | None = None
    postal_code: str | None = None
    in_store: LocationCode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CartPromise:
    """How and when some lines reach the buyer, and from where. Other quantities need another."""

    choice: PromiseChoice
    units: tuple[PromisedUnits, ...]
    method: FulfilmentMethod
    store: LocationCode | None
    earliest: datetime
    latest: datetime
    fee: Money
    sources: tuple[HeldUnits, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """A cart at one version. Once it was bought, `order` is the number of its order.

    One that is of a `customer` is open to them and to staff; of nobody, to whoever knows its id. So
    many `points` of the customer's are to pay for it. `standing` is what they were to the retailer
    when it was last priced, `codes` are of coupons.
    """

    id: CartId
    channel: ChannelCode
    currency: CurrencyCode
    status: CartStatus = CartStatus.OPEN
    version: int = 1
    lines: tuple[Line, ...] = ()
    last_line: int = 0
    buyer: Buyer | None = None
    customer: CustomerId | None = None
    points: int = 0
    merged_into: CartId | None = None
    order: str | None = None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    hold: CartHold | None = None
    promises: tuple[CartPromise, ...] = ()
    codes: tuple[str, ...] = ()
    standing: Standing = ANYBODY

    @property
    def subtotal(self) -> Money:
        """What its lines cost together, at the prices they were put in with."""
        return Money(sum((one.subtotal.amount for one in self.lines), Decimal()), self.currency)

    @property
    def total(self) -> Money:
        """What is paid for its lines, after discounts."""
        return Money(sum((one.total.amount for one in self.lines), Decimal()), self.currency)

    @property
    def skus(self) -> tuple[Sku, ...]:
        """What is in it."""
        return tuple(line.sku for line in self.lines)

    def added(self, units: Mapping[Sku, int], prices: Mapping[Sku, Snapshot]) -> "Cart":
        """With more units; those of a SKU share a line, at the price of now.

        Raises:
            InvalidCartInput: that is more than a line or a cart holds.
        """
        lines = {line.sku: line for line in self.lines}
        last = self.last_line
        for sku, quantity in units.items():
            if (line := lines.get(sku)) is None:
                last += 1
                line = Line(number=last, sku=sku, quantity=0, price=prices[sku])
            lines[sku] = replace(line, quantity=line.quantity + quantity, price=prices[sku])
        return replace(self, lines=_bounded(lines.values()), last_line=last)

    def updated(self, quantities: Mapping[int, int], prices: Mapping[Sku, Snapshot]) -> "Cart":
        """With other quantities of some lines, at the price of now."""
        self.numbered(quantities)
        lines = (
            replace(line, quantity=quantities[line.number], price=prices[line.sku])
            if line.number in quantities
            else line
            for line in self.lines
        )
        return replace(self, lines=_bounded(lines))

    def removed(self, numbers: Iterable[int]) -> "Cart":
        """Without some lines."""
        gone = {line.number for line in self.numbered(numbers)}
        return replace(self, lines=tuple(one for one in self.lines if one.number not in gone))

    def promised(self, promise: CartPromise) -> "Cart":
        """With a promise, in the place of those for any of its lines."""
        lines = {one.line for one in promise.units}
        others = (one for one in self.promises if not lines & {of.line for of in one.units})
        return replace(self, promises=(*others, promise))

    @property
    def still_promised(self) -> tuple[CartPromise, ...]:
        """The promises of lines that are as they were."""
        now = {(line.number, line.quantity) for line in self.lines}
        return tuple(
            one for one in self.promises if {(of.line, of.quantity) for of in one.units} <= now
        )

    def numbered(self, numbers: Iterable[int], field: str = "lines") -> tuple[Line, ...]:
        """The lines with these numbers, which were given in a field of the input.

        Raises:
            LineNotFound: it has no such line.
        """
        lines = {line.number: line for line in self.lines}
        if missing := [place for place, number in enumerate(numbers) if number not in lines]:
            raise LineNotFound(field, missing[0])
        return tuple(lines[number] for number in numbers)

    def with_all_of(self, other: "Cart") -> "Cart":
        """With the lines of another; of two prices the later counts, of two buyers its own.

        Raises:
            CurrencyMismatch: the other is of another channel or currency.
            InvalidCartInput: that is more than a line or a cart holds, or of two customers.
        """
        if (self.channel, self.currency) != (other.channel, other.currency):
            raise CurrencyMismatch
        if self.customer and other.customer and self.customer != other.customer:
            raise InvalidCartInput("The carts are of two customers.", path=("from",))
        own = {line.sku: line.price for line in self.lines}
        prices = {
            line.sku: max(line.price, own.get(line.sku, line.price), key=lambda p: p.taken_at)
            for line in other.lines
        }
        merged = self.added({line.sku: line.quantity for line in other.lines}, prices)
        return replace(
            merged,
            buyer=self.buyer or other.buyer,
            codes=tuple(dict.fromkeys((*self.codes, *other.codes)))[:MOST_CODES],
            customer=self.customer or other.customer,
        )


def opened(cart: Cart) -> Cart:
    """The cart, which may be changed.

    Raises:
        CartClosed: it may not.
    """
    if cart.status is not CartStatus.OPEN:
        raise CartClosed(cart.order)
    return cart


def _bounded(lines: Iterable[Line]) -> tuple[Line, ...]:
    kept = tuple(lines)
    if len(kept) > MOST_LINES:
        raise InvalidCartInput(f"A cart has at most {MOST_LINES} lines.", path=("lines",))
    if any(line.quantity > MOST_UNITS for line in kept):
        raise InvalidCartInput(f"A line has at most {MOST_UNITS:,} units.", path=("lines",))
    return kept
