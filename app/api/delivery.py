"""How does an answer come about whose parts are told one after another?"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeAlias

import orjson
from graphql import (
    ExecutionResult,
    ExperimentalIncrementalExecutionResults,
    GraphQLError,
    IncrementalStreamResult,
    SubsequentIncrementalExecutionResult,
)
from graphql.execution.types import CompletedResult, IncrementalResult, PendingResult

from app.api.context import Context
from app.api.errors import ErrorEntry, entries, failure_entries, note_entries
from app.api.outcomes import Outcome, broken, executed, freshness, late, too_large, within
from app.api.parts import Completed, Part, Patch, Pending, Place
from app.upstream.deadline import Deadline

Begin: TypeAlias = Callable[
    [], Awaitable[ExecutionResult | ExperimentalIncrementalExecutionResults]
]
Later: TypeAlias = AsyncGenerator[SubsequentIncrementalExecutionResult, None]


class Delivery:
    """An answer in parts: `first`, then `rest`, then `end`; all of it before one deadline.

    `pending` is what the first part leaves for later; nothing, if it is the whole answer. `begin`
    has to keep to the deadline by itself. The part with which the data of all has more than `most`
    bytes is not told, and is the last.
    """

    def __init__(
        self,
        begin: Begin,
        context: Context,
        *,
        deadline: Deadline,
        introspection: bool,
        most: int,
    ) -> None:
        self.pending: Sequence[Pending] = ()
        self._begin = begin
        self._context = context
        self._deadline = deadline
        self._introspection = introspection
        self._most, self._size = most, 0
        self._first = late()
        self._errors: list[ErrorEntry] = []
        self._later: Later | None = None
        self._asked = False
        self._open: dict[str, Pending] = {}
        self._lists = _Lists()
        self._news = _News(context)

    @property
    def outcome(self) -> Outcome:
        """What became of it, as far as it was told."""
        return self._first.but(errors=[*self._first.errors, *self._errors])

    async def first(self) -> Outcome:
        """The part that nothing of is put off."""
        try:
            self._first = self._begun(await self._begin())
        except TimeoutError:
            self._first = late()
        except Exception as bug:  # noqa: BLE001  the last resort: a bug is told like any other
            self._first, self.pending = broken(bug), ()
        return self._first

    async def rest(self) -> AsyncIterator[Part]:
        """The parts after the first."""
        while self._later is not None:
            part = await self._next(self._later)
            self._errors += part.errors
            if part.last:
                await self.end()
            yield part

    async def end(self) -> None:
        """Drop what is still being worked on."""
        if self._later is not None:
            later, self._later = self._later, None
            if not self._asked:
                await _entered(later)
            await later.aclose()
            self._context.drop()

    def _begun(self, begun: ExecutionResult | ExperimentalIncrementalExecutionResults) -> Outcome:
        if isinstance(begun, ExecutionResult):
            return self._told(begun.data, begun.errors)
        result, self._later = begun.initial_result, begun.subsequent_results
        self.pending = self._announced(result.pending)
        self._lists.told((), result.data)
        self._lists.settle(self.pending)
        return self._told(result.data, result.errors)

    def _told(self, data: dict[str, Any] | None, errors: Sequence[GraphQLError] | None) -> Outcome:
        outcome = executed(data, errors or (), self._context, introspection=self._introspection)
        self._news.told()
        self._size = len(outcome.data or b"")
        if self._size > self._most:
            self.pending = ()
        return within(outcome, self._most)

    async def _next(self, later: Later) -> Part:
        self._asked = True
        try:
            async with asyncio.timeout_at(self._deadline.at):
                told = await anext(later)
            self._size += sum(map(_size, told.incremental or ()))
            if self._size > self._most:
                return self._broken_off([too_large(self._size, self._most)])
            return self._part(told)
        except TimeoutError:
            return self._broken_off(late().errors)
        except Exception as bug:  # noqa: BLE001  as above
            return self._broken_off(broken(bug).errors)

    def _broken_off(self, errors: Sequence[ErrorEntry]) -> Part:
        """The end of everything that is still open."""
        completed = [Completed(one, errors, self._lists.start(one)) for one in self._open.values()]
        self._news.join((), completed)
        return Part(completed=completed, last=True)

    def _part(self, told: SubsequentIncrementalExecutionResult) -> Part:
        pending = self._announced(told.pending or ())
        patches = [self._patch(one) for one in told.incremental or ()]
        self._lists.settle(pending)
        completed = [self._completed(one) for one in told.completed or ()]
        self._news.join(patches, completed)
        return Part(pending=pending, patches=patches, completed=completed, last=not told.has_next)

    def _announced(self, pending: Iterable[PendingResult]) -> Sequence[Pending]:
        announced = [Pending(one.id, tuple(one.path), one.label) for one in pending]
        self._open |= {one.id: one for one in announced}
        return announced

    def _patch(self, told: IncrementalResult) -> Patch:
        of, errors = self._open[told.id], entries(told.errors or (), before_execution=False)
        if isinstance(told, IncrementalStreamResult):
            start = self._lists.add(of, told.items)
            return Patch(of=of, items=told.items, start=start, errors=errors)
        below = tuple(told.sub_path or ())
        self._lists.told((*of.path, *below), told.data)
        return Patch(of=of, below=below, data=told.data, errors=errors)

    def _completed(self, told: CompletedResult) -> Completed:
        of = self._open.pop(told.id)
        errors = entries(told.errors or (), before_execution=False)
        return Completed(of, errors, self._lists.start(of))


def _size(told: IncrementalResult) -> int:
    """How many bytes its data has."""
    new = told.items if isinstance(told, IncrementalStreamResult) else told.data
    return len(orjson.dumps(new))


async def _entered(later: Later) -> None:
    """Begin it: what has never begun would not clean up, and its work goes on already."""
    step = asyncio.ensure_future(anext(later))
    await asyncio.sleep(0)
    step.cancel()
    await asyncio.wait({step})


@dataclass(slots=True)
class _News:
    """What was learnt of connections and of the input, and not told yet."""

    context: Context
    notes: int = 0
    failures: int = 0
    ages: list[dict[str, Any]] = field(default_factory=list)

    def told(self) -> None:
        """Everything is told."""
        report = self.context.inquiry.report
        self.notes, self.failures = len(self.context.notes), len(list(report.failures))
        self.ages = freshness(report, self.context.now)

    def join(self, patches: Sequence[Patch], completed: Sequence[Completed]) -> None:
        """Let a part tell it, if anything in the part can."""
        report = self.context.inquiry.report
        errors = [
            *note_entries(self.context.notes[self.notes :]),
            *failure_entries(islice(report.failures, self.failures, None)),
        ]
        ages = freshness(report, self.context.now)
        if patches and ages != self.ages:
            patches[-1].extensions["freshness"] = ages
        bearers: list[Patch | Completed] = [*patches, *(one for one in completed if one.errors)]
        if bearers:
            bearers[-1].errors = [*bearers[-1].errors, *errors]
            self.told()


@dataclass(slots=True)
class _Lists:
    """How many items of each list are told. `pieces` is what the newest part says, by path."""

    counts: dict[str, int] = field(default_factory=dict)
    pieces: dict[Place, list[Any]] = field(default_factory=dict)

    def told(self, path: Place, value: Any) -> None:
        """The newest part says this."""
        self.pieces.setdefault(path, []).append(value)

    def add(self, pending: Pending, items: Sequence[Any]) -> int:
        """The place of the first of the items that the newest part adds to a list."""
        start = self.start(pending) or 0
        for place, item in enumerate(items, start):
            self.told((*pending.path, place), item)
        self.counts[pending.id] = start + len(items)
        return start

    def start(self, pending: Pending) -> int | None:
        """The place of the next item; None for a fragment."""
        if pending.id not in self.counts and (count := self._length(pending.path)) is not None:
            self.counts[pending.id] = count
        return self.counts.get(pending.id)

    def settle(self, pending: Iterable[Pending]) -> None:
        """The newest part is over; what it announced is known from now on."""
        for one in pending:
            self.start(one)
        self.pieces.clear()

    def _length(self, path: Place) -> int | None:
        for cut in range(len(path), -1, -1):
            for piece in self.pieces.get(path[:cut], ()):
                found = _at(piece, path[cut:])
                if isinstance(found, list):
                    return len(found)
        return None


def _at(value: Any, path: Place) -> Any:
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value
