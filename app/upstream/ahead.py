"""What will be read next? What the same question read the last time, asked for at once.

A listing tells of which variants prices are wanted, so who has to wait for both waits twice. Most
often a question reads what it read before. So as soon as it has to wait for anything, all that it
read from then on the last time is asked for, too. Nothing is answered by that: what it does read
is read as usual, and most of it is on its way by then.
"""

from collections.abc import Callable, Collection, Hashable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from cachetools import LRUCache
from msgspec import Struct, field

if TYPE_CHECKING:
    from app.upstream.asked import Asked
    from app.upstream.readings import Inquiry
    from app.upstream.shelves import ShelfReader

MOST_ROWS = 200_000  # of all questions whose course is known
EACH = 10  # rows' worth of what a course takes beside them
LONGEST = 2_000  # rows of one


class Read(NamedTuple):
    """What was asked of a reader."""

    reader: "ShelfReader[Any, Any, Any]"
    rows: Collection[Any]
    columns: tuple[Any, ...]

    def fixed(self) -> "Read":
        """The same, to be compared with others."""
        return Read(self.reader, tuple(self.rows), self.columns)


class Courses:
    """What each question read from when it first had to wait; those asked for longest ago go."""

    def __init__(self, most: int = MOST_ROWS) -> None:
        """`most` rows are remembered of all of them."""
        self._known: LRUCache[Hashable, Sequence[Read]] = LRUCache(most, getsizeof=_size)

    def of(self, question: Hashable) -> Sequence[Read]:
        """What a question read the last time."""
        known: Sequence[Read] = self._known.get(question, ())
        return known

    def keep(self, question: Hashable, reads: Sequence[Read]) -> None:
        """Remember what a question has read, unless it is too much."""
        self._known.pop(question, None)
        if _size(reads) <= min(LONGEST, self._known.maxsize):
            self._known[question] = [one.fixed() for one in reads]


class Ahead(Struct):
    """The course of one operation, whose question is told when it has to wait.

    What was read after `since` was read for it; None: it has not waited for anything so far.
    """

    courses: Courses
    question: Callable[[], Hashable]
    since: datetime | None = None
    _named: Hashable = None
    _reads: list[Read] = field(default_factory=list)
    _prepared: "dict[Read, Asked[Any, Any, Any]]" = field(default_factory=dict)

    def prepared(self, read: Read) -> "Asked[Any, Any, Any] | None":
        """What was asked for ahead, if it is just this."""
        begun = self._prepared.get(read.fixed()) if self._prepared else None
        if begun is not None:
            self._reads.append(read)
        return begun

    def reads(self, read: Read, inquiry: "Inquiry", *, waits: bool) -> None:
        """It reads this; when it `waits` for the first time, what comes next is asked for, too."""
        if waits or self.since is not None:
            self._reads.append(read)
        if waits and self.since is None:
            self.since, self._named = read.reader.health.now(), self.question()
            began = read.fixed()
            for one in self.courses.of(self._named):
                if one != began:
                    self._prepared[one] = one.reader.begun(one.rows, one.columns, inquiry)

    def end(self) -> None:
        """It has read all it needs: this is its course from now on, if it had to wait."""
        if self._reads:
            self.courses.keep(self._named, self._reads)
            self.drop()

    def drop(self) -> None:
        """It reads no more; else it would hold itself, by the inquiry of what was asked ahead."""
        self._prepared = {}


def _size(reads: Sequence[Read]) -> int:
    return EACH + sum(len(one.rows) for one in reads)
