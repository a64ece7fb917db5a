"""Why is a location in no option, and what would change that?"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from app.promises.costs import money
from app.promises.model import Exclusion, Line, Margin, Reason
from app.promises.offered import Offers, Rejected
from app.promises.problem import Candidate, Frontier, Point, Problem
from app.promises.stock import Seen
from app.settings import Promises
from app.values import LocationCode, Sku

UNKNOWN = Reason.UNKNOWN_STOCK
NOTHING: Mapping[Sku, int] = {}


def losers(
    lines: Sequence[Line],
    problem: Problem,
    offers: Offers,
    found: Frontier,
    stock: Seen,
    rules: Promises,
) -> tuple[Exclusion, ...]:
    """Every location that is in no option, by code."""
    used = {offers.all[one.candidate].location for p in found.points for one in p.shipments}
    given = [_rejected(one) for one in offers.rejected]
    by_location = groupby(enumerate(offers.all), key=lambda one: one[1].location)
    for code, its in by_location:
        if code not in used:
            candidates = [problem.candidates[place] for place, _ in its]
            lacking = _lacking(code, lines, stock)
            reason = _by_stock(code, lacking, stock)
            given.append(
                _beaten(code, candidates, problem, found, rules.currency)
                if reason is None
                else _unstocked(code, reason, lacking)
            )
    return tuple(sorted(given, key=lambda one: one.location))


def _rejected(one: Rejected) -> Exclusion:
    return Exclusion(location=one.location, reason=one.reason, change=one.change, lacking=NOTHING)


def _unstocked(code: LocationCode, reason: Reason, lacking: Mapping[Sku, int]) -> Exclusion:
    wanted = ", ".join(f"{count} more of {sku}" for sku, count in lacking.items())
    change = f"An answer of its system, and {wanted}." if reason is UNKNOWN else f"{wanted}."
    return Exclusion(location=code, reason=reason, change=change, lacking=lacking)


def _beaten(
    code: LocationCode,
    candidates: Sequence[Candidate],
    problem: Problem,
    found: Frontier,
    currency: str,
) -> Exclusion:
    worths = list(_alone(candidates, problem))
    margin = _margin(worths, found.points, currency)
    if margin is not None:
        reason, change = Reason.DOMINATED, _behind(margin)
    elif worths:
        reason, change = Reason.NOT_LOOKED_AT, "More steps for the search."
    else:
        reason, change = Reason.TOO_HEAVY, "A service that takes parcels of this weight."
    return Exclusion(location=code, reason=reason, change=change, lacking=NOTHING, margin=margin)


def _lacking(code: LocationCode, lines: Sequence[Line], stock: Seen) -> Mapping[Sku, int]:
    shelf = stock.by_location.get(code)
    held = (0,) * len(lines) if shelf is None else shelf.units
    return {
        line.sku: line.quantity - has
        for line, has in zip(lines, held, strict=True)
        if has < line.quantity
    }


def _by_stock(code: LocationCode, lacking: Mapping[Sku, int], stock: Seen) -> Reason | None:
    """The reason, where it is what stands there."""
    shelf = stock.by_location.get(code)
    if not lacking:
        return None
    if shelf is None or shelf.unknown:
        return UNKNOWN
    if not shelf.carried:
        return Reason.NOT_CARRIED
    return Reason.NOT_ENOUGH_STOCK if any(shelf.units) else Reason.OUT_OF_STOCK


def _alone(candidates: Sequence[Candidate], problem: Problem) -> Iterator[tuple[int, int, int]]:
    """What everything would cost in one shipment from there."""
    for one in candidates:
        cost = one.tariff.at(problem.weight)
        if cost is not None:
            yield cost, one.arrival, one.fixed + one.rate * problem.weight


def _margin(
    worths: Sequence[tuple[int, int, int]], points: Sequence[Point], currency: str
) -> Margin | None:
    """By how much it would have to be better in one respect alone; None: it is not behind."""
    known = [(point.cost, point.arrival, point.co2) for point in points]
    steps = [[_step(worth, known, respect) for respect in range(3)] for worth in worths]
    if not known or not worths or any(step is None for every in steps for step in every):
        return None
    cost, seconds, micrograms = (
        min(s for s in each if s is not None) for each in zip(*steps, strict=True)
    )
    return Margin(cost=money(cost, currency), seconds=seconds, milligrams=micrograms // 1_000)


def _step(
    worth: tuple[int, int, int], known: Sequence[tuple[int, int, int]], respect: int
) -> int | None:
    """What it is behind the best of those that are as good in the other two respects."""
    others = [one for one in range(3) if one != respect]
    as_good = [one[respect] for one in known if all(one[n] <= worth[n] for n in others)]
    step = worth[respect] - min(as_good, default=worth[respect] + 1)
    return step if step >= 0 else None


def _behind(margin: Margin) -> str:
    """Any one of these would do."""
    ways = []
    if margin.cost.amount:
        ways.append(f"more than {margin.cost.amount} {margin.cost.currency} less")
    if margin.seconds:
        ways.append(f"more than {margin.seconds} seconds sooner")
    if margin.milligrams:
        ways.append(f"more than {margin.milligrams} mg CO2e less")
    return f"Any of: {', '.join(ways)}." if ways else "Being better than an equal in any respect."
