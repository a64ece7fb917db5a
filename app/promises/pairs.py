"""Which plans of two shipments are worth it? All pairs, most of which one comparison puts out.

Two shipments emit the least when the cleaner one sends all it can: that is a product for each pair.
What they cost at least depends on their tariffs. Only what is below the staircase in both is looked
at closer: in lighter bands the fewest grams that can be are sent by the other one.
"""

from collections.abc import Iterator
from itertools import product

from app.promises.bounds import split
from app.promises.cleanest import NEVER, Cleanest, Room
from app.promises.fitting import Units, countable, lightest
from app.promises.problem import Point, Shipment, Tariff
from app.promises.pruning import bits
from app.promises.sets import COMPARED, Bounds
from app.promises.staircase import Staircase
from app.promises.steps import Steps


class Pairs:
    """All pairs of some candidates, of which the cleaner one comes first."""

    def __init__(self, among: Cleanest, stairs: Staircase, steps: Steps) -> None:
        self._among, self._stairs, self._steps = among, stairs, steps
        self._weight = among.problem.weight

    def add(self, near: int, last: int) -> Bounds:
        """Add the plans of two of those near, one of which is among the last.

        Yields cost and emissions of those at least for which there were no steps left.
        """
        for at in bits(near):
            others = near if last >> at & 1 else last
            yield from self._with(at, others >> at + 1 << at + 1)

    def _with(self, at: int, others: int) -> Bounds:
        """Look at the pairs of a candidate and dirtier ones."""
        among = self._among
        one, alone = among.its[at], among.alone[at]
        least = split(one.tariff, among.cheapest, self._weight)
        clean = alone.emitted + one.rate * alone.rest + among.fixed
        if not others or least is None or self._stairs.covers(least, clean):
            return
        others = among.completing((at,), alone.missing, others)
        if others and not self._steps.left:
            yield least, clean
            return
        self._steps.spend(2 + others.bit_count() // COMPARED)
        most = self._stairs.below(least, NEVER) - alone.emitted
        room = Room(
            self._stairs,
            alone.emitted,
            lambda kind: split(one.tariff, among.tariffs[kind], self._weight),
        )
        for other in bits(others):
            _, _, _, fixed, rate = among.its[other]
            emitted = fixed + rate * alone.rest
            if emitted < most and emitted < room[among.kinds[other]]:
                yield from self._closer(at, other)

    def _closer(self, at: int, other: int) -> Bounds:
        """Add the plans of a pair, cheapest first: each band of one with each of the other."""
        alone, its = self._among.alone[at], self._among.its[other]
        clean = alone.emitted + its.fixed + its.rate * alone.rest
        change = its.rate - self._among.its[at].rate
        movable = self._movable(at, other)
        self._steps.spend(2 + len(alone.units) // 8)
        for cost, limit, most in sorted(self._ways(at, other)):
            over, free = max(0, alone.load - limit), most - alone.rest
            if over > free or self._stairs.covers(cost, clean + change * over):
                continue
            if not over:
                self._keep(at, other, {})
                return  # what follows costs more
            if movable and countable(movable, over, free):
                self._steps.spend(1 + len(movable) // 8)
                moved = lightest(movable, over, free)
                if moved is not None:
                    self._keep(at, other, moved)
            elif movable:
                yield cost, clean + change * over

    def _ways(self, at: int, other: int) -> Iterator[tuple[int, int, int]]:
        """What bands cost that together take everything, and their limits."""
        its, alone = self._among.its, self._among.alone
        bands = [_bands(its[one].tariff, alone[one].load) for one in (at, other)]
        for (cost, limit), (more, most) in product(*bands):
            if limit + most >= self._weight:
                yield cost + more, limit, most

    def _movable(self, at: int, other: int) -> list[Units]:
        """What the cleaner one sends, and the other could."""
        among, sent, its = self._among, self._among.alone[at], self._among.alone[other]
        shared = among.its[at].source == among.its[other].source
        found = []
        for line, count in enumerate(sent.units):
            can = count if shared else min(count, its.units[line] - sent.missing[line])
            if can > 0:
                found.append(Units(line, among.problem.weights[line], can))
        return found

    def _keep(self, at: int, other: int, moved: dict[int, int]) -> None:
        """Add a plan, without a shipment that holds nothing."""
        units = list(self._among.alone[at].units), list(self._among.alone[at].missing)
        for line, count in moved.items():
            units[0][line] -= count
            units[1][line] += count
        cost = arrival = co2 = 0
        shipments = []
        for place, sent in zip((at, other), units, strict=True):
            _, there, tariff, fixed, rate = self._among.its[place]
            if load := sum(map(int.__mul__, sent, self._among.problem.weights)):
                charged = tariff.at(load)
                assert charged is not None  # noqa: S101  it is within a band
                cost, co2 = cost + charged, co2 + fixed + rate * load
                arrival = max(arrival, there)
                shipments.append(Shipment(self._among.order[place], tuple(sent)))
        self._stairs.add(Point(cost, arrival, co2, tuple(shipments)))


def _bands(tariff: Tariff, most: int) -> list[tuple[int, int]]:
    """Costs and limits, up to the first that is enough for the most it could be."""
    enough = next((n for n, limit in enumerate(tariff.limits) if limit >= most), None)
    end = len(tariff.limits) if enough is None else enough + 1
    return list(zip(tariff.costs[:end], tariff.limits[:end], strict=True))
