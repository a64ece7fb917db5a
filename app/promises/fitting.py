"""Which units change parcels so that a parcel stays below its limit, and as few grams as can be?"""

from collections.abc import Iterator, Sequence
from math import gcd
from typing import NamedTuple


class Units(NamedTuple):
    """So many units of a line, each of so many grams."""

    line: int
    grams: int
    many: int


def step_of(movable: Sequence[Units]) -> int:
    """All sums of their weights are multiples of this."""
    return gcd(*(one.grams for one in movable)) or 1


def lightest(movable: Sequence[Units], least: int, most: int) -> dict[int, int] | None:
    """Units by line that weigh the least together, between two weights; None: there are none.

    Sums that can be made are the bits of a number, so that each bundle costs one shift.
    """
    step = step_of(movable)
    mask = (1 << most // step + 1) - 1
    bundles = list(_bundles(movable))
    reached = [1]
    for bundle in bundles:
        before = reached[-1]
        reached.append((before | before << bundle.grams * bundle.many // step) & mask)
    enough = reached[-1] >> -(-least // step)
    if not enough:
        return None
    total = -(-least // step) + (enough & -enough).bit_length() - 1
    return _taken(bundles, reached, total, step)


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
