"""Which rules hold through a channel at a moment? Found once for all the time between two dates."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from hashlib import blake2b
from typing import TypeVar

from app.pricing.model import ANYBODY, BasketLine, CodeFate, Standing
from app.settings import PriceList, Pricing, Promotion
from app.settings.pricing import Rule
from app.values import ChannelCode, CurrencyCode, Money, Sku

R = TypeVar("R", bound=Rule)


@dataclass(frozen=True, slots=True)
class ListPrice:
    """What a price list says of a SKU."""

    rule: str
    amount: Money
    tax_included: bool
    over: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """The rules of a channel at a moment, the first to count first.

    `key` is the same for as long as they are. `listed` are the SKUs of its price lists. `public`:
    there are promotions that anybody may get without a code; `categories`: some of them ask for
    these.
    """

    key: str
    lists: tuple[tuple[str, PriceList], ...] = ()
    promotions: tuple[tuple[str, Promotion], ...] = ()
    public: bool = False
    categories: bool = False
    listed: frozenset[str] = frozenset()

    def prices(self, sku: Sku, standing: Standing = ANYBODY) -> Iterator[ListPrice]:
        """What each list says that has the SKU, the first to count first."""
        for name, one in self.lists:
            if (amount := one.prices.get(sku)) is not None and admits(one, standing):
                price = Money(amount, CurrencyCode(one.currency))
                yield ListPrice(name, price, one.tax_included, frozenset(one.over))


@dataclass(slots=True)
class RuleBook:
    """All rules that there are; `currencies` are those of the channels.

    `groups` are those of customers that any of them names.
    """

    told: Pricing
    currencies: Mapping[str, str]
    coupons: Mapping[str, str] = field(init=False)
    groups: frozenset[str] = field(init=False)
    _version: str = field(init=False)
    _dates: list[datetime] = field(init=False)
    _active: dict[tuple[str, int], Active] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Order the dates."""
        rules = [rule for _, rule in self.told.rules]
        dates = {date for one in rules for date in (one.starts, one.ends) if date is not None}
        self._dates = sorted(dates)
        self.groups = frozenset(group for one in rules for group in one.groups)
        self._version = blake2b(self.told.model_dump_json().encode(), digest_size=6).hexdigest()
        self.coupons = {
            one.coupon: name for name, one in self.told.promotions.items() if one.coupon is not None
        }

    def __bool__(self) -> bool:
        return bool(self.told.lists or self.told.promotions)

    def label(self, name: str) -> str | None:
        """What shoppers are told of a rule; None where there is no word, or no such rule."""
        rule = self.told.promotions.get(name)
        return None if rule is None else rule.label

    def at(self, channel: ChannelCode, now: datetime) -> Active:
        """What holds through a channel now."""
        period = bisect_right(self._dates, now)
        if (known := self._active.get((channel, period))) is not None:
            return known
        return self._active.setdefault((channel, period), self._at(channel, period, now))

    def refused(self, code: str, channel: ChannelCode, now: datetime) -> CodeFate | None:
        """Why a code is good for nobody here and now; None where it is for some."""
        if (name := self.coupons.get(code)) is None:
            return CodeFate.UNKNOWN
        rule = self.told.promotions[name]
        if rule.starts is not None and now < rule.starts:
            return CodeFate.NOT_YET
        if rule.ends is not None and now >= rule.ends:
            return CodeFate.EXPIRED
        return None if _here(rule, channel) else CodeFate.OTHER_CHANNEL

    def _at(self, channel: ChannelCode, period: int, now: datetime) -> Active:
        currency = self.currencies.get(channel)
        lists = tuple(
            (name, one)
            for name, one in _ordered(self.told.lists)
            if one.currency == currency and holds(one, channel, now)
        )
        promotions = tuple(
            (name, one) for name, one in _ordered(self.told.promotions) if holds(one, channel, now)
        )
        public = [one for _, one in promotions if one.coupon is None and admits(one, ANYBODY)]
        return Active(
            key=f"{self._version}.{period}.{channel}",
            lists=lists,
            promotions=promotions,
            public=bool(public),
            categories=any(one.categories for one in public),
            listed=frozenset(sku for _, one in lists for sku in one.prices),
        )


def holds(rule: Rule, channel: ChannelCode, now: datetime) -> bool:
    """Whether a rule counts for anybody here and now."""
    begun = rule.starts is None or rule.starts <= now
    return begun and (rule.ends is None or now < rule.ends) and _here(rule, channel)


def admits(rule: Rule, standing: Standing) -> bool:
    """Whether a rule counts for somebody."""
    grouped = not rule.groups or not set(rule.groups).isdisjoint(standing.groups)
    return grouped and (not rule.tiers or standing.tier in rule.tiers)


def counts(rule: Promotion, line: BasketLine) -> bool:
    """Whether a promotion counts a line."""
    if rule.categories and line.categories.isdisjoint(rule.categories):
        return False
    if rule.skus and not any(fnmatchcase(line.sku, pattern) for pattern in rule.skus):
        return False
    if any(fnmatchcase(line.sku, pattern) for pattern in rule.but):
        return False
    of_money = rule.amount is not None or rule.spend is not None
    return not of_money or line.tax_included == rule.tax_included


def _here(rule: Rule, channel: ChannelCode) -> bool:
    return not rule.channels or channel in rule.channels


def _ordered(rules: Mapping[str, R]) -> list[tuple[str, R]]:
    return sorted(rules.items(), key=lambda one: (-one[1].priority, one[0]))
