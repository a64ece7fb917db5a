"""Which shipments can be left out because another is as good in every plan?

A candidate goes when another of the same source, or of a source that has all that is wanted of
each of its lines, is no later, no dearer at any weight, and no dirtier. Its units then go by the
other, even where that one is already sent: one parcel costs no more than the two, which is asked of
the other's tariff.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

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


@dataclass(frozen=True)
class Rivals:
    """Which candidates could take the place of which, whatever is ordered? Worked out once.

    `order` are places in the list of candidates, soonest and cheapest first: who replaces another
    comes before it, unless they are as good as each other. Everything else is by that order.
    """

    order: tuple[int, ...]
    sources: tuple[int, ...]
    of_source: Mapping[int, int]
    as_good: tuple[int, ...]
    taking: Callable[[int], int]

    @classmethod
    def of(cls, candidates: Sequence[Candidate]) -> "Rivals":
        """The rivals among some candidates."""
        order = sorted(range(len(candidates)), key=lambda at: _goodness(candidates[at]))
        ranked = [candidates[at] for at in order]
        of_source: dict[int, int] = {}
        for place, one in enumerate(ranked):
            of_source[one.source] = of_source.get(one.source, 0) | 1 << place
        as_good = _as_good(ranked)
        heaviest = _up_to([-one.tariff.limits[-1] for one in ranked])
        return cls(
            tuple(order),
            tuple(one.source for one in ranked),
            of_source,
            tuple(as_good(one) for one in ranked),
            lambda weight: heaviest(-weight),
        )


def _goodness(one: Candidate) -> tuple[int, int, int, int, int]:
    tariff = one.tariff
    return (one.arrival, sum(tariff.costs), -tariff.limits[-1], one.fixed, one.rate)


def worth_trying(problem: Problem, rivals: Rivals | None = None) -> tuple[int, ...]:
    """The candidates that no other replaces, by their place in the problem."""
    rivals = Rivals.of(problem.candidates) if rivals is None else rivals
    suppliers = _suppliers(problem, rivals)
    useful = [any(map(min, held, problem.demand)) for held in problem.stock]
    able = sum(mask for source, mask in rivals.of_source.items() if useful[source])
    taking = rivals.taking(problem.weight) & able
    alive, known = able, dict[int, int]()
    for place in bits(able):
        better = alive & taking & rivals.as_good[place] & ~(1 << place)
        if better:
            source = rivals.sources[place]
            if source not in known:
                known[source] = suppliers(source)
            if better & known[source]:
                alive ^= 1 << place
    return tuple(rivals.order[place] for place in bits(alive))


def _suppliers(problem: Problem, rivals: Rivals) -> Callable[[int], int]:
    """Candidates that can take over all that a source may send."""
    enough: dict[int, int] = {}

    def having(line: int) -> int:
        if line not in enough:
            wanted = problem.demand[line]
            enough[line] = sum(
                mask
                for source, mask in rivals.of_source.items()
                if problem.stock[source][line] >= wanted
            )
        return enough[line]

    def suppliers(source: int) -> int:
        found = -1
        for line, held in enumerate(problem.stock[source]):
            if held:
                found &= having(line)
        return found | rivals.of_source[source]

    return suppliers


def _as_good(candidates: Sequence[Candidate]) -> Callable[[Candidate], int]:
    """Candidates that are no later, dearer or dirtier than one, at all weights they take."""
    sooner = _up_to([one.arrival for one in candidates])
    lighter = _up_to([one.fixed for one in candidates])
    cleaner = _up_to([one.rate for one in candidates])
    cheaper = _no_dearer([one.tariff for one in candidates])
    return lambda one: (
        sooner(one.arrival) & lighter(one.fixed) & cleaner(one.rate) & cheaper(one.tariff)
    )


def _up_to(values: Sequence[int]) -> Callable[[int], int]:
    """The places of values that are not above one, as bits."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranked, masks, mask = [values[place] for place in order], [0], 0
    for place in order:
        mask |= 1 << place
        masks.append(mask)
    return lambda value: masks[bisect_right(ranked, value)]


def _no_dearer(tariffs: Sequence[Tariff]) -> Callable[[Tariff], int]:
    places: dict[Tariff, int] = {}
    for place, tariff in enumerate(tariffs):
        places[tariff] = places.get(tariff, 0) | 1 << place
    joining = {tariff: mask for tariff, mask in places.items() if joins(tariff)}
    return lambda than: sum(mask for one, mask in joining.items() if no_dearer(one, than))


@lru_cache(maxsize=4096)
def joins(tariff: Tariff) -> bool:
    """Whether two parcels never cost less than one of both, up to the heaviest."""
    most = tariff.limits[-1]
    return all(
        (tariff.at(min(most, one + other)) or 0) <= tariff.costs[n] + tariff.costs[m]
        for n, one in enumerate(tariff.limits)
        for m, other in enumerate(tariff.limits)
    )


@lru_cache(maxsize=65_536)
def no_dearer(tariff: Tariff, than: Tariff) -> bool:
    """Whether a tariff is at no weight that it takes above another."""
    if tariff == than:
        return True
    most = tariff.limits[-1]
    return all(
        (tariff.at(min(limit, most)) or 0) <= cost
        for limit, cost in zip(than.limits, than.costs, strict=True)
    )
