"""GraphQL face of promises: options, how each is kept, and why other locations lost."""

from collections.abc import Callable
from datetime import datetime
from typing import Self

import strawberry

from app.api.hints import AS_ITS_OWNER, NOT, kept
from app.api.locations import Location
from app.api.pricing import Money
from app.availability.model import FulfilmentMethod
from app.promises import model
from app.promises.model import Reason, Service
from app.upstream.report import Freshness
from app.values import LocationCode, Sku

GRAM = 1_000  # milligrams
MILLION = 1_000_000
Places = Callable[[LocationCode], Location]


@strawberry.type(description="Units of one variant.", directives=AS_ITS_OWNER)
class PromiseLine:
    """A line, or a part of one."""

    sku: Sku = strawberry.field(description="The variant.")
    quantity: int = strawberry.field(description="Units.")

    @classmethod
    def of(cls, line: model.Line) -> Self:
        """Dress a line."""
        return cls(sku=line.sku, quantity=line.quantity)


@strawberry.type(
    description="One part of an estimate, and the factor it was made with.", directives=AS_ITS_OWNER
)
class EmissionPart:
    """What can be checked by hand."""

    factor: str = strawberry.field(description="Id of the factor in its set.")
    grams: float = strawberry.field(description="Grams of CO2e.")
    low: float = strawberry.field(description="The least it may be, in grams.")
    high: float = strawberry.field(description="The most it may be, in grams.")


@strawberry.type(
    description="An estimate of emissions, and how it was made.", directives=AS_ITS_OWNER
)
class EmissionEstimate:
    """Not a measurement."""

    grams: float = strawberry.field(description="Grams of CO2e.")
    low: float = strawberry.field(description="The least it may be, in grams.")
    high: float = strawberry.field(description="The most it may be, in grams.")
    parts: list[EmissionPart] = strawberry.field(description="What adds up to it.")
    boundary: str = strawberry.field(description="What is counted: WTW is well to wheel.")
    method: str = strawberry.field(description="The method of the estimate.")
    factor_set: str = strawberry.field(description="The set of factors and its version.")

    @classmethod
    def of(cls, told: model.Emissions) -> Self:
        """Dress an estimate."""
        return cls(
            grams=told.value / GRAM,
            low=told.low / GRAM,
            high=told.high / GRAM,
            parts=[
                EmissionPart(
                    factor=part.factor,
                    grams=part.value / GRAM,
                    low=part.low / GRAM,
                    high=part.high / GRAM,
                )
                for part in told.parts
            ],
            boundary=told.boundary,
            method=told.method,
            factor_set=told.factor_set,
        )


@strawberry.type(description="What goes from one location by one service.", directives=AS_ITS_OWNER)
class PromiseLeg:
    """One shipment, or what is taken from a shelf."""

    location: Location = strawberry.field(description="Where it comes from.")
    service: Service = strawberry.field(description="How it goes.")
    carrier: str | None = strawberry.field(description="Who carries it; null when nobody does.")
    carrier_service: str | None = strawberry.field(description="The carrier's service.")
    to: Location | None = strawberry.field(description="The store it goes to, if it is one.")
    lines: list[PromiseLine] = strawberry.field(description="What it holds.")
    grams: int = strawberry.field(description="What it weighs.")
    collected_at: datetime | None = strawberry.field(description="When the carrier collects it.")
    earliest: datetime = strawberry.field(description="When it is there at the earliest.")
    latest: datetime = strawberry.field(description="When it is there at the latest.")
    order_by: datetime = strawberry.field(description="The last moment to order it like this.")
    cost: Money = strawberry.field(description="What it costs the retailer, by itself.")

    @classmethod
    def of(cls, leg: model.Leg, at: Places) -> Self:
        """Dress a leg."""
        return cls(
            location=at(leg.location),
            service=leg.service,
            carrier=leg.carrier,
            carrier_service=leg.carrier_service,
            to=None if leg.to is None else at(leg.to),
            lines=[PromiseLine.of(line) for line in leg.lines],
            grams=leg.grams,
            collected_at=leg.collected_at,
            earliest=leg.earliest,
            latest=leg.latest,
            order_by=leg.order_by,
            cost=Money.of(leg.cost),
        )


@strawberry.type(
    description="A dated promise: when, at what cost, with what emissions, and how.",
    directives=kept(NOT),
)
class PromiseOption:
    """No other option is better in all respects."""

    method: FulfilmentMethod = strawberry.field(description="How it reaches the shopper.")
    store: Location | None = strawberry.field(description="The store that hands it over, if any.")
    earliest: datetime = strawberry.field(description="When everything is there at the earliest.")
    latest: datetime = strawberry.field(description="When everything is there at the latest.")
    cost_to_customer: Money = strawberry.field(description="What the shopper pays for it.")
    cost_to_retailer: Money = strawberry.field(
        description="What it costs the retailer, split penalties included."
    )
    emissions: EmissionEstimate = strawberry.field(description="What it emits.")
    legs: list[PromiseLeg] = strawberry.field(description="Which location sends what.")
    split: int = strawberry.field(description="Shipments beyond the first.")
    endless_aisle: bool = strawberry.field(
        description="Whether nothing of it comes from the store in which the shopper stands."
    )
    valid_until: datetime = strawberry.field(description="Until when it can be ordered like this.")
    told: strawberry.Private[model.Option]

    @strawberry.field(
        description="The promise, signed: give it back to have it checked. It is not secret."
    )
    def token(self) -> str:
        """Made when it is asked for."""
        return self.told.token

    @classmethod
    def of(cls, option: model.Option, at: Places) -> Self:
        """Dress an option."""
        return cls(
            method=option.method,
            store=None if option.store is None else at(option.store),
            earliest=option.earliest,
            latest=option.latest,
            cost_to_customer=Money.of(option.cost_to_customer),
            cost_to_retailer=Money.of(option.cost_to_retailer),
            emissions=EmissionEstimate.of(option.emissions),
            legs=[PromiseLeg.of(leg, at) for leg in option.legs],
            split=option.split,
            endless_aisle=option.endless_aisle,
            valid_until=option.valid_until,
            told=option,
        )


@strawberry.type(
    description="How much better a location would have to be, in one respect alone.",
    directives=AS_ITS_OWNER,
)
class PromiseMargin:
    """More than any one of these puts it among the options."""

    cost: Money = strawberry.field(description="Less cost to the retailer than by this.")
    seconds: int = strawberry.field(description="Sooner by more than these seconds.")
    grams: float = strawberry.field(description="Cleaner by more than these grams of CO2e.")


@strawberry.type(description="A location that is in no option, and why.", directives=AS_ITS_OWNER)
class PromiseExclusion:
    """Nothing is left out without a word."""

    location: Location = strawberry.field(description="The location.")
    reason: Reason = strawberry.field(description="Why it is in no option.")
    change: str = strawberry.field(description="What would change that.")
    lacking: list[PromiseLine] = strawberry.field(description="Units it does not have.")
    margin: PromiseMargin | None = strawberry.field(
        description="How far it is behind, where it could send everything."
    )

    @classmethod
    def of(cls, told: model.Exclusion, at: Places) -> Self:
        """Dress an exclusion."""
        margin = told.margin
        return cls(
            location=at(told.location),
            reason=told.reason,
            change=told.change,
            lacking=[PromiseLine(sku=sku, quantity=n) for sku, n in told.lacking.items()],
            margin=None
            if margin is None
            else PromiseMargin(
                cost=Money.of(margin.cost),
                seconds=margin.seconds,
                grams=margin.milligrams / GRAM,
            ),
        )


@strawberry.type(description="All options of one method, to one place.", directives=AS_ITS_OWNER)
class PromiseChoice:
    """The best in cost, time and emissions, and all that lies between."""

    method: FulfilmentMethod = strawberry.field(description="How it reaches the shopper.")
    store: Location | None = strawberry.field(description="The store that hands it over, if any.")
    options: list[PromiseOption] = strawberry.field(
        description="Soonest first; none is better than another in all respects."
    )
    exact: bool = strawberry.field(description="Whether these are proven to be all there are.")
    gap: float = strawberry.field(
        description="No plan is better than an option here by more than this share; 0 if exact."
    )
    told: strawberry.Private[model.Choice]
    places: strawberry.Private[Places]

    @strawberry.field(description="Locations that are in no option, and why.")
    def excluded(self) -> list[PromiseExclusion]:
        """Worked out when it is asked for."""
        return [PromiseExclusion.of(one, self.places) for one in self.told.exclusions]

    @classmethod
    def of(cls, choice: model.Choice, at: Places) -> Self:
        """Dress a choice."""
        return cls(
            method=choice.method,
            store=None if choice.store is None else at(choice.store),
            options=[PromiseOption.of(option, at) for option in choice.options],
            exact=choice.gap is None,
            gap=(choice.gap or 0) / MILLION,
            told=choice,
            places=at,
        )


@strawberry.type(
    description="A variant of which less may be sold than is wanted.", directives=AS_ITS_OWNER
)
class PromiseShortage:
    """Over all locations that could say, less the retailer's buffer."""

    sku: Sku = strawberry.field(description="The variant.")
    available: int = strawberry.field(description="Units that are known to be there.")


@strawberry.type(description="What can be promised for a basket.", directives=kept(NOT))
class PromiseOptions:
    """An answer, even where nothing can be promised."""

    lines: list[PromiseLine] = strawberry.field(description="What was asked, each variant once.")
    choices: list[PromiseChoice] = strawberry.field(description="By method and store.")
    preferred: PromiseOption | None = strawberry.field(
        description="The option that comes first by the preference; null if there is none."
    )
    shortages: list[PromiseShortage] = strawberry.field(description="What there is too little of.")
    unknown_locations: list[Location] = strawberry.field(
        description="Locations that could not say what they have; nothing is promised from there."
    )
    as_of: datetime | None = strawberry.field(description="The oldest statement of stock.")
    freshness: Freshness = strawberry.field(description="The worst freshness of stock.")
    rules_version: str = strawberry.field(description="Changes with the retailer's rules.")
    factor_set: str = strawberry.field(description="The set of emission factors, with version.")

    @classmethod
    def of(cls, answer: model.Answer, at: Places) -> Self:
        """Dress an answer."""
        preferred = answer.preferred
        return cls(
            lines=[PromiseLine.of(line) for line in answer.lines],
            choices=[PromiseChoice.of(choice, at) for choice in answer.choices],
            preferred=None if preferred is None else PromiseOption.of(preferred, at),
            shortages=[PromiseShortage(sku=sku, available=n) for sku, n in answer.short.items()],
            unknown_locations=[at(code) for code in answer.unknown],
            as_of=answer.as_of,
            freshness=answer.freshness,
            rules_version=answer.rules_version,
            factor_set=answer.factor_version,
        )
