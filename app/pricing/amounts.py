"""How is money counted and shared out? In whole minor units, to the last one."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from app.values import CurrencyCode, Discount, Money, minor_unit


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
                Discount(one.rule, money(some, currency))
                for one, some in zip(discounts, taken, strict=True)
                if some
            )
        )
    return shares


def together(discounts: Iterable[Discount]) -> tuple[Discount, ...]:
    """One discount for each rule, in the order in which they came."""
    amounts: dict[str, Money] = {}
    for one in discounts:
        before = amounts.get(one.rule)
        sum_ = one.amount.amount + (Decimal(0) if before is None else before.amount)
        amounts[one.rule] = Money(sum_, one.amount.currency)
    return tuple(Discount(rule, amount) for rule, amount in amounts.items())
