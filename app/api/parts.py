"""What can be told of an answer after its first part, and how do the two protocols spell it?

The older one (`deferSpec=20220824`) says the whole path with everything it tells. The newer one
(`incrementalSpec=v0.2`) announces what is pending under an id and says when each is complete.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from app.api.errors import ErrorEntry
from app.api.outcomes import Outcome

Place: TypeAlias = tuple[str | int, ...]
Told: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pending:
    """A fragment of the object at a path, or the rest of the list there, that is told later."""

    id: str
    path: Place
    label: str | None


@dataclass(slots=True, kw_only=True)
class Patch:
    """What was missing: `data` of an object `below` a pending path, or the next `items` of a list.

    `start` is the place of the first of the items in their list.
    """

    of: Pending
    below: Place = ()
    data: dict[str, Any] | None = None
    items: Sequence[Any] | None = None
    start: int = 0
    errors: Sequence[ErrorEntry] = ()
    extensions: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Completed:
    """No more comes of this; if there are errors, what is missing never does.

    `start` is the place in a list at which it ends; a fragment has none.
    """

    of: Pending
    errors: Sequence[ErrorEntry] = ()
    start: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of an answer after the first."""

    pending: Sequence[Pending] = ()
    patches: Sequence[Patch] = ()
    completed: Sequence[Completed] = ()
    last: bool = False

    @property
    def errors(self) -> Iterator[ErrorEntry]:
        """All its errors."""
        yield from (error for one in self.patches for error in one.errors)
        yield from (error for one in self.completed for error in one.errors)


@dataclass(frozen=True, slots=True)
class Spelling:
    """One of the protocols: the first part from what it leaves pending, and those after it.

    A part in which this protocol has nothing to tell is None.
    """

    first: Callable[[Outcome, Sequence[Pending]], Told]
    later: Callable[[Part], Told | None]


def _first_by_id(outcome: Outcome, pending: Sequence[Pending]) -> Told:
    announced = {"pending": [_announced(one) for one in pending]} if pending else {}
    return {**outcome.response(), **announced, "hasNext": bool(pending)}


def _later_by_id(part: Part) -> Told:
    lists = {
        "pending": [_announced(one) for one in part.pending],
        "incremental": [
            {"id": one.of.id, **_named("subPath", one.below), **_content(one)}
            for one in part.patches
        ],
        "completed": [{"id": one.of.id, **_named("errors", one.errors)} for one in part.completed],
    }
    return {**{name: told for name, told in lists.items() if told}, "hasNext": not part.last}


def _announced(pending: Pending) -> Told:
    return {"id": pending.id, "path": pending.path, **_named("label", pending.label)}


def _first_by_path(outcome: Outcome, pending: Sequence[Pending]) -> Told:
    return {**outcome.response(), "hasNext": bool(pending)}


def _later_by_path(part: Part) -> Told | None:
    told = [_at(one.of, _path(one), _content(one)) for one in part.patches]
    told += [_never(one) for one in part.completed if one.errors]
    if not told and not part.last:
        return None
    return {**_named("incremental", told), "hasNext": not part.last}


def _path(patch: Patch) -> Place:
    return (*patch.of.path, *(patch.below if patch.items is None else (patch.start,)))


def _never(completed: Completed) -> Told:
    errors, start = {"errors": completed.errors}, completed.start
    if start is None:
        return _at(completed.of, completed.of.path, {"data": None, **errors})
    return _at(completed.of, (*completed.of.path, start), {"items": None, **errors})


def _at(pending: Pending, path: Place, content: Told) -> Told:
    return {**content, "path": path, **_named("label", pending.label)}


def _content(patch: Patch) -> Told:
    news = {**_named("errors", patch.errors), **_named("extensions", patch.extensions)}
    return {"data": patch.data, **news} if patch.items is None else {"items": patch.items, **news}


def _named(name: str, value: Any) -> Told:
    """The entry, unless there is nothing in it."""
    return {name: value} if value else {}


BY_ID = Spelling(_first_by_id, _later_by_id)
BY_PATH = Spelling(_first_by_path, _later_by_path)
