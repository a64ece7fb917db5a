"""The search finds exactly the best plans, or says how near it came."""

from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.promises.problem import Candidate, Frontier, Point, Problem, Tariff
from app.promises.quoting import Moment
from app.promises.search import frontier
from benchmarks.promises import HOME, NOW, basket, shop, stock
from tests.promises.instances import a_larger_instance, an_instance
from tests.promises.oracle import by_oracle, by_search, check

FLAT = Tariff((100_000,), (500,))
MANY = 400  # questions in an ordinary run; `python -m tests.promises.oracle 5000` asks more


@pytest.mark.parametrize("hundred", range(0, MANY, 100))
def test_random_questions_are_answered_as_by_a_general_solver(hundred: int) -> None:
    differing = [
        seed
        for seed in range(hundred, hundred + 100)
        if by_search(an_instance(seed)) != by_oracle(an_instance(seed))
    ]

    assert differing == []


@pytest.mark.parametrize("seed", [*range(1_000, 1_016), 1_231, 1_244, 1_248])
def test_plans_of_many_shipments_are_found_as_by_a_general_solver(seed: int) -> None:
    problem = a_larger_instance(seed)

    assert by_search(problem) == by_oracle(problem)


def test_those_plans_have_up_to_five_shipments() -> None:
    counts = {
        len(plan.shipments)
        for seed in (1_000, 1_001, 1_002, 1_003, 1_231, 1_244, 1_248)
        for plan in frontier(a_larger_instance(seed)).points
    }

    assert counts == {3, 4, 5}


@pytest.mark.parametrize("steps", [0, 10, 60, 200, 800])
def test_the_gap_holds_wherever_the_search_of_many_shipments_ends(steps: int) -> None:
    for seed in range(1_000, 1_030):
        problem = a_larger_instance(seed)
        found, every = frontier(problem, steps=steps), frontier(problem, steps=50_000_000)
        for point in found.points:
            check(problem, point)
        holds(found, every)


@given(st.integers(10_000, 10_000_000), st.integers(0, 400))
def test_when_steps_run_out_the_gap_holds_for_every_plan_there_is(seed: int, steps: int) -> None:
    problem = an_instance(seed)
    found, every = frontier(problem, steps=steps), frontier(problem, steps=50_000_000)

    for point in found.points:
        check(problem, point)
    holds(found, every)


def holds(found: Frontier, every: Frontier) -> None:
    """That no plan there is lies further from those that were found than the gap tells."""
    if found.gap is None:
        assert worths(found.points) == worths(every.points)
        return
    for cost, arrival, co2 in worths(every.points):
        assert not found.points or any(
            one.cost * (1_000_000 - found.gap) <= cost * 1_000_000
            and one.arrival * (1_000_000 - found.gap) <= arrival * 1_000_000
            and one.co2 * (1_000_000 - found.gap) <= co2 * 1_000_000
            for one in found.points
        )


def worths(points: Iterable[Point]) -> set[tuple[int, int, int]]:
    return {(one.cost, one.arrival, one.co2) for one in points}


@pytest.mark.parametrize(("locations", "least"), [(10, 23), (100, 23), (500, 24)])
def test_baskets_of_20_lines_are_answered_exactly(locations: int, least: int) -> None:
    at, exact = shop(locations), 0
    for seed in range(24):
        wanted = basket(Random(seed), 20)
        seen = stock(Random(seed + 1_000), wanted, at.places)
        choice = at.quoting.choice(wanted, HOME, Moment(at.offers, seen, NOW))
        exact += choice.gap is None

    assert exact >= least


def test_a_bundle_too_large_to_be_counted_is_left_open() -> None:
    light, heavy = Tariff((100_000_000,), (100,)), Tariff((100_000_000, 10**9), (100, 900))
    problem = Problem(
        (9_999,) * 40,
        (4_999, *range(4_000, 4_039)),
        ((9_999,) * 40, (9_999,) * 40),
        (Candidate(0, 1, heavy, 0, 1), Candidate(1, 1, heavy, 0, 2), Candidate(1, 2, light, 0, 9)),
    )

    assert frontier(problem).gap is not None


def test_some_searches_do_end_before_all_was_looked_at() -> None:
    gaps = [frontier(an_instance(seed), steps=20).gap for seed in range(50)]

    assert None in gaps
    assert any(gap is not None for gap in gaps)


def test_five_from_three_and_ten_is_split_exactly() -> None:
    problem = Problem((5,), (100,), ((3,), (10,)), (Candidate(0, 10, FLAT, 5, 1),))
    both = (*problem.candidates, Candidate(1, 20, FLAT, 9, 2))

    assert frontier(problem).points == ()
    plans = frontier(Problem((5,), (100,), ((3,), (10,)), both)).points
    assert [[one.units for one in plan.shipments] for plan in plans] == [[(5,)], [(3,), (2,)]]
    short = frontier(Problem((5,), (100,), ((3,), (4,)), both)).points
    assert [[one.units for one in plan.shipments] for plan in short] == [[(3,), (2,)]]


def test_two_lighter_parcels_go_where_they_cost_less_than_a_heavy_one() -> None:
    steep = Tariff((1_000, 2_000), (100, 900))
    problem = Problem(
        (2,), (1_000,), ((2,), (2,)), (Candidate(0, 1, steep, 0, 0), Candidate(1, 1, steep, 5, 0))
    )

    assert by_search(problem) == {(900, 1, 0), (200, 1, 5)}


def test_what_is_too_heavy_for_one_parcel_goes_in_two() -> None:
    small = Tariff((1_000,), (100,))
    problem = Problem(
        (3,), (400,), ((3,), (3,)), (Candidate(0, 1, small, 1, 1), Candidate(1, 1, small, 1, 2))
    )

    assert by_search(problem) == {(200, 1, 2 + 800 + 800)}


def test_the_same_question_has_the_same_answer() -> None:
    problem = an_instance(17)

    assert frontier(problem) == frontier(problem)
