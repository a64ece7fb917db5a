"""How much may be spent now? The arithmetic of a leaky bucket, in whole numbers.

A bucket keeps what was spent, in millionths of a point. What was spent leaks away at the restore
rate: `rate` points a second are `rate` millionths a microsecond, so that nothing is ever rounded.
A bucket nobody keeps is one of which nothing was spent.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

from msgspec import Struct

from app.errors import MisconfiguredError

MILLIONTHS = 1_000_000  # of a point; also microseconds of a second
MOST_POINTS = 10**9  # keeps every number exact in the doubles of Redis scripts


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one principal may spend: `size` points at once, `restore_rate` points a second."""

    size: int
    restore_rate: int

    def __post_init__(self) -> None:
        if not 1 <= self.size <= MOST_POINTS or not 1 <= self.restore_rate <= MOST_POINTS:
            raise MisconfiguredError(
                f"a cost budget has a size and a restore rate of 1 to {MOST_POINTS:,} points"
            )

    @property
    def whole(self) -> int:
        """The size in millionths."""
        return self.size * MILLIONTHS

    def shared_by(self, processes: int) -> Self:
        """The part of one process of several that do not know of one another's spending."""
        return replace(
            self,
            size=max(1, self.size // processes),
            restore_rate=max(1, self.restore_rate // processes),
        )

    def available(self, spent: int) -> int:
        """Whole points that are left when `spent` millionths are gone."""
        return max(0, self.whole - spent) // MILLIONTHS

    def wait(self, points: int, spent: int) -> timedelta | None:
        """How long until `points` are there; `None` when they never will be."""
        if points > self.size:
            return None
        missing = max(0, points * MILLIONTHS + spent - self.whole)
        return timedelta(microseconds=-(-missing // self.restore_rate))


class Bucket(Struct, frozen=True, gc=False):
    """`spent` millionths at the instant `at`, in microseconds."""

    spent: int
    at: int

    def restored(self, now: int, allowance: Allowance) -> "Bucket":
        """The bucket later. A clock that was set back restores nothing."""
        leaked = max(0, now - self.at) * allowance.restore_rate
        return Bucket(max(0, self.spent - leaked), now)

    def full_at(self, allowance: Allowance) -> int:
        """The first instant, in microseconds, at which all that was spent is restored."""
        return self.at - (-self.spent // allowance.restore_rate)

    def charged(self, points: int, allowance: Allowance) -> "Bucket | None":
        """The bucket with all of `points` spent; `None` when they are not there."""
        wanted = self.spent + points * MILLIONTHS
        return None if points and wanted > allowance.whole else Bucket(wanted, self.at)

    def settled(self, points: int, allowance: Allowance) -> "Bucket":
        """The bucket with `points` more spent, or fewer: never above full, never into debt."""
        wanted = self.spent + points * MILLIONTHS
        most = max(allowance.whole, self.spent)  # an allowance that was cut leaves more spent
        return Bucket(min(most, max(0, wanted)), self.at)
