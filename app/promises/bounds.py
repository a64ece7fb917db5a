"""What must a plan cost at least? Bounds that add up over the shipments it is known to have.

Each unit of a line is given a price that no shipment can undercut: the prices of all that a source
could send by a candidate are at most what that shipment costs. What is left of its costs is its
slack. A plan is then worth at least the prices of all that is wanted and the slack of each of its
shipments (the dual of a facility location problem, by ascent as in Erlenkotter's DUALOC, 1978).
"""

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from app.promises.problem import Problem, Tariff


class Bound(NamedTuple):
    """Of one objective: `base` of every plan, and what each candidate adds, by position."""

    base: int
    slack: tuple[int, ...]


@lru_cache(maxsize=4_096)
def for_many(tariffs: frozenset[Tariff], weight: int, count: int) -> int:
    """What so many shipments or more cost at least."""
    return by_count(tariffs, weight, count)[count]


def together(tariffs: Iterable[Tariff]) -> Tariff:
    """The cheapest of some tariffs at every weight."""
    every = set(tariffs)
    limits = sorted({limit for one in every for limit in one.limits})
    return Tariff(tuple(limits), tuple(_cheapest(every, limit) for limit in limits))


@lru_cache(maxsize=65_536)
def joined(one: Tariff, other: Tariff) -> Tariff:
    """What two parcels cost at least, by what they weigh together."""
    limits: list[int] = []
    costs: list[int] = []
    for cost, limit in sorted(
        (cost + more, limit + most)
        for limit, cost in zip(one.limits, one.costs, strict=True)
        for most, more in zip(other.limits, other.costs, strict=True)
    ):
        if costs and costs[-1] == cost:
            limits[-1] = max(limits[-1], limit)
        elif not limits or limit > limits[-1]:
            limits.append(limit)
            costs.append(cost)
    return Tariff(tuple(limits), tuple(costs))


@lru_cache(maxsize=65_536)
def split(one: Tariff, other: Tariff, weight: int) -> int | None:
    """What two shipments that take the whole weight together cost at least."""
    costs = [
        cost + rest
        for limit, cost in zip(one.limits, one.costs, strict=True)
        if (rest := other.at(max(0, weight - limit))) is not None
    ]
    return min(costs, default=None)


def by_count(tariffs: Iterable[Tariff], weight: int, most: int) -> tuple[int, ...]:
    """What so many shipments, or more, cost at least when they take the whole weight together.

    By number of shipments from 0 to `most`; each is charged by the cheapest tariff for its weight.
    """
    every = set(tariffs)
    limits = sorted({min(limit, weight) for one in every for limit in one.limits})
    bands = [(limit, _cheapest(every, limit)) for limit in limits]
    least = min(cost for _, cost in bands)

    @cache
    def exactly(count: int, left: int) -> int | None:
        if count == 0:
            return 0 if left <= 0 else None
        found = [
            cost + rest
            for limit, cost in bands
            if (rest := exactly(count - 1, max(0, left - limit))) is not None
        ]
        return min(found, default=None)

    bounds = [least * (most + 1)]
    for count in range(most, -1, -1):
        cost = exactly(count, weight)
        bounds.append(bounds[-1] if cost is None else min(bounds[-1], cost))
    return tuple(reversed(bounds[1:]))


def _cheapest(tariffs: Iterable[Tariff], weight: int) -> int:
    costs = (one.at(weight) for one in tariffs)
    return min(cost for cost in costs if cost is not None)


class Slope(NamedTuple):
    """Costs as a charge a shipment and `rise / run` a gram: never above the tariff."""

    charges: tuple[int, ...]
    rise: int
    run: int


def slope(tariffs: Sequence[Tariff], weight: int) -> Slope:
    """The steepest line that charges nothing below zero; charges are in parts of `run`."""
    cheapest = min(tariffs, key=lambda one: (one.at(weight) is None, one.at(weight) or 0))
    first, whole = cheapest.costs[0], cheapest.at(weight)
    run = weight - cheapest.limits[0]
    rise = whole - first if whole is not None and run > 0 else 0
    for steepness in (rise, 0):
        steps = max(run, 1) if steepness else 1
        known = {one: _charge(one, weight, steepness, steps) for one in set(tariffs)}
        if all(charge >= 0 for charge in known.values()):
            return Slope(tuple(known[one] for one in tariffs), steepness, steps)
    raise ValueError("a tariff is below zero")


def _charge(tariff: Tariff, weight: int, rise: int, run: int) -> int:
    return min(
        run * cost - rise * min(limit, weight)
        for limit, cost in zip(tariff.limits, tariff.costs, strict=True)
    )


def ascent(
    fixed: Sequence[int],
    supply: Sequence[Sequence[tuple[int, int, int]]],
    demand: Sequence[int],
) -> Bound:
    """Prices as high as they go, lines with few suppliers first.

    `supply` tells for each line who could send it: position, units at most, and what a unit costs.
    """
    slack, base = list(fixed), 0
    for line in sorted(range(len(supply)), key=lambda one: len(supply[one])):
        suppliers = supply[line]
        price = min(unit + slack[at] // most for at, most, unit in suppliers)
        for at, most, unit in suppliers:
            if unit < price:
                slack[at] -= most * (price - unit)
        base += demand[line] * price
    return Bound(base, tuple(slack))


def suppliers(
    problem: Problem, order: Sequence[int], units: Sequence[Sequence[int]]
) -> list[list[tuple[int, int, int]]]:
    """For each line, the positions that have some of it, how many they could send, and `units`."""
    found = []
    for line, wanted in enumerate(problem.demand):
        having = []
        for at, one in enumerate(order):
            held = problem.stock[problem.candidates[one].source][line]
            if held:
                having.append((at, min(held, wanted), units[at][line]))
        found.append(having)
    return found
