"""A quote of one line looks at what it needs, and at nothing else of 500 locations."""

from random import Random
from time import process_time

from app.promises.model import Objective
from app.promises.quoting import Basket, Moment
from app.promises.ranking import Preference
from app.promises.stock import Seen
from app.values import LocationCode
from benchmarks.promises import HOME, NOW, Shop, basket, shop, stock

CHEAPEST = Preference((Objective.COST, Objective.SPEED, Objective.EMISSIONS))
GOAL = 1_500  # quotes a second, by one core


def test_units_are_told_by_location_whatever_locations_are_asked_for() -> None:
    at = shop(10)
    wanted = basket(Random(1), 3)
    seen = stock(Random(1), wanted, at.places)
    backwards = (LocationCode("NEW"), *reversed(seen.codes))

    shelves = seen.by_location
    assert seen.units(seen.codes) == tuple(shelves[code].units for code in seen.codes)
    assert seen.units(backwards) == (
        (0, 0, 0),
        *(shelves[code].units for code in reversed(seen.codes)),
    )


def test_a_quote_works_out_nothing_but_units() -> None:
    at = shop(10)
    wanted = basket(Random(1), 1)
    seen = stock(Random(1), wanted, at.places)
    at.quoting.best(wanted, HOME, Moment(at.offers, seen, NOW), CHEAPEST)

    assert {"by_location", "vector"} & vars(seen).keys() == set()


def test_quotes_of_one_line_over_500_locations_reach_their_goal() -> None:
    at = shop(500)
    asked = []
    for seed in range(30):
        wanted = basket(Random(seed), 1)
        asked.append((wanted, stock(Random(seed), wanted, at.places)))

    assert min(seconds(at, asked) for _ in range(5)) < len(asked) / GOAL


def seconds(at: Shop, asked: list[tuple[Basket, Seen]]) -> float:
    """CPU of all of them, with nothing kept from before."""
    for _, seen in asked:
        for spread in seen.spreads:
            spread.faces.clear()
    start = process_time()
    for wanted, seen in asked:
        at.quoting.best(wanted, HOME, Moment(at.offers, seen, NOW), CHEAPEST)
    return process_time() - start
