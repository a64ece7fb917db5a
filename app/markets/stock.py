"""How many does a marketplace get to sell, and is what it sold there?"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from msgspec import structs

from app.availability import ledger
from app.availability.level_rows import News
from app.availability.model import Aggregate, Availability, AvailabilityStatus
from app.availability.service import NOW, AvailabilityService
from app.locations.model import Places
from app.markets.model import Said, Why, written
from app.ports import StockLevel
from app.pricing.service import PricingService
from app.settings import Channel as ChannelRules
from app.settings import Market as Terms
from app.settings import PriceList
from app.store import Store
from app.upstream.deadline import Deadline
from app.upstream.reader import Inquiry
from app.upstream.report import Report
from app.values import ChannelCode, CurrencyCode, Money, Sku

LOOK_WITHIN = timedelta(seconds=5)
UNKNOWN, NOT_CARRIED = AvailabilityStatus.UNKNOWN, AvailabilityStatus.NOT_CARRIED


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketStock:
    """What one marketplace may sell, and at which prices: as the settings of its channel have it.

    `listed` is the price list that goes before the channel's prices.
    """

    terms: Terms
    channel: ChannelRules
    availability: AvailabilityService
    pricing: PricingService
    store: Store
    listed: PriceList | None = None

    async def hear(self, skus: Collection[Sku], now: datetime) -> Mapping[Sku, Why]:
        """Keep what the systems say now of some SKUs; which of them may be short, and why.

        Raises:
            StoreUnavailable: it is not known to be kept.
        """
        inquiry = _inquiry()
        places = self._places(inquiry)
        spreads = await self.availability.at(skus, places, inquiry, max_age=NOW)
        parts = [part for one in spreads.values() for part in one.parts]
        news = list(_news(parts))
        await self.store.act(partial(ledger.hear, told=news), now=now)
        missing: dict[Sku, Why] = {}
        for sku, spread in spreads.items():
            statuses = {part.status for part in spread.parts}
            if UNKNOWN in statuses or not self._is_whole(places):
                missing[sku] = Why.STOCK_UNKNOWN
            elif statuses <= {NOT_CARRIED}:
                missing[sku] = Why.NOT_CARRIED
        return missing

    def taken(self) -> None:
        """Something was allocated: what this process says of stock has to have it."""
        self.availability.promises_changed()

    async def said(self, skus: Collection[Sku], now: datetime) -> Mapping[Sku, Said]:
        """What we say of some SKUs now."""
        inquiry = _inquiry()
        places = self._places(inquiry)
        found = await self.availability.together(
            skus, places, inquiry, global_buffer=self.terms.buffer
        )
        prices = await self._prices(skus, inquiry, now) if self.terms.prices else {}
        whole = self._is_whole(places)

        def quantity(one: Aggregate) -> int | None:
            units = None if one.status is UNKNOWN else one.available_to_sell or 0
            return units if units or whole else None

        return {sku: Said(quantity(one), prices.get(sku)) for sku, one in found.items()}

    def _is_whole(self, places: Places) -> bool:
        """Whether all the places are known: one that nobody has told of yet may have some."""
        return set(self.terms.locations) <= set(places.codes)

    async def _prices(
        self, skus: Collection[Sku], inquiry: Inquiry, now: datetime
    ) -> Mapping[Sku, str]:
        channel = self.channel.named(self.terms.channel)
        read = await self.pricing.prices(skus, channel=channel, inquiry=inquiry)
        known = {sku: one.value for sku, one in read.items() if one.value is not None}
        prices = {sku: written(one.amount) for sku, one in known.items() if one.tax_included}
        return {**prices, **self._of_list(skus, now)}

    def _of_list(self, skus: Collection[Sku], now: datetime) -> Mapping[Sku, str]:
        told = self.listed
        if told is None or not _holds(told, now, ChannelCode(self.terms.channel)):
            return {}
        amounts = {sku: told.prices[sku] for sku in skus if sku in told.prices}
        currency = CurrencyCode(told.currency)
        return {sku: written(Money(amount, currency)) for sku, amount in amounts.items()}

    def _places(self, inquiry: Inquiry) -> Places:
        rules = self.channel.model_copy(update={"sells_from": self.terms.locations})
        return self.availability.selling(rules, to=None, report=inquiry.report)


def _inquiry() -> Inquiry:
    return Inquiry(Deadline.after(LOOK_WITHIN), Report())


def _holds(told: PriceList, now: datetime, channel: ChannelCode) -> bool:
    begun = told.starts is None or told.starts <= now
    ended = told.ends is not None and told.ends <= now
    return begun and not ended and (not told.channels or channel in told.channels)


def _news(parts: Collection[Availability]) -> Iterator[News]:
    for part in parts:
        if part.status is UNKNOWN or part.as_of is None:
            continue
        spot, as_of = part.spot, part.as_of
        level = part.level or StockLevel(
            sku=spot.sku, location=spot.location, on_hand=0, as_of=as_of
        )
        yield News(structs.replace(level, as_of=as_of), part.source or "")
