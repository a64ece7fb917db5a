"""Random questions for the search, small enough for a solver that knows nothing of it."""

from random import Random

from app.promises.problem import Candidate, Problem, Tariff


def an_instance(seed: int) -> Problem:
    dice = Random(seed)
    lines = dice.randint(1, 4)
    sources = dice.randint(1, 5)
    demand = tuple(dice.randint(1, 4) for _ in range(lines))
    weights = tuple(dice.choice((150, 400, 600, 1100)) for _ in range(lines))
    stock = tuple(
        tuple(dice.choice((0, 0, 1, 2, 5)) if dice.random() < 0.8 else 9 for _ in range(lines))
        for _ in range(sources)
    )
    tariffs = [a_tariff(dice) for _ in range(3)]
    candidates = tuple(
        Candidate(
            source=dice.randrange(sources),
            arrival=dice.choice((100, 200, 300)),
            tariff=dice.choice(tariffs),
            fixed=dice.choice((0, 200, 300, 500)),
            rate=dice.choice((0, 10, 60, 200)),
        )
        for _ in range(dice.randint(1, 7))
    )
    return Problem(demand, weights, stock, candidates)


def a_larger_instance(seed: int) -> Problem:
    """More lines, of which few sources have all: plans of three to six shipments."""
    dice = Random(seed)
    lines, sources = dice.randint(2, 7), dice.randint(3, 7)
    demand = tuple(dice.choice((1, 1, 2, 3)) for _ in range(lines))
    weights = tuple(dice.choice((150, 400, 600, 1100)) for _ in range(lines))
    share = dice.choice((0.3, 0.5, 0.7))
    stock = tuple(
        tuple(dice.choice((1, 2, 3)) if dice.random() < share else 0 for _ in range(lines))
        for _ in range(sources)
    )
    tariffs = [a_tariff(dice) for _ in range(3)]
    candidates = tuple(
        Candidate(
            dice.randrange(sources),
            dice.choice((100, 200)),
            dice.choice(tariffs),
            dice.choice((100, 200, 300)),
            dice.choice((0, 10, 60, 200, 111)),
        )
        for _ in range(dice.randint(4, 11))
    )
    return Problem(demand, weights, stock, candidates)


def a_tariff(dice: Random) -> Tariff:
    limits, costs = [], []
    limit = cost = 0
    for _ in range(dice.randint(1, 4)):
        limit += dice.choice((500, 1000, 2000, 4000))
        cost += dice.choice((0, 50, 100, 400))
        limits.append(limit)
        costs.append(cost)
    return Tariff(tuple(limits), tuple(costs))
