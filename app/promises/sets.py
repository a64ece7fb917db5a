"""Which plans of so many shipments are worth it? All sets of them; few are ever put together.

Cleanest first: those that are chosen leave grams that go at no lower rate than that of the next one
(or of one that comes later), and cost at least what their tariffs and the cheapest ones for the
rest take. What is below the staircase in both to its end is settled like any set of shipments.
"""

from collections.abc import Iterator
from typing import NamedTuple

from app.promises.assigning import Assigning
from app.promises.bounds import joined, split
from app.promises.cleanest import NEVER, Cleanest, Room
from app.promises.problem import Tariff
from app.promises.pruning import bits

COMPARED = 16  # shipments in one step
Bounds = Iterator[tuple[int, int]]


class Begun(NamedTuple):
    """Shipments that were chosen, what is still missing when each sends all it can, and so far."""

    chosen: tuple[int, ...]
    missing: tuple[int, ...]
    rest: int  # grams that are missing
    emitted: int
    tariff: Tariff  # of all of them together


class Sets:
    """All sets of `count` of some candidates, in the order in which they are the cleanest."""

    def __init__(self, among: Cleanest, assigning: Assigning, count: int) -> None:
        self._among, self._assigning, self._count = among, assigning, count
        self._stairs, self._steps = assigning.stairs, assigning.steps
        self._weight = among.problem.weight
        self._further = [Tariff((0,), (0,))]
        for _ in range(count):
            self._further.append(joined(self._further[-1], among.cheapest))

    def add(self, near: int, last: int) -> Bounds:
        """Add the plans of so many of those near, one of which is among the last.

        Yields cost and emissions of those at least for which there were no steps left.
        """
        nothing = Tariff((0,), (0,))
        yield from self._grow(
            Begun((), self._among.problem.demand, self._weight, 0, nothing), near, last
        )

    def _grow(self, begun: Begun, others: int, last: int) -> Bounds:
        """Go on with each of some others; `last`: a set must have one of these yet."""
        among, more = self._among, self._count - len(begun.chosen) - 1
        self._steps.spend(1 + len(begun.missing) // 8)
        if not more:
            others = among.completing(
                begun.chosen, begun.missing, others & last if last else others
            )
        if not others:
            return
        emitted = begun.emitted + more * among.fixed
        lowest = split(self._further[more + 1], begun.tariff, self._weight)
        most = 0 if lowest is None else self._stairs.below(lowest, NEVER) - emitted
        self._steps.spend(others.bit_count() // COMPARED)
        room = Room(self._stairs, emitted, lambda kind: self._cost(begun, kind, more))
        for at in bits(others):
            _, _, _, fixed, rate = among.its[at]
            adds = rate * begun.rest
            if adds + among.fixed >= most:
                return  # those that follow are dirtier
            if not self._steps.left:
                yield lowest or 0, emitted + adds + among.fixed
                return
            if fixed + adds < most and fixed + adds < room[among.kinds[at]]:
                if more:
                    ended = not last or last >> at & 1
                    after = others >> at + 1 << at + 1
                    yield from self._grow(self._with(begun, at), after, 0 if ended else last)
                else:
                    chosen = tuple(among.order[one] for one in (*begun.chosen, at))
                    self._assigning.settle(chosen, self._cost(begun, among.kinds[at], 0) or 0)

    def _cost(self, begun: Begun, kind: int, more: int) -> int | None:
        """What it costs at least with one of a kind of tariff, and so many further shipments."""
        both = joined(begun.tariff, self._among.tariffs[kind])
        return split(self._further[more], both, self._weight)

    def _with(self, begun: Begun, at: int) -> Begun:
        """The same with one shipment more."""
        among, problem = self._among, self._among.problem
        one, missing = among.its[at], begun.missing
        if all(among.its[other].source != one.source for other in begun.chosen):
            held = problem.stock[one.source]
            missing = tuple([max(0, lack - has) for lack, has in zip(missing, held, strict=True)])
        rest = sum(map(int.__mul__, missing, problem.weights))
        return Begun(
            (*begun.chosen, at),
            missing,
            rest,
            begun.emitted + one.fixed + one.rate * (begun.rest - rest),
            joined(begun.tariff, one.tariff),
        )
