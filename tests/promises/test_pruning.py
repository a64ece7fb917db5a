"""What is left out of a search could be replaced by something that is not."""

from operator import ge

import pytest

from app.promises.problem import Candidate, Problem, Tariff
from app.promises.pruning import worth_trying
from tests.promises.instances import an_instance


def replaces(problem: Problem, one: Candidate, other: Candidate) -> bool:
    """Whether a shipment can take the place of another in every plan, by the words of the rule."""
    weights = range(0, problem.weight + 1, 50)
    costs = [(one.tariff.at(w), other.tariff.at(w)) for w in weights if other.tariff.at(w)]
    return (
        one.arrival <= other.arrival
        and one.fixed <= other.fixed
        and one.rate <= other.rate
        and one.tariff.limits[-1] >= problem.weight
        and all(mine is not None and mine <= its for mine, its in costs if its is not None)
        and (
            one.source == other.source
            or all(
                mine >= wanted
                for mine, its, wanted in zip(
                    problem.stock[one.source],
                    problem.stock[other.source],
                    problem.demand,
                    strict=True,
                )
                if its
            )
        )
    )


@pytest.mark.parametrize("hundred", range(0, 1_000, 100))
def test_whatever_is_left_out_is_replaced_by_what_is_kept(hundred: int) -> None:
    for seed in range(hundred, hundred + 100):
        problem = an_instance(seed)
        kept = worth_trying(problem)
        for number, one in enumerate(problem.candidates):
            if number not in kept and any(problem.stock[one.source]):
                others = [problem.candidates[other] for other in kept]
                assert any(replaces(problem, other, one) for other in others), seed


def test_of_those_that_are_as_good_one_is_kept() -> None:
    flat = Tariff((5_000,), (100,))
    twins = tuple(Candidate(source, 10, flat, 5, 1) for source in range(3))
    problem = Problem((2,), (500,), ((2,), (9,), (0,)), twins)

    assert worth_trying(problem) == (0,)


def test_who_has_too_little_replaces_nobody_who_has_some() -> None:
    flat = Tariff((5_000,), (100,))
    worse = Candidate(1, 20, flat, 9, 9)
    problem = Problem((2,), (500,), ((1,), (1,)), (Candidate(0, 10, flat, 5, 1), worse))

    assert sorted(worth_trying(problem)) == [0, 1]
    enough = Problem((2,), (500,), ((2,), (1,)), problem.candidates)
    assert worth_trying(enough) == (0,)
    assert all(map(ge, enough.stock[0], enough.demand))
