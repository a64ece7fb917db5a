"""Which orders has a partner told of, how do they stand, and which have changed since?

How an order stands depends on which files have come, and not on their order: of several that tell
of it the newest counts, and what is cancelled once stays so. What has changed is told in the order
in which files came, as their names in the archive say, so that a place in it is one after a start.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from connectors.filedrop.dating import Version
from connectors.filedrop.selling import Sale, SaleList, Withdrawal


class Place(NamedTuple):
    """Where something is told: by which file, and as which of its orders."""

    arrival: int
    nth: int

    @property
    def cursor(self) -> str:
        """The same as text."""
        return f"{self.arrival}.{self.nth}"


FIRST = Place(0, 0)


def place(cursor: str) -> Place | None:
    """Where a cursor is; None where it is none."""
    arrival, _, count = cursor.partition(".")
    digits = arrival + count
    if not (arrival and count and digits.isascii() and digits.isdigit()):
        return None
    return Place(int(arrival), int(count)) if len(digits) <= 40 else None  # noqa: PLR2004  digits of both


@dataclass(frozen=True, slots=True)
class Standing:
    """An order as it stands; `changed_at` is the date of what counts of it."""

    sale: Sale
    changed_at: datetime


@dataclass(slots=True)
class _Known:
    version: Version | None = None
    sale: Sale | None = None
    gone: dict[str | None, datetime] = field(default_factory=dict)  # lines; None is all of them

    @property
    def standing(self) -> Standing | None:
        if self.sale is None or self.version is None:
            return None
        lines = tuple(
            one._replace(cancelled=one.cancelled or None in self.gone or one.reference in self.gone)
            for one in self.sale.lines
        )
        over = None in self.gone or all(one.cancelled for one in lines)
        sale = replace(self.sale, lines=lines, state="CANCELLED" if over else self.sale.state)
        return Standing(sale, self.latest)

    @property
    def latest(self) -> datetime:
        told = [] if self.version is None else [self.version.as_of]
        return max([*told, *self.gone.values()])


class Sold:
    """The orders of one partner."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._log: list[tuple[Place, str]] = []
        self._counts: dict[int, int] = {}
        self.newest: datetime | None = None
        self.arrival = 0

    def take(self, arrival: int, version: Version, found: SaleList) -> None:
        """What a file tells that came as the one of this number."""
        self.arrival = max(self.arrival, arrival)
        self.newest = version.as_of if self.newest is None else max(self.newest, version.as_of)
        for one in found.sales:
            count = self._counts[arrival] = self._counts.get(arrival, 0) + 1
            known = self._known.setdefault(one.number, _Known())
            before = known.standing
            _hear(known, one, version)
            after = known.standing
            if after is not None and (before is None or after.sale != before.sale):
                insort(self._log, (Place(arrival, count), one.number))

    def page(self, after: Place, first: int) -> tuple[list[Standing], Place, bool]:
        """At most so many orders that changed after a place, where to go on, and if there is more.

        An order that changed several times is told as it stands.
        """
        at = end = bisect_right(self._log, after, key=lambda one: one[0])
        numbers: dict[str, None] = {}
        while end < len(self._log) and (self._log[end][1] in numbers or len(numbers) < first):
            numbers[self._log[end][1]] = None
            end += 1
        last = self._log[end - 1][0] if end > at else after
        return list(self.find(numbers)), last, end < len(self._log)

    def find(self, numbers: Iterable[str]) -> Iterator[Standing]:
        """Those that are known, each once."""
        for number in dict.fromkeys(numbers):
            known = self._known.get(number)
            if known is not None and (standing := known.standing) is not None:
                yield standing

    def forget(self, before: datetime) -> None:
        """Know no more of what was told last before a time."""
        old = {number for number, known in self._known.items() if known.latest < before}
        if old:
            self._known = {n: known for n, known in self._known.items() if n not in old}
            self._log = [one for one in self._log if one[1] not in old]


def _hear(known: _Known, one: Sale | Withdrawal, version: Version) -> None:
    if isinstance(one, Sale):
        if known.version is None or version > known.version:
            known.version, known.sale = version, one
        return
    for line in one.lines or (None,):
        at = known.gone.get(line, version.as_of)
        known.gone[line] = min(at, version.as_of)
