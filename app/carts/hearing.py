"""What is there of what a cart wants, bundles and their components among it?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.availability.bundles import with_components
from app.availability.model import Availability, AvailabilityStatus, Spot, Spread
from app.availability.refusals import Shortage
from app.carts.model import HeldUnits
from app.products.bundles import MadeOf
from app.values import LocationCode, Sku


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the upstreams have just said of a cart's SKUs, at all places that may sell them.

    `buffer` are units of each SKU that its channel never sells.
    """

    spreads: Mapping[Sku, Spread]
    made_of: MadeOf
    buffer: int

    def parts(self, sku: Sku) -> tuple[Availability, ...]:
        """A SKU at each place."""
        return self.spreads[sku].parts

    def own(self, skus: Sequence[Sku]) -> list[Availability]:
        """What has stock of its own of SKUs, at each place."""
        return [part for sku in with_components(skus, self.made_of) for part in self.parts(sku)]

    def spots(self, skus: Sequence[Sku], units: Iterable[HeldUnits]) -> set[Spot]:
        """Where levels are locked for units: with a buffer, wherever there may be some."""
        at = {part.spot for part in self.own(skus) if known(part)}
        return at if self.buffer else at & demand_of(units).keys()

    def needs(self, sku: Sku) -> list[tuple[Sku, int]]:
        """What has to be there for one unit."""
        made_of = self.made_of.get(sku, ())
        return [(one.sku, one.quantity) for one in made_of] or [(sku, 1)]

    def units(self, lots: Mapping[Spot, int]) -> tuple[HeldUnits, ...]:
        """Units of a cart's SKUs at places, with what they are made of."""
        return tuple(
            HeldUnits(
                sku=spot.sku,
                location=spot.location,
                quantity=quantity,
                components=self.made_of.get(spot.sku, ()),
            )
            for spot, quantity in sorted(lots.items())
        )

    def pool(self, skus: Sequence[Sku]) -> "Pool":
        """All that there is for some SKUs together."""
        return Pool({part.spot: part.available_to_sell or 0 for part in self.own(skus)})

    def told(self, short: Iterable[Shortage], units: Sequence[HeldUnits]) -> list[Shortage]:
        """Shortages of what was wanted: of the bundle where a component is short."""
        found: dict[tuple[Sku, LocationCode | None], Shortage] = {}
        for one in short:
            for wanted in units:
                needed = dict(self.needs(wanted.sku)).get(one.sku)
                if needed is None or wanted.location != one.location:
                    continue
                left = None if one.available is None else one.available // needed
                told = replace(one, sku=wanted.sku, asked=wanted.quantity, available=left)
                known = found.setdefault((told.sku, told.location), told)
                if (known.available or 0) > (left or 0):
                    found[told.sku, told.location] = told
        return list(found.values())


def known(part: Availability) -> bool:
    """Whether anybody could say."""
    return part.status is not AvailabilityStatus.UNKNOWN


@dataclass(slots=True)
class Pool:
    """Units at places that lines of one cart share."""

    free: dict[Spot, int]

    def makes(self, spot: Spot, heard: Heard) -> int:
        """How many units of a SKU can be had there."""
        return min(
            self.free.get(Spot(sku, spot.location), 0) // count
            for sku, count in heard.needs(spot.sku)
        )

    def take(self, units: Iterable[HeldUnits]) -> None:
        """Leave less for the others."""
        for spot, count in demand_of(units).items():
            self.free[spot] = max(0, self.free.get(spot, 0) - count)


def demand_of(units: Iterable[HeldUnits]) -> dict[Spot, int]:
    """What leaves the shelf for units, each place once however many want something of it."""
    demand: dict[Spot, int] = {}
    for one in units:
        needs = [(part.sku, part.quantity) for part in one.components] or [(one.sku, 1)]
        for sku, count in needs:
            spot = Spot(sku, one.location)
            demand[spot] = demand.get(spot, 0) + count * one.quantity
    return demand
