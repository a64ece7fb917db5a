"""GraphQL face of availability."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import starmap
from typing import NamedTuple, Self

import strawberry

from app.api.hints import AS_ITS_OWNER, STOCK, kept
from app.api.light import light
from app.api.locations import Dressed, Location
from app.availability import model
from app.availability.model import AvailabilityStatus
from app.availability.service import MANY
from app.engine.unchanging import Unchanging, UnchangingList
from app.ports import IncomingSupply as Supply
from app.ports import StockLevel
from app.upstream.readings import Faces, Together
from app.upstream.report import Freshness
from app.values import CountryCode, Sku


@strawberry.input(description="Where goods are to be sent.")
class DestinationInput:
    """A shopper's address, as far as it matters for stock."""

    country: CountryCode = strawberry.field(description="Country.")
    postal_code: str | None = strawberry.field(default=None, description="Postal code.")


@strawberry.type(description="Units on their way to a location.", directives=AS_ITS_OWNER)
class IncomingSupply:
    """Supply that is not there yet."""

    quantity: int = strawberry.field(description="Units.")
    expected_at: datetime | None = strawberry.field(
        description="When they are expected; null without a date."
    )

    @classmethod
    def of(cls, supply: Supply) -> Self:
        """Dress incoming supply."""
        return cls(quantity=supply.quantity, expected_at=supply.expected_at)


class Figures(NamedTuple):
    """What a system says it holds, or that it says nothing."""

    on_hand: int | None = None
    reserved: int | None = None
    damaged: int | None = None
    safety_stock: int | None = None
    incoming: tuple[Supply, ...] = ()


UNTOLD = Figures()


NOTHING: list[IncomingSupply] = UnchangingList()


@light
@strawberry.type(
    description="Whether a variant can be sold from one location, and how many.",
    directives=kept(STOCK),
)
class Availability:
    """What we are willing to sell, beside what the location's system says it holds."""

    location: Location = strawberry.field(description="The location.")
    status: AvailabilityStatus = strawberry.field(description="Whether it can be sold.")
    available_to_sell: int | None = strawberry.field(
        description="Units we would sell from here; null when unknown or not carried."
    )
    on_hand: int | None = strawberry.field(description="Units that stand there, fit for sale.")
    reserved: int | None = strawberry.field(
        description="Units its system has promised to somebody."
    )
    damaged: int | None = strawberry.field(
        description="Units that stand there and cannot be sold; not part of onHand."
    )
    safety_stock: int | None = strawberry.field(description="Units kept back.")
    promised: int | None = strawberry.field(
        description="Units that are held for carts or ordered here, and not part of reserved."
    )
    incoming: list[IncomingSupply] = strawberry.field(description="Units on their way.")
    as_of: datetime | None = strawberry.field(
        description="When its system said so, by that system's clock."
    )
    freshness: Freshness = strawberry.field(description="How it came.")
    source: str | None = strawberry.field(
        description="The connection that knows; null when none is bound to the location."
    )

    @classmethod
    async def of_all(
        cls, spreads: Mapping[Sku, model.Spread], skus: Sequence[Sku], at: Dressed
    ) -> Sequence[list[Self]]:
        """Dress those of many SKUs, in turns with others; once for what was asked for together."""
        faces = Faces()
        if isinstance(spreads, Together) and len(spreads) == len(skus):
            faces = spreads.faces
        known: Sequence[list[Self]] | None = faces.get(at)
        if known is not None:
            return known
        dressed, pause = [], max(1, MANY // max(1, len(at.locations)))
        for number, sku in enumerate(skus, 1):
            dressed.append(cls.each(spreads[sku], at))
            if number % pause == 0 and number < len(skus):
                await asyncio.sleep(0)
        return faces.keep(at, dressed)

    @classmethod
    def each(cls, spread: model.Spread, at: Dressed) -> list[Self]:
        """Dress the availabilities of one SKU, once for the same locations."""
        known: list[Self] | None = spread.faces.get(at)
        if known is not None:
            return known
        parts = zip(spread.parts, at.locations, strict=True)
        dressed = UnchangingList(starmap(cls.of, parts))
        return spread.faces.keep(at, dressed)

    @classmethod
    def of(cls, answer: model.Availability, location: Location) -> Self:
        """Dress an availability."""
        told: Figures | StockLevel = UNTOLD if answer.level is None else answer.level
        return cls(
            location=location,
            status=answer.status,
            available_to_sell=answer.available_to_sell,
            on_hand=told.on_hand,
            reserved=told.reserved,
            damaged=told.damaged,
            safety_stock=told.safety_stock,
            promised=None if answer.level is None else answer.promised,
            incoming=list(map(IncomingSupply.of, told.incoming)) if told.incoming else NOTHING,
            as_of=answer.as_of,
            freshness=answer.freshness,
            source=answer.source,
        )


@strawberry.type(
    description="What can be sold over several locations together.", directives=kept(STOCK)
)
class AggregateAvailability(Unchanging):
    """The retailer's answer to one shopper."""

    status: AvailabilityStatus = strawberry.field(description="Whether it can be sold.")
    available_to_sell: int | None = strawberry.field(
        description="Units that can be sold together; null when nobody could say."
    )
    locations: list[Location] = strawberry.field(description="Locations that were counted.")
    unknown_locations: list[Location] = strawberry.field(
        description="Locations that could not say; not part of the quantity."
    )
    as_of: datetime | None = strawberry.field(description="The oldest statement that was counted.")
    freshness: Freshness = strawberry.field(description="The worst freshness that was counted.")

    @classmethod
    def of(cls, answer: model.Aggregate, at: Dressed) -> Self:
        """Dress an aggregate, once for the same locations."""
        known: Self | None = answer.faces.get(at)
        return answer.faces.keep(at, cls._of(answer, at)) if known is None else known

    @classmethod
    def _of(cls, answer: model.Aggregate, at: Dressed) -> Self:
        return cls(
            status=answer.status,
            available_to_sell=answer.available_to_sell,
            locations=[at.by_code[code] for code in answer.counted],
            unknown_locations=[at.by_code[code] for code in answer.unknown],
            as_of=answer.as_of,
            freshness=answer.freshness,
        )
