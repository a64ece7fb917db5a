"""Which shipments are the cleanest, and what does each leave to others?

Shipments that are put together in this order emit the least when each sends all it can of what is
still missing: whatever comes later goes at a higher rate.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.promises.bounds import together
from app.promises.problem import Candidate, Problem
from app.promises.pruning import Having
from app.promises.staircase import Staircase

NEVER = 1 << 62


class Alone(NamedTuple):
    """What a candidate can send of what is wanted, and what that leaves to others."""

    units: tuple[int, ...]
    load: int
    missing: tuple[int, ...]
    rest: int  # grams that are missing
    emitted: int


class Cleanest:
    """Some candidates of a problem, cleanest first; everything is by that order."""

    def __init__(self, problem: Problem, order: Sequence[int]) -> None:
        its = problem.candidates
        self.problem = problem
        self.order = tuple(sorted(order, key=lambda one: (its[one].rate, its[one].fixed)))
        self.its = [its[one] for one in self.order]
        self.alone = [self._by_itself(one) for one in self.its]
        kinds = {one.tariff: 0 for one in self.its}
        self.tariffs = tuple(kinds)
        kinds = {tariff: kind for kind, tariff in enumerate(self.tariffs)}
        self.kinds = [kinds[one.tariff] for one in self.its]
        self.cheapest = together(self.tariffs)
        self.fixed = min(one.fixed for one in self.its)
        self._having = Having(problem, self.order)
        sources = {one.source for one in self.its}
        self._rarest = sorted(
            range(len(problem.demand)),
            key=lambda line: sum(problem.stock[source][line] > 0 for source in sources),
        )
        self._of_source: dict[int, int] = {}
        for at, one in enumerate(self.its):
            self._of_source[one.source] = self._of_source.get(one.source, 0) | 1 << at

    def _by_itself(self, one: Candidate) -> Alone:
        problem = self.problem
        units = tuple(map(min, problem.stock[one.source], problem.demand))
        load = sum(map(int.__mul__, units, problem.weights))
        missing = tuple(map(int.__sub__, problem.demand, units))
        return Alone(units, load, missing, problem.weight - load, one.fixed + one.rate * load)

    def near(self, arrival: int) -> int:
        """Those that are there by a time, as bits."""
        return sum(1 << at for at, one in enumerate(self.its) if one.arrival <= arrival)

    def last(self, arrival: int) -> int:
        """Those that are there at a time and not before."""
        return sum(1 << at for at, one in enumerate(self.its) if one.arrival == arrival)

    def completing(self, chosen: Sequence[int], missing: Sequence[int], others: int) -> int:
        """Which of some others have all that is missing still."""
        if any(missing):
            for at in chosen:
                others &= ~self._of_source[self.its[at].source]
            for line in self._rarest:
                if others and missing[line]:
                    others &= self._having(line, missing[line])
        return others


class Room(dict[int, int]):
    """What one more shipment may emit for a plan to be below the staircase, by kind of tariff."""

    def __init__(self, stairs: Staircase, emitted: int, cost: Callable[[int], int | None]) -> None:
        """`cost` tells what a plan with a kind of tariff costs at least."""
        super().__init__()
        self._stairs, self._emitted, self._cost = stairs, emitted, cost

    def __missing__(self, kind: int) -> int:
        cost = self._cost(kind)
        room = 0 if cost is None else self._stairs.below(cost, NEVER) - self._emitted
        self[kind] = room
        return room
