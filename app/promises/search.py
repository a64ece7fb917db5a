"""Which plans are there of which none is better in all respects? All of them, or how near.

For each time by which everything can be there, soonest first, all plans of one shipment are looked
at, then all of two, of three and so on, until no plan of so many can be below the staircase of what
is known: what is left when steps run out could not have been much better.
"""

from collections.abc import Iterable, Sequence
from operator import ge

from app.promises.assigning import Assigning
from app.promises.bounds import for_many
from app.promises.branching import SEVERAL, Round
from app.promises.cleanest import Cleanest
from app.promises.gaps import gap_of
from app.promises.pairs import Pairs
from app.promises.problem import Frontier, Point, Problem, Shipment
from app.promises.pruning import Rivals, worth_trying
from app.promises.sets import Sets
from app.promises.staircase import Staircase, soonest
from app.promises.steps import Steps

MOST_STEPS = 8_000


def frontier(
    problem: Problem, *, steps: int = MOST_STEPS, rivals: Rivals | None = None
) -> Frontier:
    """The plans that are best in some respect; none when not everything is to be had.

    `rivals` among the candidates, where they are known already.
    """
    order = worth_trying(problem, rivals)
    stairs, taken = Staircase(), 0
    among: Cleanest | None = None
    points: dict[int, Point] = {}
    opened: list[tuple[int, int, int]] = []
    arrivals = sorted({problem.candidates[one].arrival for one in order})
    for number, arrival in enumerate(arrivals):
        near = [one for one in order if problem.candidates[one].arrival <= arrival]
        if not _enough(problem, near):
            continue
        if _alone(problem, near, stairs):
            points.update((id(point), point) for point in stairs)
            continue
        share = Steps(2 * (steps - taken) // (len(arrivals) - number + 1))
        among = among or Cleanest(problem, order)
        share.spend(len(near) * len(problem.demand) // 16)  # what looks at each takes as long
        left = _few(among, arrival, stairs, share)
        if not _covered(problem, near, stairs, SEVERAL):
            left += Round(problem, near, stairs, share).run()
        opened.extend((cost, arrival, co2) for cost, co2 in left)
        taken += share.taken
        points.update((id(point), point) for point in stairs)
    found = _undominated(points.values())
    return Frontier(found, gap_of(found, opened, problem.since), taken)


def _enough(problem: Problem, order: Sequence[int]) -> bool:
    sources = {problem.candidates[one].source for one in order}
    return all(
        sum(problem.stock[source][line] for source in sources) >= wanted
        for line, wanted in enumerate(problem.demand)
    )


def _alone(problem: Problem, near: Sequence[int], stairs: Staircase) -> bool:
    """Add the plans of one shipment; whether no plan of several can be better than all of them."""
    latest = max(problem.candidates[one].arrival for one in near)
    tariffs, fixed, rates = set(), [], []
    for one in near:
        _, arrival, tariff, least, rate = candidate = problem.candidates[one]
        tariffs.add(tariff)
        fixed.append(least)
        rates.append(rate)
        if arrival == latest and all(map(ge, problem.stock[candidate.source], problem.demand)):
            cost = tariff.at(problem.weight)
            if cost is not None:
                shipment = Shipment(one, problem.demand)
                co2 = least + rate * problem.weight
                stairs.add(Point(cost, arrival, co2, (shipment,)))
    cost = for_many(frozenset(tariffs), problem.weight, 2)
    return stairs.covers(cost, 2 * min(fixed) + min(rates) * problem.weight)


def _few(among: Cleanest, arrival: int, stairs: Staircase, steps: Steps) -> list[tuple[int, int]]:
    """Add the plans of few shipments; the bounds of those left open."""
    near, last = among.near(arrival), among.last(arrival)
    opened = list(Pairs(among, stairs, steps).add(near, last))
    its = [one for at, one in enumerate(among.order) if near >> at & 1]
    enough = _covered(among.problem, its, stairs, SEVERAL)
    share = Steps(steps.left if enough else steps.left // 2)  # the rest is for larger ones
    assigning = Assigning(among.problem, stairs, share)
    for count in range(3, SEVERAL):
        if _covered(among.problem, its, stairs, count):
            break
        opened.extend(Sets(among, assigning, count).add(near, last))
    steps.spend(share.taken)
    return opened + assigning.opened


def _covered(problem: Problem, near: Sequence[int], stairs: Staircase, count: int) -> bool:
    """Whether no plan of so many shipments or more can be better than all that are known."""
    its = [problem.candidates[one] for one in near]
    cost = for_many(frozenset(one.tariff for one in its), problem.weight, count)
    co2 = count * min(one.fixed for one in its)
    for line, (wanted, grams) in enumerate(zip(problem.demand, problem.weights, strict=True)):
        co2 += wanted * grams * min(one.rate for one in its if problem.stock[one.source][line])
    return stairs.covers(cost, co2)


def _undominated(points: Iterable[Point]) -> tuple[Point, ...]:
    kept: list[Point] = []
    for point in sorted(points, key=soonest):
        if not any(one.cost <= point.cost and one.co2 <= point.co2 for one in kept):
            kept.append(point)
    return tuple(kept)
