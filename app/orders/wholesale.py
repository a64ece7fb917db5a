"""What does a partner ask for, may it have it, and what becomes of it? Rules without a store."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.availability.model import Spread
from app.availability.refusals import InsufficientStock, Shortage, StockUnknown
from app.carts.hearing import known
from app.carts.model import HeldUnits
from app.orders.making import parts_of
from app.orders.model import Order, OrderNumber, OrderState
from app.orders.refusals import CurrencyNotAllowed, PartnerPriceChanged, SkusNotOffered
from app.orders.replacing import Route
from app.partners.model import Item
from app.partners.terms import PartnerPrice, Terms
from app.ports import Address, Buyer, Promised, SoldLine
from app.promises.model import Line, Option
from app.promises.question import merged
from app.promises.ranking import Preference
from app.store.keys import Once
from app.values import CurrencyCode, FulfilmentMethod, LocationCode, Money, Sku, rounded


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerOrder:
    """What a partner says: its `reference`, what goes where to whom, and how it is settled.

    Without a `currency` it is the first of the partner's; without a `preference` the way is the one
    that the retailer prefers.
    """

    once: Once
    reference: str
    lines: tuple[Line, ...]
    buyer: Buyer
    address: Address
    currency: CurrencyCode | None = None
    preference: Preference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked, on whose terms: each SKU once, and what a unit of it costs."""

    terms: Terms
    asked: PartnerOrder
    units: Mapping[Sku, int]
    prices: Mapping[Sku, PartnerPrice]
    currency: CurrencyCode

    @property
    def lines(self) -> tuple[Line, ...]:
        """Each SKU once, in order."""
        return tuple(Line(sku, units) for sku, units in self.units.items())


def wanted_of(terms: Terms, asked: PartnerOrder, now: datetime) -> Wanted:
    """What is asked, if the partner may ask it.

    Raises:
        QuantityRefused: so many units, or lines, cannot be ordered.
        CurrencyNotAllowed: the partner does not buy in it.
        SkusNotOffered: it does not see some SKUs, or there is no price for it.
    """
    units = {line.sku: line.quantity for line in merged(asked.lines)}
    allowed = terms.currencies
    currency = asked.currency or next(iter(allowed), None)
    if currency is None or currency not in allowed:
        raise CurrencyNotAllowed(allowed)
    if foreign := [sku for sku in units if not terms.sees(sku)]:
        raise SkusNotOffered(foreign, priced=True)
    prices = {sku: terms.price(sku, currency, now) for sku in units}
    found = {sku: price for sku, price in prices.items() if price is not None}
    return Wanted(terms=terms, asked=asked, units=units, prices=found, currency=currency)


def offers(wanted: Wanted, items: Mapping[Sku, Item]) -> None:
    """See that the partner was told of all of it, and of the prices that hold now.

    Raises:
        SkusNotOffered: it was not told of some SKUs, or of no price for them.
        PartnerPriceChanged: it was told of others.
    """
    if missing := [sku for sku in wanted.units if sku not in items]:
        raise SkusNotOffered(missing, priced=True)
    told = {sku: _told_price(items[sku], wanted.currency) for sku in wanted.units}
    if unpriced := [sku for sku, price in told.items() if not (price and sku in wanted.prices)]:
        raise SkusNotOffered(unpriced, priced=False)
    before = _total(wanted, {sku: price for sku, price in told.items() if price})
    after = _total(wanted, {sku: wanted.prices[sku].amount for sku in told})
    if any(told[sku] != wanted.prices[sku].amount for sku in told):
        raise PartnerPriceChanged(before, after)


def _told_price(item: Item, currency: CurrencyCode) -> Money | None:
    return next((one for one in item.stock.prices if one.currency == currency), None)


def _total(wanted: Wanted, prices: Mapping[Sku, Money]) -> Money:
    whole = (rounded(price, wanted.units[sku]).amount for sku, price in prices.items())
    return Money(sum(whole, Decimal(0)), wanted.currency)


def told_enough(wanted: Wanted, items: Mapping[Sku, Item]) -> None:
    """See that the partner was told of as many units.

    Raises:
        StockUnknown: it was told that nobody knows.
        InsufficientStock: it was told of fewer.
    """
    told = {sku: items[sku].stock.available for sku in wanted.units}
    enough(wanted, told, unknown=[sku for sku, units in told.items() if units is None])


def there(
    spreads: Mapping[Sku, Spread], buffer: int, places: Collection[LocationCode]
) -> Mapping[Sku, int | None]:
    """Units of each SKU that can leave from places, without touching the buffer; None: unknown."""
    return {sku: _there(spread, buffer, places) for sku, spread in spreads.items()}


def _there(spread: Spread, buffer: int, places: Collection[LocationCode]) -> int | None:
    total = spread.together(global_buffer=buffer).available_to_sell
    here = [part for part in spread.parts if part.spot.location in places]
    if total is None or not any(map(known, here)):
        return None if here else 0
    return min(total, sum(part.available_to_sell or 0 for part in here))


def enough(wanted: Wanted, left: Mapping[Sku, int | None], *, unknown: Collection[Sku]) -> None:
    """See that there is as much as is asked.

    Raises:
        InsufficientStock: there is less of something.
        StockUnknown: there may be less, and nobody can say.
    """
    short = [sku for sku, asked in wanted.units.items() if (left[sku] or 0) < asked]
    if doubtful := [sku for sku in short if sku in unknown]:
        raise StockUnknown(_shortages(wanted, doubtful, left))
    if short:
        raise InsufficientStock(_shortages(wanted, short, left))


def order_of(
    wanted: Wanted,
    units: Sequence[HeldUnits],
    option: Option,
    *,
    number: OrderNumber,
    now: datetime,
    route: Route,
) -> Order:
    """The order, settled on account: what it costs is written down, and nobody is charged.

    Raises:
        NobodyCarriesOut: nobody takes orders for where it comes from.
    """
    lines = tuple(_line(one, wanted.prices[one.sku]) for one in units)
    total = sum((line.total.amount for line in lines), Decimal(0))
    asked = wanted.asked
    return Order(
        number=number,
        state=OrderState.PENDING_CONFIRMATION,
        cart=None,
        channel=wanted.terms.channel,
        placed_at=now,
        buyer=asked.buyer,
        address=asked.address,
        method=FulfilmentMethod.SHIP_TO_HOME,
        promised=Promised(earliest=option.earliest, latest=option.latest),
        promise_token=option.token,
        delivery=Money(Decimal(0), wanted.currency),
        total=Money(total, wanted.currency),
        partner=wanted.terms.name,
        reference=asked.reference,
        charge=None,
        handings=parts_of(lines, route),
    )


def _line(units: HeldUnits, price: PartnerPrice) -> SoldLine:
    return SoldLine(
        sku=units.sku,
        quantity=units.quantity,
        unit_price=price.amount,
        location=units.location,
        components=units.components,
        price_list=price.rule,
    )


def _shortages(
    wanted: Wanted, skus: Sequence[Sku], left: Mapping[Sku, int | None]
) -> list[Shortage]:
    return [Shortage(sku=sku, asked=wanted.units[sku], available=left[sku]) for sku in skus]
