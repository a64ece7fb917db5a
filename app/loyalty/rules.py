"""What does a purchase earn, what are points worth, and which tier is somebody in? Only data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import NamedTuple, Protocol, TypeVar

from app.loyalty.refusals import PointsNotUsable
from app.settings import Earning, Loyalty
from app.values import Money, Sku, minor_unit


class _Dated(Protocol):
    @property
    def starts(self) -> datetime: ...


D = TypeVar("D", bound=_Dated)


class Goods(NamedTuple):
    """Units of a SKU, and what is paid for all of them."""

    sku: Sku
    paid: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TierProgress:
    """Where somebody stands: what they have earned of late, their tier, and the next one."""

    earned: int
    tier: str | None
    next_tier: str | None
    missing: int


def earned(rules: Loyalty, goods: Iterable[Goods], spent: Money | None, *, at: datetime) -> int:
    """Points for goods that were bought then; what was paid with points (`spent`) earns none.

    Rounded down once, over all of the goods.
    """
    rule = _rule(rules.earning, at)
    bought = list(goods)
    if rule is None or not bought:
        return 0
    rate = rule.per_unit.get(bought[0].paid.currency)
    total = sum((one.paid.amount for one in bought), Decimal(0))
    if rate is None or total <= 0:
        return 0
    counts = [one for one in bought if not _excluded(rule, one.sku)]
    earning = sum((one.paid.amount for one in counts), Decimal(0))
    money = total - min(total, spent.amount if spent is not None else Decimal(0))
    return int(Fraction(earning) * Fraction(money) / Fraction(total) * Fraction(rate))


def worth(rules: Loyalty, points: int, goods: Money, *, at: datetime) -> Money:
    """What so many points pay of goods then.

    Raises:
        PointsNotUsable: they cannot be spent on these.
    """
    rule = _rule(rules.burning, at)
    each = None if rule is None else rule.worth.get(goods.currency)
    if rule is None or each is None:
        raise PointsNotUsable(least=0, step=1, most=0)
    most = int(Fraction(goods.amount) * Fraction(rule.share) / Fraction(each))
    most -= most % rule.step
    if not rule.least <= points <= most or points % rule.step:
        raise PointsNotUsable(
            least=rule.least, step=rule.step, most=most if most >= rule.least else 0
        )
    return Money((points * each).quantize(minor_unit(goods.currency)), goods.currency)


def progress(rules: Loyalty, points: int) -> TierProgress:
    """The tier of whoever has earned so many points within the window."""
    reached = [tier for tier in rules.tiers if tier.points <= points]
    ahead = [tier for tier in rules.tiers if tier.points > points]
    return TierProgress(
        earned=points,
        tier=reached[-1].code if reached else None,
        next_tier=ahead[0].code if ahead else None,
        missing=ahead[0].points - points if ahead else 0,
    )


def part_of(points: int, part: Decimal, whole: Decimal) -> int:
    """So many points of those that all of it earned, rounded down; all of them for all of it."""
    if whole <= 0 or part >= whole:
        return points
    return int(points * Fraction(part) / Fraction(whole))


def _rule(rules: Sequence[D], at: datetime) -> D | None:
    begun = [rule for rule in rules if rule.starts <= at]
    return begun[-1] if begun else None


def _excluded(rule: Earning, sku: Sku) -> bool:
    return any(fnmatchcase(sku, pattern) for pattern in rule.excluded)
