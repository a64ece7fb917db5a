"""What is read, how old may it be, and on whose behalf? The words of every reader."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NamedTuple, Self, TypeVar

from msgspec import Struct

from app.ports import RejectedRow
from app.upstream.ahead import Ahead
from app.upstream.deadline import Deadline
from app.upstream.report import Freshness, Report

K = TypeVar("K", bound=Hashable)
R = TypeVar("R", bound=Hashable)
C = TypeVar("C", bound=Hashable)
V = TypeVar("V")
F = TypeVar("F")
NEVER = datetime.min.replace(tzinfo=UTC)
FOR_EVER = datetime.max.replace(tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
CLOCK_SLACK = timedelta(seconds=5)  # an answer's own time has whole seconds, by another clock
MOST_FACES = 4  # of one thing, such as one for each language it is told in


class Faces(dict[Hashable, Any]):
    """What others made of a thing, kept with it for as long as it is kept itself.

    Only for what follows from the thing and the key alone, and is never changed.
    """

    __slots__ = ()

    def kept(self, key: Hashable, make: Callable[[], F]) -> F:
        """What was made before under that key, or is made now."""
        face: F | None = self.get(key)
        return self.keep(key, make()) if face is None else face

    def keep(self, key: Hashable, face: F) -> F:
        """Keep what was made, in the place of the others when there are too many."""
        if len(self) >= MOST_FACES:
            self.clear()
        self[key] = face
        return face


class Together(dict[K, V]):
    """What was asked for together, in that order; nobody changes it. Only its faces come and go.

    Who asks for the same, while it is the same, is given the same one.
    """

    __slots__ = ("faces",)

    def __init__(self, values: Mapping[K, V]) -> None:
        super().__init__(values)
        self.faces = Faces()


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessPolicy:
    """How long a value may be served, counted from when it was read.

    Up to `fresh_for` nobody is asked. For `revalidate_for` after that it is served at once and
    asked for again behind the caller's back. For `if_error_for` after `fresh_for` it is served when
    the upstream fails. A value whose own `as_of` is older than `stale_after` is STALE even if the
    upstream has just told it.
    """

    fresh_for: timedelta
    revalidate_for: timedelta = timedelta()
    if_error_for: timedelta = timedelta()
    stale_after: timedelta = timedelta.max
    capacity: int = 100_000

    def ages(self, max_age: timedelta | None = None) -> "Ages":
        """Those that it allows to a caller, who may want it sharper."""
        useful = self.fresh_for + self.revalidate_for
        fresh_for = self.fresh_for if max_age is None else min(max_age, useful)
        own = self.stale_after if max_age is None else max(max_age, CLOCK_SLACK)
        return Ages(
            fresh_for=fresh_for,
            served_for=useful if max_age is None else fresh_for,
            error_for=self.fresh_for + max(self.revalidate_for, self.if_error_for),
            stale_after=min(self.stale_after, own),
        )

    def holding(self, capacity: int) -> "FreshnessPolicy":
        """The same windows for at most `capacity` values."""
        return replace(self, capacity=capacity)


class Reading(Struct, Generic[V], eq=False):
    """A value with its age. Only its faces come and go.

    `value` None with a freshness other than UNKNOWN: the source answered and knows no such thing.
    """

    value: V | None
    as_of: datetime | None
    freshness: Freshness
    source: str
    _faces: Faces | None = None

    @property
    def faces(self) -> Faces:
        """What others made of it; there is room for it once somebody asks."""
        if self._faces is None:
            self._faces = Faces()
        return self._faces

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reading) and self._told() == other._told()

    def __hash__(self) -> int:
        return hash(self._told())

    def _told(self) -> tuple[V | None, datetime | None, Freshness, str]:
        return self.value, self.as_of, self.freshness, self.source


@dataclass(frozen=True, slots=True)
class Fetched(Generic[K, V]):
    """What one port call brought; it may hold more keys than were asked for.

    `read_at` says of which of them another process read them, and when.
    """

    values: Mapping[K, tuple[V, datetime]]
    as_of: datetime
    rejected: Iterable[RejectedRow] = ()
    read_at: Mapping[K, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cells(Generic[R, C]):
    """Keys of values in rows and columns: which columns of which rows."""

    by_row: Mapping[R, tuple[C, ...]]

    @property
    def columns(self) -> set[C]:
        """Every column that is wanted of some row."""
        return {column for columns in set(self.by_row.values()) for column in columns}

    def __iter__(self) -> Iterator[tuple[R, C]]:
        return ((row, column) for row, columns in self.by_row.items() for column in columns)

    def __len__(self) -> int:
        return sum(map(len, self.by_row.values()))

    def __contains__(self, key: object) -> bool:
        return any(key == one for one in self)


@dataclass(frozen=True, slots=True)
class FetchedRows(Generic[R, C, V]):
    """What one port call brought, by row and column; see `Fetched`."""

    rows: Mapping[R, Mapping[C, tuple[V, datetime]]]
    as_of: datetime
    rejected: Iterable[RejectedRow] = ()
    read_at: Mapping[R, datetime] = field(default_factory=dict)


class Moment(Struct, frozen=True, gc=False):
    """When values were true, and when they were read: one object for those read together."""

    as_of: datetime
    observed_at: datetime


class Kept(Struct, Generic[V], frozen=True, gc=False):
    """A value as it lies in the cache."""

    value: V | None
    moment: Moment


class Brought(NamedTuple, Generic[R, C, V]):
    """What a call brought, as it was kept, and what it did not: of one `moment`, if it is one.

    It is there for those who waited for the call, even if there was no room to keep it.
    """

    rows: Mapping[R, Mapping[C, Kept[V]]]
    moment: Moment | None


class Inquiry(Struct, frozen=True):
    """On whose behalf something is read: until when, and where to tell what was learnt.

    `ahead` knows what it will read, where it was asked before.
    """

    deadline: Deadline
    report: Report
    ahead: Ahead | None = None


class Ages(Struct, frozen=True, kw_only=True, gc=False):
    """How old values may be.

    Those read less than `fresh_for` ago count as fresh; less than `served_for`, they are served
    without waiting, and less than `error_for`, rather than nothing. What was true more than
    `stale_after` ago is STALE.
    """

    fresh_for: timedelta
    served_for: timedelta
    error_for: timedelta
    stale_after: timedelta


class Wish(Struct, frozen=True, gc=False):
    """What a caller takes at a moment, of these ages.

    What was read after `read_since` counts as fresh, and what was read after `served_since` is
    served without waiting. What was read since `waiting_since` was read for this caller.
    """

    now: datetime
    read_since: datetime
    served_since: datetime
    ages: Ages
    waiting_since: datetime = FOR_EVER

    @classmethod
    def of(cls, now: datetime, ages: Ages) -> Self:
        """The wish of a caller at a moment."""
        return cls(now, before(now, ages.fresh_for), before(now, ages.served_for), ages)

    def waiting(self, since: datetime) -> "Wish":
        """The same for a caller who began to wait then: what was read meanwhile is good enough."""
        before_that = before(since, INSTANT)
        read, served = min(self.read_since, before_that), min(self.served_since, before_that)
        return Wish(self.now, read, served, self.ages, since)

    def changed(self, at: datetime) -> "Wish":
        """The same, for values that may have changed then."""
        read, served = max(self.read_since, at), max(self.served_since, at)
        return Wish(self.now, read, served, self.ages, self.waiting_since)


def before(moment: datetime, by: timedelta) -> datetime:
    """The moment less a time, however long that is."""
    try:
        return moment - by
    except OverflowError:
        return datetime.min.replace(tzinfo=moment.tzinfo)
