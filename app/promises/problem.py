"""What must be decided? Which units leave which source by which service; whole numbers throughout.

Costs are minor units of one currency, arrivals seconds, weights grams, emissions micrograms:
fine enough for a gram on a kilometre to be a whole number, so that nothing is rounded in between.
"""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Tariff(NamedTuple):
    """What a shipment costs up to each weight; no shipment is heavier than the last limit.

    Limits rise, and costs never fall.
    """

    limits: tuple[int, ...]
    costs: tuple[int, ...]

    def at(self, weight: int) -> int | None:
        """The cost of a shipment; None when it is too heavy."""
        band = bisect_left(self.limits, weight)
        return self.costs[band] if band < len(self.costs) else None


class Candidate(NamedTuple):
    """A shipment that could be made: from a source, by a service.

    `fixed` are micrograms of a shipment however light; `rate` those of each gram beside that.
    """

    source: int
    arrival: int
    tariff: Tariff
    fixed: int
    rate: int


@dataclass(frozen=True)
class Problem:
    """Lines that are wanted, what each source has of them, and the shipments there could be.

    `stock` is by source, then line. A source may send several shipments by different services.
    Arrivals count from `since` seconds before the moment at which it is asked.
    """

    demand: tuple[int, ...]
    weights: tuple[int, ...]
    stock: tuple[tuple[int, ...], ...]
    candidates: tuple[Candidate, ...]
    since: int = 0

    @cached_property
    def weight(self) -> int:
        """Of everything."""
        return sum(units * grams for units, grams in zip(self.demand, self.weights, strict=True))

    def unit(self, candidate: int, line: int) -> int:
        """Micrograms that one more unit of a line adds to a shipment."""
        return self.weights[line] * self.candidates[candidate].rate


class Shipment(NamedTuple):
    """Units of each line that go by one candidate."""

    candidate: int
    units: tuple[int, ...]


class Point(NamedTuple):
    """A plan and what it is worth."""

    cost: int
    arrival: int
    co2: int
    shipments: tuple[Shipment, ...]


class Frontier(NamedTuple):
    """Plans of which none is better than another in all respects, soonest first.

    `gap` None: these are all there are. Otherwise the search ended early, and a plan that was not
    seen is in no respect better than some plan here by more than this share of it, in millionths.
    """

    points: tuple[Point, ...]
    gap: int | None
    steps: int
