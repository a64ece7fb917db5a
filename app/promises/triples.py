"""Which plans of three shipments are worth it? All triples; few are ever put together.

As for two, cleanest first: two that are chosen leave grams that go at the rate of a third, which is
not below theirs. What is below the staircase still is settled like any other set of shipments.
"""

from functools import partial

from app.promises.assigning import Assigning
from app.promises.bounds import joined, split
from app.promises.cleanest import NEVER, Cleanest, Room
from app.promises.pairs import COMPARED, Bounds
from app.promises.problem import Tariff
from app.promises.pruning import bits
from app.promises.staircase import Staircase
from app.promises.steps import Steps


class Triples:
    """All sets of three of some candidates, in the order in which they are the cleanest."""

    def __init__(
        self, among: Cleanest, stairs: Staircase, steps: Steps, assigning: Assigning
    ) -> None:
        self._among, self._stairs, self._steps = among, stairs, steps
        self._assigning = assigning
        self._weight = among.problem.weight
        self._two = joined(among.cheapest, among.cheapest)

    def add(self, near: int, last: int) -> Bounds:
        """Add the plans of three of those near, one of which is among the last.

        Yields cost and emissions of those at least for which there were no steps left.
        """
        for at in bits(near):
            ended = last if last >> at & 1 else 0
            yield from self._with(at, near >> at + 1 << at + 1, 0 if ended else last)

    def _with(self, at: int, others: int, last: int) -> Bounds:
        """Go on with a second one; `last`: a set must have one of these yet."""
        among = self._among
        one, alone = among.its[at], among.alone[at]
        least = split(one.tariff, self._two, self._weight)
        clean = alone.emitted + one.rate * alone.rest + 2 * among.fixed
        if not others or least is None or self._stairs.covers(least, clean):
            return
        if not self._steps.left:
            yield least, clean
            return
        self._steps.spend(2 + others.bit_count() // COMPARED)
        most = self._stairs.below(least, NEVER) - alone.emitted - among.fixed
        room = Room(self._stairs, alone.emitted + among.fixed, partial(self._cost, one.tariff))
        for other in bits(others):
            _, _, _, fixed, rate = among.its[other]
            if rate * alone.rest + among.fixed >= most:
                return  # those that follow are dirtier
            if fixed + rate * alone.rest < min(most, room[among.kinds[other]]):
                ended = not last or last >> other & 1
                after = others >> other + 1 << other + 1
                yield from self._and(at, other, after if ended else after & last)

    def _cost(self, tariff: Tariff, kind: int) -> int | None:
        """What two of these tariffs and any third cost at least."""
        both = joined(tariff, self._among.tariffs[kind])
        return split(self._among.cheapest, both, self._weight)

    def _and(self, at: int, other: int, others: int) -> Bounds:
        """Settle with a third one."""
        among, problem = self._among, self._among.problem
        one, second, alone = among.its[at], among.its[other], among.alone[at]
        held = problem.stock[second.source]
        missing = alone.missing
        if one.source != second.source:
            missing = tuple([max(0, wanted - has) for wanted, has in zip(missing, held, strict=True)])
        self._steps.spend(2)
        others = among.completing((at, other), missing, others)
        if not others:
            return
        self._steps.spend(1 + others.bit_count() // COMPARED)
        rest = sum(map(int.__mul__, missing, problem.weights))
        emitted = alone.emitted + second.fixed + second.rate * (alone.rest - rest)
        both = joined(one.tariff, second.tariff)
        room = Room(
            self._stairs,
            emitted,
            lambda kind: split(among.tariffs[kind], both, self._weight),
        )
        for third in bits(others):
            _, _, tariff, fixed, rate = among.its[third]
            if fixed + rate * rest < room[among.kinds[third]]:
                least = split(tariff, both, self._weight) or 0
                if not self._steps.left:
                    yield least, emitted + fixed + rate * rest
                    continue
                chosen = tuple(among.order[place] for place in (at, other, third))
                self._assigning.settle(chosen, least)
