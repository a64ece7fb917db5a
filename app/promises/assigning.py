"""Given the shipments, which units go by which? The cleanest way, then the cheaper ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from app.promises.problem import Point, Problem, Shipment
from app.promises.staircase import Staircase

Units = tuple[int, ...]  # by shipment
Table = list[Units]  # by line


class Exhausted(Exception):  # noqa: N818  the end of a budget, not a failure
    """There are no steps left."""


@dataclass(slots=True)
class Steps:
    """How much may still be looked at. Steps are counted, so that an answer can be repeated."""

    left: int
    taken: int = 0

    def take(self, count: int = 1) -> None:
        """Use some.

        Raises:
            Exhausted: there are none left.
        """
        if count > self.left:
            self.left = 0
            raise Exhausted
        self.left -= count
        self.taken += count


@dataclass(frozen=True, slots=True)
class Assigning:
    """Adds the plans of a set of shipments to a staircase."""

    problem: Problem
    units: Mapping[int, Sequence[int]]  # milligrams by candidate, then line
    stairs: Staircase
    steps: Steps

    def settle(self, chosen: tuple[int, ...]) -> None:
        """Add every plan by these shipments that is worth it.

        Raises:
            Exhausted: there are no steps left; what was found is kept.
        """
        table = self._cleanest(chosen)
        loads = self._loads(table, len(chosen))
        tariffs = [self.problem.candidates[one].tariff for one in chosen]
        costs = [tariff.at(load) for tariff, load in zip(tariffs, loads, strict=True) if load]
        linear, whole = self._linear(chosen, table), None
        if None not in costs:
            whole = sum(cost for cost in costs if cost is not None)
            used = [one for one, load in zip(chosen, loads, strict=True) if load]
            self._add(chosen, table, whole, self._fixed(used) + linear)
        if len(chosen) > 1 and (whole is None or whole > sum(one.costs[0] for one in tariffs)):
            self._cheaper(chosen, below=whole, co2=self._fixed(chosen) + linear)

    def _cleanest(self, chosen: tuple[int, ...]) -> Table:
        """Each line from the cleanest shipments that have it."""
        candidates, left = self.problem.candidates, {}
        for one in chosen:
            source = candidates[one].source
            left[source] = list(self.problem.stock[source])
        table = []
        for line, wanted in enumerate(self.problem.demand):
            given, missing = [0] * len(chosen), wanted
            for at in sorted(range(len(chosen)), key=lambda at: self.units[chosen[at]][line]):
                held = left[candidates[chosen[at]].source]
                given[at] = taken = min(missing, held[line])
                held[line] -= taken
                missing -= taken
            table.append(tuple(given))
        return table

    def _cheaper(self, chosen: tuple[int, ...], *, below: int | None, co2: int) -> None:
        """Plans in lighter bands; the cleanest way is known, so that only cheaper ones count."""
        tariffs = [self.problem.candidates[one].tariff for one in chosen]
        bands = product(*(zip(one.costs, one.limits, strict=True) for one in tariffs))
        choices = [
            (sum(cost for cost, _ in band), tuple(limit for _, limit in band))
            for band in bands
            if sum(limit for _, limit in band) >= self.problem.weight
        ]
        self.steps.take(len(choices))
        ways = [list(self._ways(chosen, line)) for line in range(len(self.problem.demand))]
        for cost, limits in sorted(choices):
            if below is not None and cost >= below:
                return
            if not self.stairs.covers(cost, co2):
                self._within(chosen, ways, limits)

    def _ways(self, chosen: tuple[int, ...], line: int) -> Iterator[tuple[int, Units]]:
        """All ways to send a line, with their milligrams."""
        sources = [self.problem.candidates[one].source for one in chosen]
        units = [self.units[one][line] for one in chosen]
        held = {source: self.problem.stock[source][line] for source in sources}
        for given in _parts(self.problem.demand[line], sources, held):
            self.steps.take()
            yield sum(map(int.__mul__, given, units)), given

    def _within(
        self,
        chosen: tuple[int, ...],
        ways: Sequence[Sequence[tuple[int, Units]]],
        limits: Units,
    ) -> None:
        """Add the cleanest plan of which no shipment is above its limit."""
        states: dict[Units, tuple[int, Table]] = {(0,) * len(chosen): (0, [])}
        for line, weight in enumerate(self.problem.weights):
            grown: dict[Units, tuple[int, Table]] = {}
            self.steps.take(len(states) * len(ways[line]))
            for loads, (co2, table) in states.items():
                for more, given in ways[line]:
                    heavier = tuple(
                        load + weight * units for load, units in zip(loads, given, strict=True)
                    )
                    if any(map(int.__gt__, heavier, limits)):
                        continue
                    known = grown.get(heavier)
                    if known is None or co2 + more < known[0]:
                        grown[heavier] = (co2 + more, [*table, given])
            states = grown
        for loads, (co2, table) in states.items():
            if 0 not in loads:
                self._add(chosen, table, self._cost(chosen, loads), co2 + self._fixed(chosen))

    def _cost(self, chosen: tuple[int, ...], loads: Units) -> int:
        tariffs = (self.problem.candidates[one].tariff for one in chosen)
        return sum(tariff.at(load) or 0 for tariff, load in zip(tariffs, loads, strict=True))

    def _fixed(self, chosen: Sequence[int]) -> int:
        return sum(self.problem.candidates[one].fixed for one in chosen)

    def _linear(self, chosen: tuple[int, ...], table: Table) -> int:
        return sum(
            given * self.units[one][line]
            for line, row in enumerate(table)
            for one, given in zip(chosen, row, strict=True)
        )

    def _loads(self, table: Table, count: int) -> Units:
        loads = [0] * count
        for weight, row in zip(self.problem.weights, table, strict=True):
            for at, units in enumerate(row):
                loads[at] += weight * units
        return tuple(loads)

    def _add(self, chosen: tuple[int, ...], table: Table, cost: int, co2: int) -> None:
        if self.stairs.covers(cost, co2):
            return
        shipments = tuple(
            Shipment(one, units)
            for at, one in enumerate(chosen)
            if any(units := tuple(row[at] for row in table))
        )
        arrival = max(self.problem.candidates[one.candidate].arrival for one in shipments)
        self.stairs.add(Point(cost, arrival, co2, shipments))


def _parts(wanted: int, sources: Sequence[int], held: dict[int, int]) -> Iterator[Units]:
    """All ways to take units from sources that hold so many."""
    if not sources:
        if wanted == 0:
            yield ()
        return
    first, *others = sources
    for taken in range(min(wanted, held[first]) + 1):
        left = {**held, first: held[first] - taken}
        for rest in _parts(wanted - taken, others, left):
            yield (taken, *rest)
