"""What is kept, and in how much room? Values by row and column, and shelves made of them."""

from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from msgspec import Struct

from app.upstream.readings import NEVER, Faces, Kept, Reading, Together

R = TypeVar("R", bound=Hashable)
C = TypeVar("C", bound=Hashable)
V = TypeVar("V")
MOST_SHELVES = 4  # of one row: choices of columns that are asked for again and again
NONE: Mapping[Any, Any] = MappingProxyType({})
AS_OF, READ_AT = attrgetter("as_of"), attrgetter("read_at")


class Shelf(Struct, Generic[V], eq=False):
    """Readings of one row, in the order of the columns that were asked for.

    `read_at` is when the first of them was read, `as_of` the oldest of their times. Only its faces
    come and go.
    """

    readings: tuple[Reading[V], ...]
    read_at: datetime
    as_of: datetime
    _faces: Faces | None = None

    @property
    def faces(self) -> Faces:
        """What others made of it."""
        if self._faces is None:
            self._faces = Faces()
        return self._faces


class Shelves(Together[R, Shelf[V]]):
    """Shelves by row. `read_at` and `as_of` are the oldest of theirs."""

    __slots__ = ("as_of", "read_at", "side_by_side")

    def __init__(self, shelves: Mapping[R, Shelf[V]]) -> None:
        super().__init__(shelves)
        self.side_by_side = list(self.values())
        self.read_at: datetime = min(map(READ_AT, self.side_by_side), default=NEVER)
        self.as_of: datetime = min(map(AS_OF, self.side_by_side), default=NEVER)


@dataclass(slots=True)
class Rows(Generic[R, C, V]):
    """Keeps at most `capacity` values, and shelves of at most half as many.

    What was written or used last stays longest. The shelves of a row fall with its first change.
    What was asked for together falls with its first row, and is of at most half as many again.
    """

    capacity: int
    size: int = 0
    shelved: int = 0
    together: int = 0
    _values: OrderedDict[R, dict[C, Kept[V]]] = field(default_factory=OrderedDict)
    _shelves: dict[tuple[C, ...], dict[R, Shelf[V]]] = field(default_factory=dict)
    _choices: dict[R, list[tuple[C, ...]]] = field(default_factory=dict)
    _together: dict[tuple[R, tuple[C, ...]], Shelves[R, V]] = field(default_factory=dict)

    def row(self, row: R) -> Mapping[C, Kept[V]]:
        """What is kept of one row, by column; later changes do not show in it."""
        return self._values.get(row, NONE)

    def of(self, rows: Iterable[R]) -> dict[R, Mapping[C, Kept[V]]]:
        """What is kept of each row."""
        known = self._values.get
        return {row: known(row, NONE) for row in rows}

    def put(self, rows: Mapping[R, dict[C, Kept[V]]]) -> None:
        """Keep values of rows, for good, and drop what there is no room for."""
        known, choices, size = self._values, self._choices, self.size
        for row, values in rows.items():
            if (before := known.get(row)) is None:
                known[row] = values
                size += len(values)
                continue
            after = values if before.keys() <= values.keys() else {**before, **values}
            known[row] = after
            size += len(after) - len(before)
            known.move_to_end(row)
            if row in choices:
                self._clear(row)
        self.size = size
        while self.size > self.capacity:
            oldest, dropped = known.popitem(last=False)
            self.size -= len(dropped)
            self._clear(oldest)

    def shelves(self, columns: tuple[C, ...]) -> Mapping[R, Shelf[V]]:
        """The shelves there are for a choice of columns, by row."""
        return self._shelves.get(columns, NONE)

    def shelve(self, row: R, columns: tuple[C, ...], shelf: Shelf[V]) -> None:
        """Give this shelf to whoever asks for the same; those who asked at once made one each."""
        if row in (same := self._shelves.get(columns, {})):
            same[row] = shelf
            return
        if len(self._choices.get(row, ())) >= MOST_SHELVES:
            self._clear(row)
        self._choices.setdefault(row, []).append(columns)
        self._shelves.setdefault(columns, {})[row] = shelf
        self.shelved += len(columns)
        if 2 * self.shelved > self.capacity:
            self._make_room()

    def asked_before(
        self, rows: Collection[R], columns: tuple[C, ...], found: Sequence[Shelf[V] | None]
    ) -> Shelves[R, V] | None:
        """The very same shelves, if they were asked for together before, in this order."""
        if not found:
            return None
        known = self._together.get((next(iter(rows)), columns))
        return known if known is not None and known.side_by_side == found else None

    def keep_together(self, shelves: Shelves[R, V], columns: tuple[C, ...]) -> None:
        """Give these to whoever asks for the same, in the place of what began with the same row."""
        first, size = (next(iter(shelves)), columns), len(shelves) * len(columns)
        self._part(first)
        if 2 * size > self.capacity:
            return
        if 2 * (self.together + size) > self.capacity:
            self._together.clear()
            self.together = 0
        self._together[first] = shelves
        self.together += size

    def _part(self, first: tuple[R, tuple[C, ...]]) -> None:
        if (parted := self._together.pop(first, None)) is not None:
            self.together -= len(parted) * len(first[1])

    def used(self, rows: Iterable[R]) -> None:
        """What is used stays longer, once it is clear that not everything can stay."""
        if 2 * self.size > self.capacity:
            for row in rows:
                self._values.move_to_end(row)

    def _make_room(self) -> None:
        """Shelves can be made again: half of them go, from the rows that are the oldest."""
        for row in self._values:
            if 4 * self.shelved <= self.capacity:
                return
            self._clear(row)

    def _clear(self, row: R) -> None:
        for columns in self._choices.pop(row, ()):
            shelves = self._shelves[columns]
            del shelves[row]
            self._part((row, columns))
            self.shelved -= len(columns)
            if not shelves:
                del self._shelves[columns]
