"""How does the retailer promise? Carriers, calendars, costs and rules, all of them data."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from app.settings.retail import known_hours, known_zone
from app.settings.words import Code, Name, Positive, Section

T = TypeVar("T")
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Amount = Annotated[Decimal, Field(ge=0, le=1_000_000, max_digits=12, decimal_places=4)]
Grams = Annotated[int, Field(ge=1, le=100_000_000)]
HoursExpression = Annotated[str, AfterValidator(known_hours)]
Objective = Literal["COST", "SPEED", "EMISSIONS"]
Method = Literal["SHIP_TO_HOME", "PICK_UP_IN_STORE", "RESERVE_IN_STORE"]
Prices = Annotated[tuple[tuple[Grams, Amount], ...], Field(min_length=1)]


def _rising(prices: Prices) -> Prices:
    pairs = list(pairwise(prices))
    if any(one[0] >= other[0] or one[1] > other[1] for one, other in pairs):
        raise ValueError("prices must rise with the weight, one line a limit in grams")
    return prices


RisingPrices = Annotated[Prices, AfterValidator(_rising)]


class Lane(Section):
    """Where a service goes from where, and what it costs there.

    `prefixes` of postal codes; none: the rest of the countries. `days` are the fewest and the most
    days of delivery after the day of collection; `prices` by weight of the parcel, up to the limit.
    """

    origins: tuple[Country, ...] = Field(min_length=1)
    to: tuple[Country, ...] = Field(min_length=1)
    prefixes: tuple[str, ...] = ()
    days: tuple[Annotated[int, Field(ge=0, le=30)], Annotated[int, Field(ge=0, le=30)]]
    prices: RisingPrices

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.days[0] > self.days[1]:
            raise ValueError("days are the fewest, then the most")
        return self


class CarrierService(Section):
    """A service of a carrier.

    `collects` says when it comes to a location: the beginning of each period is the cut-off by
    which a parcel must be ready. `delivers` are its days and hours at the destination. Both follow
    OpenStreetMap's opening hours; `PH` are the public holidays of the country. `fees` are what the
    shopper pays, by currency, and nothing from `free_from` of goods on.
    """

    speed: Literal["STANDARD", "EXPRESS", "NEXT_DAY"]
    collects: HoursExpression
    delivers: HoursExpression
    line_haul: str = "road.hgv"
    last_mile: str = "van.drop"
    hubs: int = Field(default=2, ge=0, le=10)
    fees: Mapping[Currency, Amount] = Field(default_factory=dict)
    free_from: Mapping[Currency, Amount] = Field(default_factory=dict)
    lanes: tuple[Lane, ...] = Field(min_length=1)


class Carrier(Section):
    """A carrier and its services."""

    services: Mapping[Name, CarrierService] = Field(min_length=1)


class Transfers(Section):
    """How goods come from a location to the store where they are collected.

    `receiving` is how long the store needs, in its opening hours, until they can be handed over.
    """

    collects: HoursExpression
    days: Annotated[int, Field(ge=0, le=30)] = 1
    receiving: timedelta = timedelta(hours=2)
    line_haul: str = "road.hgv"
    within: tuple[tuple[Country, ...], ...] = ()
    prices: RisingPrices


class Workplace(Section):
    """How a location works for orders.

    `hours` count where nobody tells of opening hours. `preparation` and `express_preparation` are
    working time; `handling` is what each shipment costs in work and packaging. A slot lasts a
    minute to a day and takes `slot_orders` orders, none said: any number.
    """

    hours: HoursExpression | None = None
    preparation: Positive = timedelta(hours=2)
    express_preparation: Positive = timedelta(minutes=45)
    handling: Amount = Decimal(0)
    slot: Annotated[Positive, Field(ge=timedelta(minutes=1), le=timedelta(days=1))] = timedelta(
        hours=1
    )
    slot_orders: int | None = Field(default=None, ge=1)


class Fence(Section):
    """What is not done: from these locations, by these methods, to these countries (none: all)."""

    locations: tuple[str, ...] = ("*",)
    methods: tuple[Method, ...] = ()
    to: tuple[Country, ...] = ()
    because: str = Field(min_length=1, max_length=200)


class Cell(Section):
    """Part of a country in which all addresses are treated alike; the longest prefix counts."""

    country: Country
    prefixes: tuple[str, ...] = ("",)
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    time_zone: Annotated[str, AfterValidator(known_zone)]


class Weights(Section):
    """How much each objective counts when one option is to be named."""

    cost: int = Field(default=1, ge=0, le=1000)
    speed: int = Field(default=1, ge=0, le=1000)
    emissions: int = Field(default=1, ge=0, le=1000)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.cost or self.speed or self.emissions):
            raise ValueError("one of cost, speed and emissions must count")
        return self


class Signing(Section):
    """The keys of promise tokens: `current` signs, `previous` is still believed."""

    current: Mapping[str, str]
    previous: Mapping[str, str] | None = None


class Promises(Section):
    """Everything about promises; without carriers nothing is delivered.

    Costs to the retailer are in `currency`. Each shipment beyond the first costs `split_penalty`
    more. An answer holds for `valid_for` at most. `unit_grams` by patterns of SKUs, first match.
    """

    currency: Currency = "EUR"
    split_penalty: Amount = Decimal(0)
    order: tuple[Objective, ...] = ("COST", "SPEED", "EMISSIONS")
    weights: Weights | None = None
    valid_for: Positive = timedelta(minutes=15)
    max_steps: int = Field(default=8_000, ge=100, le=10_000_000)
    nearest_stores: int = Field(default=3, ge=1, le=20)
    unit_grams: Mapping[str, Grams] = Field(default_factory=lambda: {"*": 500})
    carriers: Mapping[Name, Carrier] = Field(default_factory=dict)
    transfers: Transfers | None = None
    workplaces: Mapping[str, Workplace] = Field(default_factory=lambda: {"*": Workplace()})
    fences: tuple[Fence, ...] = ()
    cells: Mapping[Code, Cell] = Field(default_factory=dict)
    signing: Signing | None = None

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.order)) != len(self.order) or not self.order:
            raise ValueError("order names each of COST, SPEED and EMISSIONS at most once")
        return self

    def workplace(self, code: str) -> Workplace:
        """How a location works: the first pattern that matches."""
        return next(_matching(code, self.workplaces), Workplace())

    def grams(self, sku: str) -> int:
        """What a unit weighs: the first pattern that matches."""
        return next(_matching(sku, self.unit_grams), 500)


def _matching(name: str, patterns: Mapping[str, T]) -> Iterator[T]:
    return (one for pattern, one in patterns.items() if fnmatchcase(name, pattern))
