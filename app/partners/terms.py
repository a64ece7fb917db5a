"""On which terms does a partner sell? What it sees, what it pays, and in which currencies."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import NamedTuple, Self

from app.settings import Channel as ChannelRules
from app.settings import Partner, PriceList, Settings
from app.values import ChannelCode, CurrencyCode, Money, Sku


class PartnerPrice(NamedTuple):
    """What a partner pays for a unit; `rule` is the price list that says so."""

    amount: Money
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The settings of a partner, with the lists that it pays by, the first to count first.

    `selling` are the rules of its channel as they hold for it: its own locations and buffer.
    """

    name: str
    told: Partner
    channel: ChannelCode
    selling: ChannelRules
    lists: tuple[tuple[str, PriceList], ...]

    @classmethod
    def of(cls, name: str, settings: Settings) -> Self:
        """Those of one partner."""
        told = settings.partners[name]
        channel = told.channel or settings.first_channel
        lists = [(one, settings.pricing.lists[one]) for one in told.price_list]
        selling = settings.channels[channel].model_copy(
            update={"sells_from": told.locations, "global_buffer": told.buffer}
        )
        return cls(
            name=name,
            told=told,
            channel=ChannelCode(channel),
            selling=selling,
            lists=tuple(sorted(lists, key=lambda one: (-one[1].priority, one[0]))),
        )

    @property
    def currencies(self) -> tuple[CurrencyCode, ...]:
        """Those that it may buy in; the first one if it does not say."""
        said = self.told.currencies or tuple(one.currency for _, one in self.lists)
        return tuple(CurrencyCode(one) for one in dict.fromkeys(said))

    def sees(self, sku: Sku) -> bool:
        """Whether a SKU is one of its patterns."""
        return any(fnmatchcase(sku, pattern) for pattern in self.told.skus)

    def price(self, sku: Sku, currency: CurrencyCode, now: datetime) -> PartnerPrice | None:
        """What a unit costs it; None where none of its lists says."""
        for name, one in self.lists:
            amount = one.prices.get(sku)
            if one.currency == currency and amount is not None and self._holds(one, now):
                return PartnerPrice(Money(amount, currency), name)
        return None

    def prices(self, sku: Sku, now: datetime) -> tuple[Money, ...]:
        """The same in each of its currencies that there is a price in."""
        found = (self.price(sku, currency, now) for currency in self.currencies)
        return tuple(one.amount for one in found if one is not None)

    def _holds(self, one: PriceList, now: datetime) -> bool:
        begun = one.starts is None or one.starts <= now
        here = not one.channels or self.channel in one.channels
        return begun and here and (one.ends is None or now < one.ends)


def terms_of(settings: Settings) -> Mapping[str, Terms]:
    """Those of every partner, by name."""
    return {name: Terms.of(name, settings) for name in settings.partners}
