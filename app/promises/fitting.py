"""In which ways can units be put into parcels, and parcels into bands?"""

from collections.abc import Iterator, Sequence
from math import gcd
from typing import NamedTuple

MOST_BITS = 20_000_000  # for all sums of one question
Row = tuple[int, ...]  # by shipment
Bands = tuple[int, Row]  # cost, and the limit of each shipment


class Units(NamedTuple):
    """So many units of a line, each of so many grams."""

    line: int
    grams: int
    many: int


def step_of(movable: Sequence[Units]) -> int:
    """All sums of their weights are multiples of this."""
    return gcd(*(one.grams for one in movable)) or 1


def lightest(movable: Sequence[Units], least: int, most: int) -> dict[int, int] | None:
    """Units by line that weigh the least together, between two weights.

    None: there are none, or it would take too much to find them.

    Sums that can be made are the bits of a number, so that each bundle costs one shift.
    """
    if not countable(movable, least, most):
        return None
    step = step_of(movable)
    most = _no_more(movable, least, most)
    bundles = list(_bundles(movable))
    mask = (1 << most // step + 1) - 1
    reached = [1]
    for bundle in bundles:
        before = reached[-1]
        reached.append((before | before << bundle.grams * bundle.many // step) & mask)
    enough = reached[-1] >> -(-least // step)
    if not enough:
        return None
    total = -(-least // step) + (enough & -enough).bit_length() - 1
    return _taken(bundles, reached, total, step)


def countable(movable: Sequence[Units], least: int, most: int) -> bool:
    """Whether it can be found out what they can weigh together."""
    bundles = sum(one.many.bit_length() for one in movable)
    return _no_more(movable, least, most) // step_of(movable) * bundles <= MOST_BITS


def _no_more(movable: Sequence[Units], least: int, most: int) -> int:
    """What the lightest bundle weighs at most: no unit in it is needless."""
    return min(most, least + max(one.grams for one in movable))


def _bundles(movable: Sequence[Units]) -> Iterator[Units]:
    """Each line in bundles of 1, 2, 4, … units: any number can be put together of them."""
    for one in movable:
        left, size = one.many, 1
        while left:
            count = min(size, left)
            yield Units(one.line, one.grams, count)
            left, size = left - count, size * 2


def _taken(
    bundles: Sequence[Units], reached: Sequence[int], total: int, step: int
) -> dict[int, int]:
    """The bundles that a sum is made of."""
    taken: dict[int, int] = {}
    for number in range(len(bundles), 0, -1):
        if not reached[number - 1] >> total & 1:
            bundle = bundles[number - 1]
            taken[bundle.line] = taken.get(bundle.line, 0) + bundle.many
            total -= bundle.grams * bundle.many // step
    return taken


def combined(
    choices: Sequence[Sequence[tuple[int, int]]],
    rest: Sequence[int],
    weight: int,
    below: int | None,
) -> Iterator[Bands]:
    """One band for each shipment; `rest` is what those that follow cost at least."""
    if not choices:
        if weight <= 0:
            yield 0, ()
        return
    for cost, limit in choices[0]:
        if below is not None and cost + rest[1] >= below:
            return
        left = None if below is None else below - cost
        for more, limits in combined(choices[1:], rest[1:], weight - limit, left):
            yield cost + more, (limit, *limits)


def parts(wanted: int, sources: Sequence[int], held: dict[int, int]) -> Iterator[Row]:
    """All ways to take units from sources that hold so many."""
    first, *others = sources
    if not others:
        if wanted <= held[first]:
            yield (wanted,)
        return
    for taken in range(min(wanted, held[first]) + 1):
        left = {**held, first: held[first] - taken}
        for rest in parts(wanted - taken, others, left):
            yield (taken, *rest)
