"""Given the shipments, which units go by which? The cleanest way, then the cheaper ones.

A gram is the cleaner, the lower the rate of the shipment it goes by: without limits every line goes
by the lowest rate that has it. In lighter bands some grams have to change shipments.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import comb
from operator import ge
from typing import NamedTuple

from app.promises.fitting import Bands, Row, Units, combined, lightest, parts, step_of
from app.promises.problem import Candidate, Point, Problem, Shipment
from app.promises.staircase import Staircase
from app.promises.steps import Exhausted, Steps

Table = list[Row]  # by line


class Clean(NamedTuple):
    """What all these shipments emit at least, and the highest rate by which each line goes then."""

    co2: int
    tops: Row


class Moved(NamedTuple):
    """Units in other shipments than the cleanest; `least` is what any such plan emits."""

    table: Table | None
    least: int | None


@dataclass(frozen=True, slots=True)
class Assigning:
    """Adds the plans of a set of shipments to a staircase.

    `opened` are bounds of plans, cost and emissions, for which there were no steps left.
    """

    problem: Problem
    stairs: Staircase
    steps: Steps
    opened: list[tuple[int, int]] = field(default_factory=list)

    def settle(self, chosen: tuple[int, ...], least: int = 0) -> Clean:
        """Add every plan by these shipments that is worth it; none of them costs below `least`."""
        candidates = self.problem.candidates
        chosen = tuple(sorted(chosen, key=lambda one: candidates[one].rate))
        table = self._cleanest(chosen)
        loads = self._loads(table, len(chosen))
        its = [candidates[one] for one in chosen]
        costs = [one.tariff.at(load) for one, load in zip(its, loads, strict=True) if load]
        whole: int | None = None
        if None not in costs:
            whole = sum(cost for cost in costs if cost is not None)
            self._add(chosen, table, whole)
        clean = self._clean(its, table, loads)
        if len(chosen) > 1 and not self.stairs.covers(least, clean.co2):
            self._cheaper(chosen, table, loads, whole)
        return clean

    def _clean(self, its: Sequence[Candidate], table: Table, loads: Row) -> Clean:
        co2 = sum(one.fixed + one.rate * load for one, load in zip(its, loads, strict=True))
        tops = [max(one.rate for one, n in zip(its, row, strict=True) if n) for row in table]
        return Clean(co2, tuple(tops))

    def _cleanest(self, chosen: tuple[int, ...]) -> Table:
        """Each line from the cleanest shipments that have it; `chosen` come cleanest first."""
        problem, table = self.problem, []
        sources = [problem.candidates[one].source for one in chosen]
        for line, missing in enumerate(problem.demand):
            row = []
            taken: dict[int, int] = {}
            for source in sources:
                held = problem.stock[source][line] - taken.get(source, 0)
                units = min(missing, held)
                taken[source] = taken.get(source, 0) + units
                row.append(units)
                missing -= units  # noqa: PLW2901  a running rest
            table.append(tuple(row))
        return table

    def _cheaper(
        self, chosen: tuple[int, ...], table: Table, loads: Row, below: int | None
    ) -> None:
        """Plans in lighter bands; the cleanest way is known, so that only cheaper ones count."""
        its = [self.problem.candidates[one] for one in chosen]
        floor = sum(one.fixed + one.rate * load for one, load in zip(its, loads, strict=True))
        if not self.steps.left:
            self.opened.append((sum(one.tariff.costs[0] for one in its), floor))
            return
        choices = sorted(self._bands(its, below))
        self.steps.spend(len(choices))
        for cost, limits in choices:
            displaced = _displaced(its, loads, limits)
            if displaced is None or self.stairs.covers(cost, floor + displaced):
                continue
            if not self.steps.left:
                self.opened.append((cost, floor))
                return  # what follows costs more
            moved = self._moved(its, table, loads, limits)
            if moved.least is None or self.stairs.covers(cost, floor + moved.least):
                continue
            if moved.table is not None:
                self._add(chosen, moved.table)
            if not self.stairs.covers(cost, floor + moved.least):
                self._thoroughly(chosen, table, limits, (cost, floor + moved.least))

    def _bands(self, its: Sequence[Candidate], below: int | None) -> Iterator[Bands]:
        """Bands for all shipments that together take the weight, cheaper than `below`."""
        weights = self.problem.weights
        choices = []
        for one in its:
            held = self.problem.stock[one.source]
            most = sum(map(int.__mul__, map(min, held, self.problem.demand), weights))
            tariff = one.tariff
            useful = next((n for n, limit in enumerate(tariff.limits) if limit >= most), None)
            end = len(tariff.limits) if useful is None else useful + 1
            choices.append(list(zip(tariff.costs[:end], tariff.limits[:end], strict=True)))
        rest = [0]
        for choice in reversed(choices):
            rest.append(rest[-1] + choice[0][0])
        yield from combined(choices, rest[::-1], self.problem.weight, below)

    def _moved(self, its: Sequence[Candidate], table: Table, loads: Row, limits: Row) -> Moved:
        """Bring shipments below their limits, each by the smallest step in rate there is."""
        now, weighing, least, whole = list(table), list(loads), 0, True
        self.steps.spend(1 + len(table) * len(its) // 3)
        for at, limit in enumerate(limits):
            over = loads[at] - limit
            if over <= 0:
                continue
            ways = [
                (its[to].rate - its[at].rate, to, movable)
                for to in range(len(its))
                if to != at and (movable := self._movable(its, table, at, to))
            ]
            if not ways:
                return Moved(None, None)
            step = step_of([one for _, _, movable in ways for one in movable])
            least += -(-over // step) * step * min(ways)[0]
            whole = whole and self._eased(its, now, weighing, limits, at)
        return Moved(now if whole else None, least)

    def _eased(
        self, its: Sequence[Candidate], now: Table, loads: list[int], limits: Row, at: int
    ) -> bool:
        """Move as little as can be to the cleanest shipment that has room; whether it could be."""
        over = loads[at] - limits[at]
        if over <= 0:
            return True
        for to in range(len(its)):
            room = limits[to] - loads[to]
            if to == at or room < over:
                continue
            movable = self._movable(its, now, at, to)
            taken = lightest(movable, over, room) if movable else None
            if taken is not None:
                for line, units in taken.items():
                    row = list(now[line])
                    row[at] -= units
                    row[to] += units
                    now[line] = tuple(row)
                    loads[at] -= units * self.problem.weights[line]
                    loads[to] += units * self.problem.weights[line]
                return True
        return False

    def _movable(self, its: Sequence[Candidate], table: Table, at: int, to: int) -> list[Units]:
        """Units of one shipment that could as well go by another."""
        source, found = its[to].source, []
        shared = source == its[at].source
        sharing = [n for n, one in enumerate(its) if one.source == source]
        for line, row in enumerate(table):
            left = self.problem.stock[source][line] - sum(row[n] for n in sharing)
            count = row[at] if shared else min(row[at], left)
            if count > 0:
                found.append(Units(line, self.problem.weights[line], count))
        return found

    def _thoroughly(
        self, chosen: tuple[int, ...], table: Table, limits: Row, bound: tuple[int, int]
    ) -> None:
        """Find the cleanest plan below the limits, or leave it open when steps run out."""
        try:
            self._within(chosen, table, limits, bound[0])
        except Exhausted:
            self.opened.append(bound)

    def _within(self, chosen: tuple[int, ...], cleanest: Table, limits: Row, cost: int) -> None:
        """Add the cleanest plan of which no shipment is above its limit.

        Lines are added one by one; of what weighs the same, only the cleanest goes on. Those that
        follow emit no less than in the cleanest plan of all.
        """
        rates = [self.problem.candidates[one].rate for one in chosen]
        fixed = sum(self.problem.candidates[one].fixed for one in chosen)
        rest = sum(
            grams * sum(map(int.__mul__, row, rates))
            for grams, row in zip(self.problem.weights, cleanest, strict=True)
        )
        states: dict[Row, tuple[int, Table]] = {(0,) * len(chosen): (fixed, [])}
        for line, grams in enumerate(self.problem.weights):
            most = comb(self.problem.demand[line] + len(chosen) - 1, len(chosen) - 1)
            self.steps.take(1 + len(states) * most // 3)
            ways = list(self._ways(chosen, line))
            rest -= grams * sum(map(int.__mul__, cleanest[line], rates))
            grown: dict[Row, tuple[int, Table]] = {}
            for loads, (co2, table) in states.items():
                for row in ways:
                    more = [grams * units for units in row]
                    heavier = tuple(map(int.__add__, loads, more))
                    if not all(map(ge, limits, heavier)):
                        continue
                    total = co2 + sum(map(int.__mul__, more, rates))
                    known = grown.get(heavier)
                    if known is None or total < known[0]:
                        grown[heavier] = (total, [*table, row])
            states = {
                loads: state
                for loads, state in grown.items()
                if not self.stairs.covers(cost, state[0] + rest)
            }
        for _, table in states.values():
            self._add(chosen, table)

    def _ways(self, chosen: tuple[int, ...], line: int) -> Iterator[Row]:
        """All ways to send a line."""
        sources = [self.problem.candidates[one].source for one in chosen]
        held = {source: self.problem.stock[source][line] for source in sources}
        return parts(self.problem.demand[line], sources, held)

    def _loads(self, table: Table, count: int) -> Row:
        loads = [0] * count
        for weight, row in zip(self.problem.weights, table, strict=True):
            for at, units in enumerate(row):
                loads[at] += weight * units
        return tuple(loads)

    def _add(self, chosen: tuple[int, ...], table: Table, cost: int | None = None) -> None:
        """Add a plan, without shipments that hold nothing."""
        loads = self._loads(table, len(chosen))
        co2 = charged = 0
        for one, load in zip(chosen, loads, strict=True):
            if load:
                candidate = self.problem.candidates[one]
                co2 += candidate.fixed + candidate.rate * load
                charged += candidate.tariff.at(load) or 0
        if self.stairs.covers(charged if cost is None else cost, co2):
            return
        shipments = tuple(
            Shipment(one, tuple(row[at] for row in table))
            for at, one in enumerate(chosen)
            if loads[at]
        )
        arrival = max(self.problem.candidates[one.candidate].arrival for one in shipments)
        self.stairs.add(Point(charged, arrival, co2, shipments))


def _displaced(its: Sequence[Candidate], loads: Row, limits: Row) -> int | None:
    """What it adds at least to emissions that some are too heavy; None where it cannot be.

    They are cleanest first, and each has all it can: grams go to dirtier ones alone.
    """
    if loads[-1] > limits[-1]:
        return None
    return sum(
        max(0, load - limit) * (after.rate - one.rate)
        for load, limit, one, after in zip(loads, limits, its, its[1:], strict=False)
    )
