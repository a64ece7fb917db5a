"""Which shipments can be left out because another is as good in every plan?

A candidate goes when another of the same source, or of a source that has all that is wanted of
each of its lines, is no later, no dearer at any weight, and no dirtier. Its units then go by the
other, even where that one is already sent: one parcel costs no more than the two, which is asked of
the other's tariff.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache

from app.promises.problem import Candidate, Problem, Tariff


class Having:
    """Which candidates' sources have at least so many units of a line? As bits, by position."""

    def __init__(self, problem: Problem, order: tuple[int, ...]) -> None:
        self._stock = [problem.stock[problem.candidates[one].source] for one in order]
        self._known: dict[tuple[int, int], int] = {}

    def __call__(self, line: int, units: int) -> int:
        """The candidates, as bits."""
        key = (line, units)
        found = self._known.get(key)
        if found is None:
            having = (held[line] >= units for held in self._stock)
            found = self._known[key] = as_bits(having)
        return found


def as_bits(flags: Iterable[bool]) -> int:
    """A number with a bit set for each flag that is."""
    text = "".join("1" if flag else "0" for flag in flags)
    return int(text[::-1] or "0", 2)


def bits(mask: int) -> Iterator[int]:
    """The positions of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def worth_trying(problem: Problem) -> tuple[int, ...]:
    """The candidates that no other replaces, by their place in the problem."""
    useful = [any(map(min, held, problem.demand)) for held in problem.stock]
    order = tuple(n for n, one in enumerate(problem.candidates) if useful[one.source])
    if len(order) < 2:  # noqa: PLR2004  nothing to compare
        return order
    candidates = [problem.candidates[one] for one in order]
    at_least = _as_good(candidates, problem.weight)
    suppliers = _suppliers(problem, order)
    alive = (1 << len(order)) - 1
    for place, one in enumerate(candidates):
        better = alive & at_least(one) & suppliers(one.source) & ~(1 << place)
        if better:
            alive ^= 1 << place
    return tuple(order[place] for place in bits(alive))


def _suppliers(problem: Problem, order: tuple[int, ...]) -> Callable[[int], int]:
    """Candidates that can take over all that a source may send."""
    having = Having(problem, order)
    of_source: dict[int, int] = {}
    for place, one in enumerate(order):
        source = problem.candidates[one].source
        of_source[source] = of_source.get(source, 0) | 1 << place

    @cache
    def suppliers(source: int) -> int:
        found = -1
        for line, units in enumerate(problem.demand):
            if problem.stock[source][line]:
                found &= having(line, units)
        return found | of_source[source]

    return suppliers


def _as_good(candidates: list[Candidate], weight: int) -> Callable[[Candidate], int]:
    """Candidates that are no later, dearer or dirtier than one, and take what it would."""
    sooner = _up_to([one.arrival for one in candidates])
    lighter = _up_to([one.fixed for one in candidates])
    cleaner = _up_to([one.rate for one in candidates])
    cheaper = _no_dearer([one.tariff for one in candidates], weight)
    return lambda one: (
        sooner(one.arrival) & lighter(one.fixed) & cleaner(one.rate) & cheaper(one.tariff)
    )


def _up_to(values: list[int]) -> Callable[[int], int]:
    """The places of values that are not above one, as bits."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranked, masks, mask = [values[place] for place in order], [0], 0
    for place in order:
        mask |= 1 << place
        masks.append(mask)
    return lambda value: masks[bisect_right(ranked, value)]


def _no_dearer(tariffs: list[Tariff], weight: int) -> Callable[[Tariff], int]:
    places: dict[Tariff, int] = {}
    for place, tariff in enumerate(tariffs):
        places[tariff] = places.get(tariff, 0) | 1 << place
    joining = {tariff: mask for tariff, mask in places.items() if joins(tariff, weight)}

    @cache
    def cheaper(than: Tariff) -> int:
        found = 0
        for tariff, mask in joining.items():
            if no_dearer(tariff, than, weight):
                found |= mask
        return found

    return cheaper


@lru_cache(maxsize=4096)
def joins(tariff: Tariff, weight: int) -> bool:
    """Whether it takes the whole weight, and two parcels never cost less than one of both."""
    return tariff.limits[-1] >= weight and all(
        (tariff.at(min(weight, one + other)) or 0) <= tariff.costs[n] + tariff.costs[m]
        for n, one in enumerate(tariff.limits)
        for m, other in enumerate(tariff.limits)
    )


@lru_cache(maxsize=16384)
def no_dearer(tariff: Tariff, than: Tariff, weight: int) -> bool:
    """Whether a tariff that takes the whole weight is at no weight above another."""
    if tariff == than:
        return True
    return all(
        (tariff.at(min(limit, weight)) or 0) <= cost
        for limit, cost in zip(than.limits, than.costs, strict=True)
    )
