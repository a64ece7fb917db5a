"""What takes the place of parts that were refused? The same units at the same price, elsewhere.

However units are shared out, the new parts cost together what the old ones did, to the last minor
unit. A bundle stays one unit: it is put together at one place.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from app.availability.model import Spot
from app.availability.repository import Demand
from app.orders.model import Handing, HandingState
from app.ports import SoldLine
from app.pricing.amounts import Units, apportioned, minor, money, placed, together
from app.values import Discount, LocationCode, Money, Sku, minor_unit, rounded

Route = Callable[[LocationCode], str | None]
"""Which sink takes orders for a location."""


class _Price(NamedTuple):
    """What a unit of a line costs, and what is taken off all of the line."""

    unit: Money
    off: tuple[Discount, ...]


def parts(refused: Collection[Handing], demand: Demand, *, route: Route) -> list[Handing]:
    """One for each sink; the first has what the buyer pays for the way, if a refused one had."""
    sold = {line.sku: line for line in lines_of(refused)}
    prices = _prices(lines_of(refused), demand)
    fee = any(one.with_fee for one in refused)
    spots = sorted(demand, key=lambda spot: (str(route(spot.location)), spot))
    by_sink = groupby(spots, key=lambda spot: str(route(spot.location)))
    return [
        Handing(
            sink=sink,
            state=HandingState.WAITING,
            with_fee=fee and number == 0,
            lines=tuple(_line(sold[at.sku], at, demand[at], prices[at]) for at in there),
        )
        for number, (sink, there) in enumerate(by_sink)
    ]


def lines_of(some: Iterable[Handing]) -> list[SoldLine]:
    """The lines of parts."""
    return [line for one in some for line in one.lines]


def _line(sold: SoldLine, at: Spot, quantity: int, price: _Price) -> SoldLine:
    return SoldLine(
        sku=at.sku,
        quantity=quantity,
        unit_price=price.unit,
        location=at.location,
        components=sold.components,
        discounts=price.off,
        price_list=sold.price_list,
    )


def _prices(lines: Collection[SoldLine], demand: Demand) -> Mapping[Spot, _Price]:
    """The prices of lines, shared out over where their units come from now."""
    spots = sorted(demand)
    units = [Units(spot.sku, demand[spot]) for spot in spots]
    given = {sku: [one for line in its for one in line.discounts] for sku, its in _by_sku(lines)}
    off = placed(units, {sku: together(its) for sku, its in given.items()})
    taken = dict(zip(spots, off, strict=True))
    found: dict[Spot, _Price] = {}
    for sku, its in _by_sku(lines):
        there = {spot: taken[spot] for spot in spots if spot.sku == sku}
        found |= _shared(its, there, demand)
    return found


def _by_sku(lines: Collection[SoldLine]) -> list[tuple[Sku, list[SoldLine]]]:
    skus = dict.fromkeys(line.sku for line in lines)
    return [(sku, [line for line in lines if line.sku == sku]) for sku in skus]


def _shared(
    lines: Collection[SoldLine], off: Mapping[Spot, tuple[Discount, ...]], demand: Demand
) -> dict[Spot, _Price]:
    """The price of a unit everywhere, unless its fractions of minor units would not add up."""
    price = next(iter(lines)).unit_price
    cost = sum((rounded(one.unit_price, one.quantity).amount for one in lines), Decimal(0))
    if cost == sum((rounded(price, demand[spot]).amount for spot in off), Decimal(0)):
        return {spot: _Price(price, taken) for spot, taken in off.items()}
    currency = price.currency
    gone = {spot: sum((one.amount.amount for one in off[spot]), Decimal(0)) for spot in off}
    left = minor(cost - sum(gone.values(), Decimal(0)), currency)
    shares = apportioned(left, [demand[spot] for spot in off])
    costs = {
        spot: money(share, currency).amount + gone[spot]
        for spot, share in zip(off, shares, strict=True)
    }
    return {
        spot: _Price(_each(Money(costs[spot], currency), demand[spot]), taken)
        for spot, taken in off.items()
    }


def _each(cost: Money, quantity: int) -> Money:
    """What one of some units costs that cost so much together, in as few digits as will do."""
    unit = minor_unit(cost.currency)
    while True:
        each = Money((cost.amount / quantity).quantize(unit), cost.currency)
        if rounded(each, quantity).amount == cost.amount:
            return each
        unit /= 10
