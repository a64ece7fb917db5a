"""How is money counted and shared out? In whole minor units, to the last one."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple, Protocol

from app.values import CurrencyCode, Discount, Money, Sku, minor_unit


def minor(amount: Decimal, currency: CurrencyCode) -> int:
    """An amount in minor units; half of one counts as one."""
    return int((amount / minor_unit(currency)).to_integral_value(ROUND_HALF_UP))


def money(count: int, currency: CurrencyCode) -> Money:
    """So many minor units."""
    return Money(count * minor_unit(currency), currency)


def share(count: int, percent: Decimal) -> int:
    """So many percent of a number of minor units; half of one counts as one."""
    part = count * percent / 100
    return int(part.to_integral_value(ROUND_HALF_UP))


def apportioned(count: int, weights: Sequence[int]) -> list[int]:
    """Shares in proportion that add up to `count`: by the largest remainder, then the first.

    No share is more than its weight as long as `count` is not more than all of them.
    """
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    parts = [divmod(count * weight, total) for weight in weights]
    shares = [whole for whole, _ in parts]
    by_rest = sorted(range(len(parts)), key=lambda at: (-parts[at][1], at))
    for at in by_rest[: count - sum(shares)]:
        shares[at] += 1
    return shares


def split(discounts: Sequence[Discount], quantities: Sequence[int]) -> list[tuple[Discount, ...]]:
    """The discounts of a line, shared out over parts of so many units, each to the last one.

    No part has more taken off than its units cost, if the line has not.
    """
    if not discounts:
        return [()] * len(quantities)
    currency = discounts[0].amount.currency
    left = [minor(one.amount.amount, currency) for one in discounts]
    shares = []
    for part in apportioned(sum(left), quantities):
        taken = apportioned(part, left)
        left = [had - some for had, some in zip(left, taken, strict=True)]
        shares.append(
            tuple(
                Discount(one.rule, money(some, currency), one.bounded)
                for one, some in zip(discounts, taken, strict=True)
                if some
            )
        )
    return shares


class Part(Protocol):
    """Units of a SKU that come from one place."""

    @property
    def sku(self) -> Sku:
        """What they are of."""

    @property
    def quantity(self) -> int:
        """How many."""


class Units(NamedTuple):
    """So many units of a SKU."""

    sku: Sku
    quantity: int


def placed(
    parts: Sequence[Part], discounts: Mapping[Sku, tuple[Discount, ...]]
) -> list[tuple[Discount, ...]]:
    """What is taken off each part, of the discounts of all units of its SKU together."""
    at: dict[Sku, list[int]] = {}
    for place, part in enumerate(parts):
        at.setdefault(part.sku, []).append(place)
    found: list[tuple[Discount, ...]] = [()] * len(parts)
    for sku, places in at.items():
        quantities = [parts[place].quantity for place in places]
        for place, taken in zip(places, split(discounts[sku], quantities), strict=True):
            found[place] = taken
    return found


def together(discounts: Iterable[Discount]) -> tuple[Discount, ...]:
    """One discount for each rule, in the order in which they came."""
    known: dict[str, Discount] = {}
    for one in discounts:
        if (before := known.get(one.rule)) is None:
            known[one.rule] = one
            continue
        amount = Money(before.amount.amount + one.amount.amount, one.amount.currency)
        known[one.rule] = Discount(one.rule, amount, before.bounded or one.bounded)
    return tuple(known.values())
