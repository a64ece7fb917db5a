"""Which plans of many shipments are there? Built one by one, the most promising first.

A plan that is begun is given up when nothing it can become is below the staircase of what is known.
What is left when steps run out is told by its bounds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from heapq import heappop, heappush
from types import MappingProxyType
from typing import NamedTuple

from app.promises.assigning import Assigning, Clean
from app.promises.bounding import Bounding, Sums
from app.promises.problem import Problem
from app.promises.pruning import Having, bits
from app.promises.staircase import Staircase
from app.promises.steps import Steps

SEVERAL = 5  # shipments, of plans that are built here; all smaller ones are looked at before
NOTHING: Mapping[int, int] = MappingProxyType({})


class Node(NamedTuple):
    """Shipments that a plan is known to have, and what is still missing of each line."""

    chosen: tuple[int, ...]  # positions
    sources: frozenset[int]
    missing: tuple[int, ...]
    allowed: int  # as bits
    sums: Sums


class Begun(NamedTuple):
    """A node that waits for its turn: its parent and one shipment more.

    `clean` is what it emits at least, where more is known than its sums tell.
    """

    rank: tuple[int, int]
    number: int
    parent: Node
    at: int
    allowed: int
    sums: Sums
    clean: int


class Round:
    """Plans of candidates that are all there by the same time, and one of them not before."""

    def __init__(
        self, problem: Problem, near: Sequence[int], stairs: Staircase, steps: Steps
    ) -> None:
        self._problem, self._stairs, self._steps = problem, stairs, steps
        steps.spend(len(near) * len(problem.demand) // 4)  # what follows takes as long
        self._assigning = Assigning(problem, stairs, steps)
        self._bounding = Bounding(problem, near, stairs)
        self._order = self._bounding.order
        candidates = [problem.candidates[one] for one in self._order]
        self._sources = [one.source for one in candidates]
        self._of_source: dict[int, int] = {}
        for at, source in enumerate(self._sources):
            self._of_source[source] = self._of_source.get(source, 0) | 1 << at
        latest = max(one.arrival for one in candidates)
        self._last = sum(1 << at for at, one in enumerate(candidates) if one.arrival == latest)
        self._having = Having(problem, self._order)
        self._supplied = [
            [
                min(held, wanted) * grams
                for held, wanted, grams in zip(
                    problem.stock[one.source], problem.demand, problem.weights, strict=True
                )
            ]
            for one in candidates
        ]
        self._opened: list[tuple[int, int]] = []
        self._waiting: list[Begun] = []
        self._count = 0

    def run(self) -> list[tuple[int, int]]:
        """Look at all plans; the bounds of those that there were no steps left for."""
        every = (1 << len(self._order)) - 1
        root = Node((), frozenset(), self._problem.demand, every, self._bounding.none)
        for worth in self._bounding.worths:
            self._guess(root, worth)
        self._grow(root, self._last)
        while self._waiting:
            if not self._steps.left:
                self._leave()
                break
            begun = heappop(self._waiting)
            if not self._hopeless(begun.sums, clean=begun.clean):
                self._visit(self._with(begun.parent, begun.at, begun.allowed), begun.clean)
        return [*self._opened, *self._assigning.opened]

    def _hopeless(self, sums: Sums, more: int = 0, clean: int = 0) -> bool:
        """Whether no plan that has these shipments, and so many more, can be a new one."""
        return self._bounding.excluded(sums, more=max(more, _lacking(sums)), clean=clean)

    def _leave(self) -> None:
        """Tell the bounds of what was begun, for all that have their first shipment in common."""
        groups: dict[int, list[Begun]] = {}
        for begun in self._waiting:
            cost, co2 = self._bounding.least(begun.sums, _lacking(begun.sums))
            if not self._stairs.covers(cost, max(co2, begun.clean)):
                groups.setdefault((*begun.parent.chosen, begun.at)[0], []).append(begun)
        for group in groups.values():
            sums = self._bounding.together(one.sums for one in group)
            clean = min(one.clean for one in group)
            self._opened.extend(self._bounding.corners(sums, _lacking(sums), clean))

    def _guess(self, node: Node, worth: Sequence[int]) -> None:
        """Put a plan together by what each shipment brings, before all others are looked at."""
        while any(node.missing):
            node = self._with(node, self._greedy(node, worth), node.allowed)
        guessing = replace(self._assigning, steps=Steps(0), opened=[])
        guessing.settle(tuple(self._order[at] for at in node.chosen))

    def _greedy(self, node: Node, worth: Sequence[int]) -> int:
        """The shipment that brings the most of what is missing for what it is worth."""
        stock, best, found = self._problem.stock, -1.0, 0
        for at, source in enumerate(self._sources):
            if source not in node.sources:
                brings = sum(map(min, stock[source], node.missing)) / (worth[at] + 1)
                if brings > best:
                    best, found = brings, at
        return found

    def _visit(self, node: Node, clean: int) -> None:
        completing = self._completing(node)
        more = 0 if not any(node.missing) else 1 if completing else 2
        self._steps.spend(5 + len(node.missing) // 4)
        if more:
            if not self._hopeless(node.sums, more, clean):
                self._grow(node, self._next(node, completing))
            return
        least, _ = self._bounding.least(node.sums)
        chosen = tuple(self._order[at] for at in node.chosen)
        self._extend(node, self._assigning.settle(chosen, least))

    def _extend(self, node: Node, clean: Clean) -> None:
        """Go on from a plan that has everything: what could one more shipment be good for?

        It makes a plan cleaner by no more than its units save at the highest rates they go by now.
        """
        changes = {at: self._change(at, clean.tops) for at in bits(node.allowed)}
        self._steps.spend(len(changes))
        floor = clean.co2 + sum(change for change in changes.values() if change < 0)
        if self._hopeless(node.sums, 1, floor):
            return
        floors = {at: floor + max(0, change) for at, change in changes.items()}
        self._grow(node, node.allowed, floors)

    def _change(self, at: int, tops: Sequence[int]) -> int:
        """What a shipment adds to emissions, less the most that its units can save."""
        candidate = self._problem.candidates[self._order[at]]
        rate, change = candidate.rate, candidate.fixed
        if rate < max(tops):
            supplied = self._supplied[at]
            change -= sum(
                grams * (top - rate)
                for grams, top in zip(supplied, tops, strict=True)
                if top > rate
            )
        return change

    def _grow(self, node: Node, branches: int, floors: Mapping[int, int] = NOTHING) -> None:
        """Go on with each of some shipments; what is no use here is none further on."""
        children, useless = [], 0
        for at in bits(branches):
            sums = self._bounding.with_one(node.sums, at)
            if self._hopeless(sums, clean=floors.get(at, 0)):
                useless |= 1 << at
            else:
                children.append((at, sums))
        self._steps.spend(3 * branches.bit_count())
        left = node.allowed & ~useless
        for at, sums in children:
            left &= ~(1 << at)
            self._count += 1
            rank = self._bounding.rank(sums)
            begun = Begun(rank, self._count, node, at, left, sums, floors.get(at, 0))
            heappush(self._waiting, begun)

    def _next(self, node: Node, completing: int) -> int:
        """Shipments of which every plan that goes on from here has at least one."""
        if self._bounding.excluded(node.sums, more=2):
            return completing
        options = [
            self._having(line, 1) & node.allowed for line, units in enumerate(node.missing) if units
        ]
        return min(options, key=int.bit_count) & ~self._used(node)

    def _completing(self, node: Node) -> int:
        """Shipments each of which brings all that is missing."""
        fresh = node.allowed
        for line, units in enumerate(node.missing):
            if units:
                fresh &= self._having(line, units)
        return fresh & ~self._used(node)

    def _used(self, node: Node) -> int:
        """Shipments of sources that send something already: they bring nothing that is missing."""
        used = 0
        for source in node.sources:
            used |= self._of_source[source]
        return used

    def _with(self, node: Node, at: int, allowed: int) -> Node:
        source, missing, sources = self._sources[at], node.missing, node.sources
        if source not in sources:
            held = self._problem.stock[source]
            missing = tuple([max(0, units - has) for units, has in zip(missing, held, strict=True)])
            sources = sources | {source}
        sums = self._bounding.with_one(node.sums, at)
        return Node((*node.chosen, at), sources, missing, allowed, sums)


def _lacking(sums: Sums) -> int:
    """How many shipments there are to come at least."""
    return max(0, SEVERAL - sums.shipments)
