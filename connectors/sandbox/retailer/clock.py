"""How much stands where at a given moment? A pure function of the seed and the time.

Stock lives in cycles. A cycle begins with a delivery that fills the shelf up to its usual level;
then pieces leave one event at a time (sales, collected lay-aways, damages, counting corrections)
until the shelf is empty or the next delivery comes. Nothing is remembered from cycle to cycle, so
any moment can be asked for in any order.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import NamedTuple

from connectors.sandbox.retailer.dice import Dice

BEFORE_OPENING = timedelta(hours=5)  # after midnight, when deliveries come
EPOCH = datetime(2024, 1, 1, tzinfo=UTC) + BEFORE_OPENING  # a Monday
SET_ASIDE_FOR = timedelta(hours=6)  # how long a laid-away piece waits for its buyer
DAY = 24 * 3600  # seconds


class Leaving(Enum):
    """Why a piece leaves the shelf."""

    SOLD = "sold"
    COLLECTED = "collected"
    DAMAGED = "damaged"
    MISCOUNTED = "miscounted"


# Percentages; they add up to 100.
MIX = ((Leaving.SOLD, 76), (Leaving.COLLECTED, 16), (Leaving.DAMAGED, 4), (Leaving.MISCOUNTED, 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """One SKU at one place, and how it is run.

    `days` is the length of a cycle; `pace` the mean number of events in it; `bulk` the most pieces
    one event takes; `opens` and `closes` bound the hours of UTC in which pieces leave.
    """

    key: tuple[object, ...]
    level: int
    days: int
    pace: int
    bulk: int = 1
    opens: int = 0
    closes: int = 24


class Event(NamedTuple):
    """Pieces that left, and how many are left after that."""

    at: datetime
    why: Leaving
    pieces: int
    left: int


@dataclass(frozen=True, slots=True)
class Cycle:
    """From one delivery to the next."""

    level: int
    begins: datetime
    ends: datetime
    events: tuple[Event, ...]

    @property
    def reorder(self) -> int:
        """What the next delivery brings."""
        return self.level - self.events[-1].left if self.events else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What stands on a shelf at one moment. `pieces` include those set aside."""

    pieces: int
    set_aside: int
    damaged: int
    moved: datetime


class Shelves:
    """The cycles that were worked out; what is asked again within a cycle is only looked up."""

    def __init__(self) -> None:
        self._cycles: dict[tuple[object, ...], Cycle] = {}

    def count(self, shelf: Shelf, at: datetime) -> Count:
        """What stands on the shelf."""
        cycle = self.cycle(shelf, at)
        happened = bisect_right(cycle.events, at, key=lambda event: event.at)
        past, future = cycle.events[:happened], cycle.events[happened:]
        return Count(
            pieces=past[-1].left if past else cycle.level,
            set_aside=sum(
                event.pieces
                for event in future
                if event.why is Leaving.COLLECTED and event.at - SET_ASIDE_FOR <= at
            ),
            damaged=sum(event.pieces for event in past if event.why is Leaving.DAMAGED),
            moved=past[-1].at if past else cycle.begins,
        )

    def cycle(self, shelf: Shelf, at: datetime) -> Cycle:
        """The cycle of the shelf that `at` falls into."""
        known = self._cycles.get(shelf.key)
        if known is None or not known.begins <= at < known.ends:
            known = self._cycles[shelf.key] = _cycle(shelf, at)
        return known


def _cycle(shelf: Shelf, at: datetime) -> Cycle:
    length = timedelta(days=shelf.days)
    start = EPOCH + timedelta(days=Dice(*shelf.key).below(shelf.days))
    number = (at - start) // length
    begins = start + number * length
    return Cycle(shelf.level, begins, begins + length, _events(shelf, begins, number))


def _events(shelf: Shelf, begins: datetime, number: int) -> tuple[Event, ...]:
    dice = Dice(*shelf.key, number)
    moments = sorted(_moment(shelf, begins, dice) for _ in range(dice.below(2 * shelf.pace + 1)))
    left, events = shelf.level, []
    for moment in moments:
        if left == 0:
            break
        pieces = min(left, dice.between(1, shelf.bulk))
        left -= pieces
        events.append(Event(moment, _why(dice.below(100)), pieces, left))
    return tuple(events)


def _moment(shelf: Shelf, begins: datetime, dice: Dice) -> datetime:
    midnight = begins - BEFORE_OPENING + timedelta(days=dice.below(shelf.days))
    second = dice.between(shelf.opens * 3600, shelf.closes * 3600 - 1)
    return max(begins, midnight + timedelta(seconds=second))


def _why(draw: int) -> Leaving:
    for why, percent in MIX:
        draw -= percent
        if draw < 0:
            return why
    raise ValueError("the mix does not add up to 100")
