"""What is followed, and what is a follower told?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, NewType, TypeAlias, TypeVar

from sqlalchemy import Connection

from app.store.log import Told

R = TypeVar("R")
Cursor = NewType("Cursor", str)
"""A place in a stream, as followers are told it."""
Seq = NewType("Seq", int)
"""The number of a fact in the log."""


@dataclass(frozen=True, slots=True)
class Rows(Generic[R]):
    """A page of what there is now. `key` leads to the next page; None where this is the last."""

    rows: Sequence[R]
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Topic:
    """What one follower follows: a stream, or what it tells of one entity, or to one party."""

    stream: str
    kinds: frozenset[str]
    entity: str | None = None
    party: str | None = None


Snapshot: TypeAlias = Callable[[Connection, Topic, str], Rows[R]]
"""A page of what there is of a topic, after a key, "" for the first page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream(Generic[R]):
    """Facts of some kinds, by name, and what a newcomer is told before them."""

    name: str
    kinds: frozenset[str]
    snapshot: Snapshot[R] = field(repr=False, compare=False)

    def topic(self, *, entity: str | None = None, party: str | None = None) -> Topic:
        """What it tells of one entity, or to one party; all of it if neither is named."""
        return Topic(self.name, self.kinds, entity, party)


class LostCode(StrEnum):
    """Why a place in the log is one no more: it was swept, or the log is another."""

    CURSOR_EXPIRED = "CURSOR_EXPIRED"
    EPOCH_CHANGED = "EPOCH_CHANGED"


@dataclass(frozen=True, slots=True)
class There(Generic[R]):
    """A page of what there is as of `seq`; older facts about these rows are in them already.

    `last` is the number before the first fact that is told after all pages.
    """

    rows: Sequence[R]
    seq: int
    last: int
    complete: bool
    cursor: str


@dataclass(frozen=True, slots=True)
class Happened:
    """A fact. `prev` is the number of the one before it in this stream.

    Followers of the same are given the same object; `shared` is where they keep what they made of
    it together.
    """

    told: Told
    prev: int
    cursor: str
    shared: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing has happened up to a place."""

    cursor: str


@dataclass(frozen=True, slots=True)
class Lost:
    """Facts after `after` up to `before` can be told no more; `cursor` begins anew."""

    code: LostCode
    after: int
    before: int
    cursor: str


Event: TypeAlias = There[R] | Happened | Quiet | Lost
