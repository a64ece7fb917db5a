"""What can a plan that is begun still become? At least so dear, so dirty, and both together.

Bounds are kept for cost, for emissions, and for sums of the two in several proportions: a plan that
could be cheap and could be clean can often not be both.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from app.promises.bounds import Bound, ascent, by_count, slope, suppliers
from app.promises.problem import Problem
from app.promises.staircase import Staircase

MOST_COUNTED = 5  # shipments
PROPORTIONS = ((1, 1), (3, 1), (1, 3), (10, 1), (1, 10))


class Sums(NamedTuple):
    """What the shipments of a plan add up to."""

    charges: int
    fixed: int
    slacks: tuple[int, ...]  # cost, emissions, then each proportion
    shipments: int


class Bounding:
    """Bounds of the plans of some candidates, which are put in an order: `order`.

    `worths` are scales by which shipments can be compared.
    """

    def __init__(self, problem: Problem, near: Sequence[int], stairs: Staircase) -> None:
        self._stairs = stairs
        candidates = problem.candidates
        tilt = slope([candidates[one].tariff for one in near], problem.weight)
        self._run, self._rise = tilt.run, tilt.rise * problem.weight
        self._by_count = by_count(
            [candidates[one].tariff for one in near], problem.weight, MOST_COUNTED
        )
        mean = sum(tilt.charges) // len(near) + 1
        co2s = [candidates[one].fixed + candidates[one].rate * problem.weight for one in near]
        clean = sum(co2s) // len(near) + 1
        # Cheap and clean first: what is found early excludes the most.
        ranked = sorted(range(len(near)), key=lambda at: tilt.charges[at] * clean + co2s[at] * mean)
        self.order = tuple(near[at] for at in ranked)
        self._charges = tuple(tilt.charges[at] for at in ranked)
        self._fixed = tuple(candidates[one].fixed for one in self.order)
        whole = [co2s[at] for at in ranked]
        self._scales = [
            (by_cost * (clean // self._run + 1), by_co2 * (mean // self._run + 1))
            for by_cost, by_co2 in PROPORTIONS
        ]
        self._prices(problem)
        mixed = [
            charge * clean + co2 * mean for charge, co2 in zip(self._charges, whole, strict=True)
        ]
        self.worths = (self._charges, whole, mixed)

    def _prices(self, problem: Problem) -> None:
        """Find the prices of all bounds."""
        lines = range(len(problem.demand))
        units = [[problem.unit(one, line) for line in lines] for one in self.order]
        supply = suppliers(problem, self.order, units)
        free = suppliers(problem, self.order, [[0] * len(lines)] * len(self.order))
        self._linear = sum(
            wanted * min(unit for _, _, unit in having)
            for wanted, having in zip(problem.demand, supply, strict=True)
        )
        bounds = [
            ascent(self._charges, free, problem.demand),
            ascent(self._fixed, supply, problem.demand),
        ]
        for by_cost, by_co2 in self._scales:
            scaled = by_co2 * self._run
            worths = [
                by_cost * charge + scaled * fixed
                for charge, fixed in zip(self._charges, self._fixed, strict=True)
            ]
            weighed = [[(at, most, unit * scaled) for at, most, unit in row] for row in supply]
            bounds.append(ascent(worths, weighed, problem.demand))
        self._keep(bounds)

    def _keep(self, bounds: Sequence[Bound]) -> None:
        self._bases = tuple(one.base for one in bounds)
        self._slacks = list(zip(*(one.slack for one in bounds), strict=True))
        self._least = min(self._charges), min(self._fixed)
        self.none = Sums(0, 0, (0,) * len(bounds), 0)
        self._weighing = [
            (by_cost * self._run, by_co2 * self._run, base + by_cost * self._rise)
            for (by_cost, by_co2), base in zip(self._scales, self._bases[2:], strict=True)
        ]

    def with_one(self, sums: Sums, at: int) -> Sums:
        """The same with one shipment more."""
        return Sums(
            sums.charges + self._charges[at],
            sums.fixed + self._fixed[at],
            tuple(map(int.__add__, sums.slacks, self._slacks[at])),
            sums.shipments + 1,
        )

    def together(self, every: Iterable[Sums]) -> Sums:
        """What each of some plans adds up to at least."""
        first, *others = every
        for one in others:
            first = Sums(
                min(first.charges, one.charges),
                min(first.fixed, one.fixed),
                tuple(map(min, first.slacks, one.slacks)),
                min(first.shipments, one.shipments),
            )
        return first

    def rank(self, sums: Sums) -> tuple[int, int]:
        """How promising a plan is: the lower, the more. The best plans have few shipments."""
        return sums.shipments, sums.slacks[2]

    def least(self, sums: Sums, more: int = 0) -> tuple[int, int]:
        """Cost and emissions of every plan that has these shipments, and some more."""
        charges = max(sums.charges + more * self._least[0], self._bases[0] + sums.slacks[0])
        co2 = max(
            sums.fixed + more * self._least[1] + self._linear, self._bases[1] + sums.slacks[1]
        )
        cost = -(-(charges + self._rise) // self._run)
        return max(cost, self._by_count[min(sums.shipments + more, MOST_COUNTED)]), co2

    def corners(self, sums: Sums, more: int = 0, clean: int = 0) -> Iterator[tuple[int, int]]:
        """Cost and emissions that such plans have at least, in each gap of the staircase.

        `clean`: what they emit at least, where more is known of them.
        """
        cost, co2 = self.least(sums, more)
        co2 = max(co2, clean)
        for least_cost, least_co2, below_cost, below_co2 in self._stairs.gaps(cost, co2):
            for number, (by_cost, by_co2, base) in enumerate(self._weighing, 2):
                both = base + sums.slacks[number]
                if below_co2 is not None:
                    rest = both - by_co2 * (below_co2 - 1)
                    least_cost = max(least_cost, -(-rest // by_cost))  # noqa: PLW2901
                if below_cost is not None:
                    rest = both - by_cost * (below_cost - 1)
                    least_co2 = max(least_co2, -(-rest // by_co2))  # noqa: PLW2901
            if (below_cost is None or least_cost < below_cost) and (
                below_co2 is None or least_co2 < below_co2
            ):
                yield least_cost, least_co2

    def excluded(self, sums: Sums, *, more: int, clean: int = 0) -> bool:
        """Whether no such plan can be better than all that are known."""
        return next(self.corners(sums, more, clean), None) is None
