"""Which shipments can be left out because another is as good in every plan?

A candidate goes when another of the same source, or of a source that has all that is wanted of
each of its lines, is no later, no dearer at any weight, and no dirtier. Its units then go by the
other, even where that one is already sent: one parcel costs no more than the two, which is asked of
the other's tariff.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Rivals:
    """Which candidates could take the place of which, whatever is ordered? Worked out once.

    `order` are places in the list of candidates, soonest and cheapest first: who replaces another
    comes before it, unless they are as good as each other. Everything else is by that order:
    `worse` are those that one is as good as, `heaviest` the grams that it takes.
    """

    order: tuple[int, ...]
    sources: tuple[int, ...]
    of_source: Mapping[int, int]
    worse: tuple[int, ...]
    heaviest: tuple[int, ...]

    @classmethod
    def of(cls, candidates: Sequence[Candidate]) -> "Rivals":
        """The rivals among some candidates."""
        order = sorted(range(len(candidates)), key=lambda at: _goodness(candidates[at]))
        ranked = [candidates[at] for at in order]
        of_source: dict[int, int] = {}
        for place, one in enumerate(ranked):
            of_source[one.source] = of_source.get(one.source, 0) | 1 << place
        worse = _worse(ranked)
        return cls(
            tuple(order),
            tuple(one.source for one in ranked),
            of_source,
            tuple(worse(one) & ~(1 << place) for place, one in enumerate(ranked)),
            tuple(one.tariff.limits[-1] for one in ranked),
        )


def _goodness(one: Candidate) -> tuple[int, int, int, int, int]:
    tariff = one.tariff
    return (one.arrival, sum(tariff.costs), -tariff.limits[-1], one.fixed, one.rate)


def worth_trying(problem: Problem, rivals: Rivals | None = None) -> tuple[int, ...]:
    """The candidates that no other replaces, by their place in the problem.

    Each that is kept puts out all that it replaces at once: most are never looked at.
    """
    rivals = Rivals.of(problem.candidates) if rivals is None else rivals
    replaceable = _replaceable(problem, rivals)
    weight, kept, left = problem.weight, 0, (1 << len(rivals.order)) - 1
    while left:
        first = left & -left
        place = first.bit_length() - 1
        source = rivals.sources[place]
        if not any(problem.stock[source]):
            left &= ~rivals.of_source[source]
            continue
        left, kept = left ^ first, kept | first
        worse = rivals.worse[place] & (left | kept)
        if worse and rivals.heaviest[place] >= weight:
            worse &= replaceable(source)
            left, kept = left & ~worse, kept & ~worse
    return tuple([rivals.order[place] for place in bits(kept)])


def _replaceable(problem: Problem, rivals: Rivals) -> Callable[[int], int]:
    """Candidates that send nothing of which a source has not enough."""
    having: dict[int, int] = {}
    known: dict[int, int] = {}

    def some(line: int) -> int:
        if line not in having:
            flags = ["1" if held[line] else "0" for held in problem.stock]
            having[line] = int("".join(map(flags.__getitem__, reversed(rivals.sources))), 2)
        return having[line]

    def replaceable(source: int) -> int:
        if source not in known:
            found = 0
            for line, held in enumerate(problem.stock[source]):
                if held < problem.demand[line]:
                    found |= some(line)
            known[source] = ~found | rivals.of_source[source]
        return known[source]

    return replaceable


def _worse(candidates: Sequence[Candidate]) -> Callable[[Candidate], int]:
    """Candidates that are no sooner, cheaper or cleaner than one, at all weights it takes."""
    later = _from([one.arrival for one in candidates])
    heavier = _from([one.fixed for one in candidates])
    dirtier = _from([one.rate for one in candidates])
    dearer = _no_cheaper([one.tariff for one in candidates])
    return lambda one: (
        later(one.arrival) & heavier(one.fixed) & dirtier(one.rate) & dearer(one.tariff)
    )


def _from(values: Sequence[int]) -> Callable[[int], int]:
    """The places of values that are not below one, as bits."""
    order = sorted(range(len(values)), key=values.__getitem__, reverse=True)
    ranked, masks, mask = [-values[place] for place in order], [0], 0
    for place in order:
        mask |= 1 << place
        masks.append(mask)
    return lambda value: masks[bisect_right(ranked, -value)]


def _no_cheaper(tariffs: Sequence[Tariff]) -> Callable[[Tariff], int]:
    places: dict[Tariff, int] = {}
    for place, tariff in enumerate(tariffs):
        places[tariff] = places.get(tariff, 0) | 1 << place

    @cache
    def found(one: Tariff) -> int:
        if not joins(one):
            return 0
        return sum(mask for than, mask in places.items() if no_dearer(one, than))

    return found


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
