"""Which options are there for a basket? Offers and stock in, options out; nobody is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from app.availability.model import FulfilmentMethod
from app.promises.costs import money
from app.promises.emissions import LEVELS, Factors
from app.promises.losing import losers
from app.promises.model import (
    Choice,
    EmissionPart,
    Emissions,
    Leg,
    Line,
    Option,
)
from app.promises.offered import Offer, Offers
from app.promises.offers import Offering
from app.promises.problem import Frontier, Point, Problem
from app.promises.ranking import Preference
from app.promises.search import frontier
from app.promises.steps import Steps
from app.promises.stock import Seen
from app.settings import CarrierService
from app.values import LocationCode

MICROGRAMS = 1_000  # in a milligram


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """What is ordered, and what it is worth to the shopper in `currency`; None: nobody says."""

    lines: tuple[Line, ...]
    grams: tuple[int, ...]
    goods: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One method, and where it goes: `store` hands over, `trip_km` is the shopper's way there.

    `beside`: the store in which the shopper stands, and orders what it does not have. `share`: how
    many targets share the steps of a search.
    """

    method: FulfilmentMethod
    store: LocationCode | None = None
    trip_km: int | None = None
    beside: LocationCode | None = None
    share: int = 1


class Moment(NamedTuple):
    """What could be sent, what is there, and when that is."""

    offers: Offers
    stock: Seen
    now: int


def problem_of(basket: Basket, offers: Offers, stock: Seen, now: int) -> Problem:
    """The question for the search."""
    return Problem(
        demand=tuple(line.quantity for line in basket.lines),
        weights=basket.grams,
        stock=stock.units(offers.locations),
        candidates=offers.candidates,
        since=now - offers.made,
    )


@dataclass(frozen=True, slots=True)
class Quoting:
    """Finds the options and says what they are worth."""

    offering: Offering

    def choice(
        self,
        basket: Basket,
        target: Target,
        at: Moment,
        shared: Steps | None = None,
    ) -> Choice:
        """All options of a method, and why the other locations are in none.

        `shared` are the steps that are left for this and others together.
        """
        offers, stock, now = at
        problem = problem_of(basket, offers, stock, now)
        steps = self.offering.rules.max_steps // target.share
        if shared is not None:
            steps = min(steps, shared.left)
        found = frontier(problem, steps=steps, rivals=offers.rivals)
        if shared is not None:
            shared.spend(found.steps)
        return Choice(
            method=target.method,
            store=target.store,
            options=tuple(
                self.option(basket, target, offers.all, point, now) for point in found.points
            ),
            why=partial(losers, basket.lines, problem, offers, found, stock, self.offering.rules),
            gap=found.gap,
            steps=found.steps,
        )

    def best(
        self, basket: Basket, target: Target, at: Moment, preference: Preference
    ) -> Option | None:
        """Only the option that is preferred, for where nothing else is shown."""
        problem = problem_of(basket, at.offers, at.stock, at.now)
        steps = self.offering.rules.max_steps // target.share
        points = frontier(problem, steps=steps, rivals=at.offers.rivals).points
        if not points:
            return None
        best = preference.best([(point.cost, point.arrival, point.co2) for point in points])
        return self.option(basket, target, at.offers.all, points[best], at.now)

    def none(self, basket: Basket, target: Target, offers: Offers, stock: Seen, now: int) -> Choice:
        """No option, where there is not enough to be sold; and what each location lacks."""
        problem, found = problem_of(basket, offers, stock, now), Frontier((), None, 0)
        return Choice(
            method=target.method,
            store=target.store,
            options=(),
            why=partial(losers, basket.lines, problem, offers, found, stock, self.offering.rules),
            gap=None,
            steps=0,
        )

    def option(
        self, basket: Basket, target: Target, offers: Sequence[Offer], point: Point, now: int
    ) -> Option:
        """What a plan promises."""
        shipped = [(offers[one.candidate], one.units) for one in point.shipments]
        legs = tuple(self._leg(basket, offer, units) for offer, units in shipped)
        rules = self.offering.rules
        services = [self.service(offer) for offer, _ in shipped]
        fee = self.offering.costs.fee(
            [one for one in services if one is not None], basket.currency, basket.goods
        )
        hold = _instant(now) + rules.valid_for
        return Option(
            method=target.method,
            store=target.store,
            earliest=max(leg.earliest for leg in legs),
            latest=max(leg.latest for leg in legs),
            cost_to_customer=money(fee, basket.currency),
            cost_to_retailer=money(point.cost - self.offering.costs.penalty, rules.currency),
            emissions=self._emissions(basket, target, shipped),
            legs=legs,
            split=len(legs) - 1,
            endless_aisle=target.beside is not None
            and all(leg.location != target.beside for leg in legs),
            valid_until=min([hold, *(leg.order_by for leg in legs)]),
        )

    def service(self, offer: Offer) -> CarrierService | None:
        """The carrier's service that an offer goes by."""
        if offer.carrier is None or offer.carrier_service is None:
            return None
        return self.offering.rules.carriers[offer.carrier].services[offer.carrier_service]

    def _leg(self, basket: Basket, offer: Offer, units: tuple[int, ...]) -> Leg:
        load = _load(basket, units)
        cost = offer.tariff.at(load)
        assert cost is not None  # noqa: S101  it is in a plan
        return Leg(
            location=offer.location,
            kind=offer.kind,
            service=offer.service,
            carrier=offer.carrier,
            carrier_service=offer.carrier_service,
            to=offer.to,
            lines=tuple(
                Line(line.sku, count)
                for line, count in zip(basket.lines, units, strict=True)
                if count
            ),
            grams=load,
            collected_at=None if offer.collected_at is None else _instant(offer.collected_at),
            earliest=_instant(offer.earliest),
            latest=_instant(offer.latest),
            order_by=_instant(offer.order_by),
            cost=money(cost - self.offering.costs.penalty, self.offering.rules.currency),
        )

    def _emissions(
        self, basket: Basket, target: Target, shipped: Sequence[tuple[Offer, tuple[int, ...]]]
    ) -> Emissions:
        factors = self.offering.factors
        parts = [
            part
            for offer, units in shipped
            for part in _shipped(factors, offer, units, basket.grams)
        ]
        if target.trip_km is not None:
            value, low, high = (factors.trip(target.trip_km, level) for level in LEVELS)
            parts.append(EmissionPart(factor="car.km", value=value, low=low, high=high))
        return Emissions(
            value=sum(part.value for part in parts),
            low=sum(part.low for part in parts),
            high=sum(part.high for part in parts),
            parts=tuple(parts),
            boundary=factors.boundary,
            method=factors.method,
            factor_set=factors.name,
        )


def _shipped(
    factors: Factors, offer: Offer, units: tuple[int, ...], grams: tuple[int, ...]
) -> list[EmissionPart]:
    parts = []
    for factor, count in offer.emitted.each:
        value, low, high = (count * factors.each(factor, level) for level in LEVELS)
        parts.append(EmissionPart(factor=factor, value=value, low=low, high=high))
    if offer.emitted.haul is not None:
        rates = (factors.rate(offer.emitted.haul, offer.emitted.km, level) for level in LEVELS)
        value, low, high = (_hauled(units, grams, rate) for rate in rates)
        parts.append(EmissionPart(factor=offer.emitted.haul, value=value, low=low, high=high))
    return parts


def _hauled(units: tuple[int, ...], grams: tuple[int, ...], rate: int) -> int:
    """Milligrams of what is sent."""
    load = sum(count * each for count, each in zip(units, grams, strict=True))
    return (load * rate + MICROGRAMS // 2) // MICROGRAMS


def _load(basket: Basket, units: tuple[int, ...]) -> int:
    return sum(count * each for count, each in zip(units, basket.grams, strict=True))


def _instant(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
