"""Which plans are there of which none is better in all respects? All of them, or how near.

For each time by which everything can be there, soonest first, plans are built shipment by shipment.
A plan that is begun is given up when nothing it can become is below the staircase of what is known.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction

from app.promises.assigning import Assigning, Exhausted, Steps
from app.promises.bounds import ascent, slope, suppliers
from app.promises.problem import Frontier, Point, Problem
from app.promises.pruning import Having, bits, worth_trying
from app.promises.staircase import Staircase, soonest

MOST_STEPS = 50_000
GUESSING = 5_000
MILLION = 1_000_000


def frontier(problem: Problem, *, steps: int = MOST_STEPS) -> Frontier:
    """The plans that are best in some respect; none when not everything is to be had."""
    order = worth_trying(problem)
    stairs, taken = Staircase(), 0
    points: dict[int, Point] = {}
    opened: list[tuple[int, int, int]] = []
    arrivals = sorted({problem.candidates[one].arrival for one in order})
    for turn, arrival in enumerate(arrivals):
        near = [one for one in order if problem.candidates[one].arrival <= arrival]
        if not _enough(problem, near):
            continue
        share = Steps((steps - taken) // (len(arrivals) - turn))
        left = Round(problem, near, stairs, share).run()
        opened.extend((cost, arrival, co2) for cost, co2 in left)
        taken += share.taken
        points.update((id(point), point) for point in stairs)
    found = _undominated(points.values())
    return Frontier(found, _gap(found, opened), taken)


def _enough(problem: Problem, order: list[int]) -> bool:
    sources = {problem.candidates[one].source for one in order}
    return all(
        sum(problem.stock[source][line] for source in sources) >= wanted
        for line, wanted in enumerate(problem.demand)
    )


def _undominated(points: Iterable[Point]) -> tuple[Point, ...]:
    kept: list[Point] = []
    for point in sorted(points, key=soonest):
        if not any(one.cost <= point.cost and one.co2 <= point.co2 for one in kept):
            kept.append(point)
    return tuple(kept)


def _gap(points: tuple[Point, ...], opened: list[tuple[int, int, int]]) -> int | None:
    """By how much what was not looked at may be better, in millionths; None: by nothing."""
    worst = 0
    for bound in opened:
        worst = max(worst, min((_above(point, bound) for point in points), default=MILLION))
    return worst or None


def _above(point: Point, bound: tuple[int, int, int]) -> int:
    """The largest share by which a bound is below a point, rounded up."""
    shares = (
        -(-(has - least) * MILLION // has) if has > 0 else 0
        for has, least in zip((point.cost, point.arrival, point.co2), bound, strict=True)
    )
    return max(0, *shares)


@dataclass(frozen=True, slots=True)
class Node:
    """Shipments that a plan is known to have, and what is still missing of each line."""

    chosen: tuple[int, ...]  # positions
    sources: frozenset[int]
    missing: tuple[int, ...]
    allowed: int
    charges: int
    cost_slack: int
    fixed: int
    co2_slack: int
    both_slack: int


class Round:
    """Plans of candidates that are all there by the same time."""

    def __init__(self, problem: Problem, near: list[int], stairs: Staircase, steps: Steps) -> None:
        self._problem, self._stairs, self._steps = problem, stairs, steps
        candidates = problem.candidates
        lines = range(len(problem.demand))
        units = {one: [problem.unit(one, line) for line in lines] for one in near}
        self._assigning = Assigning(problem, units, stairs, steps)
        tilt = slope([candidates[one].tariff for one in near], problem.weight)
        self._run, self._rise = tilt.run, tilt.rise * problem.weight
        # Cheap and clean first: what is found early excludes the most.
        ranked = sorted(
            range(len(near)),
            key=lambda at: (
                tilt.charges[at],
                candidates[near[at]].fixed,
                candidates[near[at]].rate,
            ),
        )
        self._order = tuple(near[at] for at in ranked)
        self._charges = tuple(tilt.charges[at] for at in ranked)
        self._fixed = tuple(candidates[one].fixed for one in self._order)
        self._sources = tuple(candidates[one].source for one in self._order)
        self._having = Having(problem, self._order)
        self._bound(units)
        self.opened: list[tuple[int, int]] = []

    def _bound(self, units: dict[int, list[int]]) -> None:
        problem = self._problem
        by_place = [units[one] for one in self._order]
        nothing = [[0] * len(problem.demand)] * len(self._order)
        self._by_cost = ascent(
            self._charges, suppliers(problem, self._order, nothing), problem.demand
        )
        supply = suppliers(problem, self._order, by_place)
        self._by_co2 = ascent(self._fixed, supply, problem.demand)
        self._linear = sum(
            wanted * min(unit for _, _, unit in having)
            for wanted, having in zip(problem.demand, supply, strict=True)
        )
        self._scale = self._scales()
        by_cost, by_co2 = self._scale
        mixed = [
            by_cost * charge + by_co2 * fixed * self._run
            for charge, fixed in zip(self._charges, self._fixed, strict=True)
        ]
        weighed = [[by_co2 * self._run * unit for unit in row] for row in by_place]
        self._by_both = ascent(mixed, suppliers(problem, self._order, weighed), problem.demand)
        self._least_charge, self._least_fixed = min(self._charges), min(self._fixed)

    def _scales(self) -> tuple[int, int]:
        """What makes a shipment's cost and its emissions about as large as each other."""
        cost = sum(self._charges) // (len(self._charges) * self._run) + 1
        co2 = sum(self._fixed) // len(self._fixed) + 1
        return co2, cost

    def run(self) -> list[tuple[int, int]]:
        """Look at all plans; the bounds of those that there were no steps left for."""
        every = (1 << len(self._order)) - 1
        root = Node((), frozenset(), self._problem.demand, every, 0, 0, 0, 0, 0)
        for chosen in {tuple(sorted(one)) for one in self._guesses(root)}:
            self._guess(chosen)
        self._visit(root)
        return self.opened

    def _guess(self, chosen: tuple[int, ...]) -> None:
        """Look at a plan before all others, whatever is left of the budget."""
        with suppress(Exhausted):
            guessing = replace(self._assigning, steps=Steps(GUESSING))
            guessing.settle(tuple(self._order[at] for at in chosen))

    def _guesses(self, root: Node) -> Iterator[tuple[int, ...]]:
        """Shipments that bring everything, put together one by one."""
        for worth in (self._charges, self._fixed):
            node = root
            while any(node.missing):
                node = self._with(node, self._greedy(node, worth), node.allowed)
            yield node.chosen

    def _greedy(self, node: Node, worth: tuple[int, ...]) -> int:
        """The shipment that brings the most of what is missing for what it is worth."""
        fresh = [at for at, one in enumerate(self._sources) if one not in node.sources]
        return min(fresh, key=lambda at: Fraction(worth[at] + 1, self._brings(node, at) or 1))

    def _brings(self, node: Node, at: int) -> int:
        return sum(map(min, self._problem.stock[self._sources[at]], node.missing))

    def _visit(self, node: Node) -> None:
        try:
            self._steps.take()
            if not any(node.missing):
                self._assigning.settle(tuple(self._order[at] for at in node.chosen))
        except Exhausted:
            self._leave(node)
            return
        if self._excluded(node, more=1):
            return
        left = node.allowed
        for at in bits(self._next(node)):
            left &= ~(1 << at)
            child = self._with(node, at, left)
            if not self._excluded(child, more=0):
                self._visit(child)

    def _next(self, node: Node) -> int:
        """Shipments of which every plan that goes on from here has at least one."""
        if not any(node.missing):
            return node.allowed
        fresh = node.allowed
        for at in node.chosen:
            fresh &= ~self._same_source(at)
        if self._excluded(node, more=2):
            for line, units in enumerate(node.missing):
                if units:
                    fresh &= self._having(line, units)
            return fresh
        options = [
            self._having(line, 1) & fresh for line, units in enumerate(node.missing) if units
        ]
        return min(options, key=int.bit_count)

    def _same_source(self, at: int) -> int:
        source = self._sources[at]
        mask = 0
        for place, one in enumerate(self._sources):
            if one == source:
                mask |= 1 << place
        return mask

    def _with(self, node: Node, at: int, allowed: int) -> Node:
        source, missing, sources = self._sources[at], node.missing, node.sources
        if source not in sources:
            held = self._problem.stock[source]
            missing = tuple([max(0, units - has) for units, has in zip(missing, held, strict=True)])
            sources = sources | {source}
        return Node(
            (*node.chosen, at),
            sources,
            missing,
            allowed,
            node.charges + self._charges[at],
            node.cost_slack + self._by_cost.slack[at],
            node.fixed + self._fixed[at],
            node.co2_slack + self._by_co2.slack[at],
            node.both_slack + self._by_both.slack[at],
        )

    def _bounds(self, node: Node, more: int) -> tuple[int, int, int]:
        charges = max(
            node.charges + more * self._least_charge, self._by_cost.base + node.cost_slack
        )
        cost = -(-(charges + self._rise) // self._run)
        co2 = max(
            node.fixed + more * self._least_fixed + self._linear,
            self._by_co2.base + node.co2_slack,
        )
        return cost, co2, self._by_both.base + node.both_slack

    def _excluded(self, node: Node, *, more: int) -> bool:
        cost, co2, both = self._bounds(node, more)
        by_cost, by_co2 = self._scale
        whole = both + by_cost * self._rise
        return self._stairs.excludes(
            cost, co2, scale=(by_cost * self._run, by_co2 * self._run), both=whole
        )

    def _leave(self, node: Node) -> None:
        cost, co2, _ = self._bounds(node, 0)
        self.opened.append((cost, co2))
