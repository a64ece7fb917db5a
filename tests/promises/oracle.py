"""The same questions asked of a general solver of integer programs, and the answers compared.

`python -m tests.promises.oracle 2000` compares that many random questions.
"""

import sys
from collections.abc import Iterator

import highspy

from app.promises.problem import Point, Problem
from app.promises.search import frontier
from tests.promises.instances import a_larger_instance, an_instance

Worth = tuple[int, int, int]
Linear = highspy.highs.highs_linear_expression


class Program:
    """All plans that are there by a time, as an integer program."""

    def __init__(self, problem: Problem, arrival: int) -> None:
        self.problem = problem
        self.near = [n for n, one in enumerate(problem.candidates) if one.arrival <= arrival]
        self.highs = highspy.Highs()  # type: ignore[no-untyped-call]
        self.highs.silent()
        for option, value in (
            ("mip_rel_gap", 0.0),
            ("mip_abs_gap", 0.0),
            ("mip_feasibility_tolerance", 1e-9),
            ("threads", 1),
        ):
            self.highs.setOptionValue(option, value)
        self.units = {
            (one, line): self.highs.addIntegral(0, self.stocked(one, line))
            for one in self.near
            for line in range(len(problem.demand))
        }
        self.bands = {
            (one, band): self.highs.addBinary()
            for one in self.near
            for band in range(len(problem.candidates[one].tariff.limits))
        }
        self.constrain()

    def stocked(self, one: int, line: int) -> int:
        held = self.problem.stock[self.problem.candidates[one].source][line]
        return min(held, self.problem.demand[line])

    def constrain(self) -> None:
        highs, problem = self.highs, self.problem
        for line, wanted in enumerate(problem.demand):
            highs.addConstr(sum(self.units[one, line] for one in self.near) == wanted)
            for source, held in enumerate(problem.stock):
                sharing = [o for o in self.near if problem.candidates[o].source == source]
                if sharing:
                    highs.addConstr(sum(self.units[o, line] for o in sharing) <= held[line])
        for one in self.near:
            limits = problem.candidates[one].tariff.limits
            load = sum(w * self.units[one, n] for n, w in enumerate(problem.weights))
            highs.addConstr(sum(self.bands[one, b] for b in range(len(limits))) <= 1)
            highs.addConstr(
                load <= sum(limit * self.bands[one, b] for b, limit in enumerate(limits))
            )

    def cost(self) -> Linear:
        return self.highs.qsum(
            cost * self.bands[one, band]
            for one in self.near
            for band, cost in enumerate(self.problem.candidates[one].tariff.costs)
        )

    def co2(self) -> Linear:
        problem = self.problem
        fixed = [problem.candidates[one].fixed * used for (one, _), used in self.bands.items()]
        linear = [problem.unit(*key) * units for key, units in self.units.items()]
        return self.highs.qsum([*fixed, *linear])

    def least(self, objective: Linear) -> tuple[int, int] | None:
        """Cost and emissions of the best plan, worked out again from its whole numbers."""
        self.highs.minimize(objective)
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        taken = {key: round(self.highs.val(units)) for key, units in self.units.items()}
        chosen = [key for key, band in self.bands.items() if round(self.highs.val(band))]
        candidates = self.problem.candidates
        cost = sum(candidates[one].tariff.costs[band] for one, band in chosen)
        co2 = sum(candidates[one].fixed for one, _ in chosen)
        return cost, co2 + sum(n * self.problem.unit(*key) for key, n in taken.items())

    def corners(self) -> Iterator[tuple[int, int]]:
        """Every pair of cost and emissions that no other is as good as."""
        while (cheapest := self.least(self.cost())) is not None:
            capped = self.highs.addConstr(self.cost() <= cheapest[0])
            cleanest = self.least(self.co2())
            assert cleanest is not None
            yield cheapest[0], cleanest[1]
            self.highs.removeConstr(capped)
            self.highs.addConstr(self.co2() <= cleanest[1] - 1)


def by_oracle(problem: Problem) -> set[Worth]:
    """What the best plans are worth."""
    known: set[tuple[int, int]] = set()
    found: set[Worth] = set()
    for arrival in sorted({one.arrival for one in problem.candidates}):
        for cost, co2 in Program(problem, arrival).corners():
            if not any(c <= cost and e <= co2 for c, e in known):
                found.add((cost, arrival, co2))
        known |= {(cost, co2) for cost, _, co2 in found}
    return found


def by_search(problem: Problem) -> set[Worth]:
    """The same by our own search, each plan worked out again from what it ships."""
    found = frontier(problem, steps=50_000_000)
    assert found.gap is None
    for point in found.points:
        check(problem, point)
    return {(point.cost, point.arrival, point.co2) for point in found.points}


def check(problem: Problem, point: Point) -> None:
    """That a plan ships what is wanted from what is there, and is worth what it says."""
    cost = co2 = arrival = 0
    sent = [0] * len(problem.demand)
    left = [list(held) for held in problem.stock]
    for one, units in point.shipments:
        candidate = problem.candidates[one]
        load = sum(map(int.__mul__, units, problem.weights))
        charged = candidate.tariff.at(load)
        assert charged is not None
        assert load > 0
        cost, co2 = cost + charged, co2 + candidate.fixed
        arrival = max(arrival, candidate.arrival)
        for line, count in enumerate(units):
            sent[line] += count
            co2 += count * problem.unit(one, line)
            left[candidate.source][line] -= count
            assert left[candidate.source][line] >= 0
    assert tuple(sent) == problem.demand
    assert (cost, arrival, co2) == (point.cost, point.arrival, point.co2)


def main(count: int) -> int:
    """Compare; the number of questions that were answered differently."""
    differing = 0
    for seed in range(count):
        problem = a_larger_instance(seed) if seed % 10 == 9 else an_instance(seed)
        ours, theirs = by_search(problem), by_oracle(problem)
        if ours != theirs:
            differing += 1
            print(seed, sorted(ours - theirs), sorted(theirs - ours))  # noqa: T201
    print(f"{count} questions, {differing} answered differently")  # noqa: T201
    return differing


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]))))
