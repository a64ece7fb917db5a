"""The nouns of promises."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from app.availability.model import FulfilmentMethod
from app.upstream.report import Freshness
from app.values import CountryCode, LocationCode, LocationKind, Money, Sku


class Line(NamedTuple):
    """So many units of a SKU are wanted."""

    sku: Sku
    quantity: int


class Destination(NamedTuple):
    """Where a shopper is, as far as it matters."""

    country: CountryCode
    postal_code: str | None = None


class Service(StrEnum):
    """How one shipment goes."""

    STANDARD = "STANDARD"
    EXPRESS = "EXPRESS"
    NEXT_DAY = "NEXT_DAY"
    FROM_SHELF = "FROM_SHELF"
    FROM_SHELF_EXPRESS = "FROM_SHELF_EXPRESS"
    TRANSFER = "TRANSFER"
    RESERVED = "RESERVED"


class Objective(StrEnum):
    """What an option can be good at."""

    COST = "COST"
    SPEED = "SPEED"
    EMISSIONS = "EMISSIONS"


class Reason(StrEnum):
    """Why a location is in no option."""

    FENCED = "FENCED"
    SERVICE_NOT_OFFERED = "SERVICE_NOT_OFFERED"
    NO_LANE = "NO_LANE"
    NO_OPENING_HOURS = "NO_OPENING_HOURS"
    NO_CAPACITY = "NO_CAPACITY"
    UNKNOWN_STOCK = "UNKNOWN_STOCK"
    NOT_CARRIED = "NOT_CARRIED"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    NOT_ENOUGH_STOCK = "NOT_ENOUGH_STOCK"
    TOO_HEAVY = "TOO_HEAVY"
    DOMINATED = "DOMINATED"
    NOT_LOOKED_AT = "NOT_LOOKED_AT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """By how much the best that a location can do is behind an option; zero: not behind."""

    cost: Money
    seconds: int
    milligrams: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A location that is in no option, why, and what would change that."""

    location: LocationCode
    reason: Reason
    change: str
    lacking: Mapping[Sku, int]
    margin: Margin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmissionPart:
    """One part of an estimate, in milligrams, and the factor it was made with."""

    factor: str
    value: int
    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Emissions:
    """An estimate of CO2e in milligrams."""

    value: int
    low: int
    high: int
    parts: tuple[EmissionPart, ...]
    boundary: str
    method: str
    factor_set: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """What goes from one location by one service; `carrier` None: nobody carries it.

    `order_by` is the last moment at which an order still goes this way.
    """

    location: LocationCode
    kind: LocationKind
    service: Service
    carrier: str | None
    carrier_service: str | None
    to: LocationCode | None
    lines: tuple[Line, ...]
    grams: int
    collected_at: datetime | None
    earliest: datetime
    latest: datetime
    order_by: datetime
    cost: Money


def unsealed(_option: "Option") -> str:
    """An option that was only thought of."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A dated promise with its costs, its emissions, and how it is kept."""

    method: FulfilmentMethod
    store: LocationCode | None
    earliest: datetime
    latest: datetime
    cost_to_customer: Money
    cost_to_retailer: Money
    emissions: Emissions
    legs: tuple[Leg, ...]
    split: int
    endless_aisle: bool
    valid_until: datetime
    seal: Callable[["Option"], str] = field(default=unsealed, compare=False, repr=False)

    @property
    def token(self) -> str:
        """The promise as the shopper carries it, made when it is asked for."""
        return self.seal(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """All options of one method, to one place, and what was left out of them.

    `gap` None: the set is exact. Otherwise no plan that was not seen is better than an option here
    by more than that share in any respect (millionths).
    """

    method: FulfilmentMethod
    store: LocationCode | None
    options: tuple[Option, ...]
    gap: int | None
    steps: int
    why: Callable[[], tuple[Exclusion, ...]] = field(compare=False, repr=False)

    @property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """Every location that is in no option; worked out when it is asked for."""
        return self.why()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What can be promised, the option that the retailer prefers, and what was not known."""

    lines: tuple[Line, ...]
    choices: tuple[Choice, ...]
    preferred: Option | None
    short: Mapping[Sku, int]
    unknown: tuple[LocationCode, ...]
    as_of: datetime | None
    freshness: Freshness
    rules_version: str
    factor_version: str
