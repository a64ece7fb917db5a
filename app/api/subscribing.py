"""How does a subscription become a stream of answers?

The source is what the resolver of the subscription's field gives. It is opened with a context of
its own, whose deadline is soon over: what an event needs of the outside belongs to the fields of
the event, since every event is executed anew, with its own deadline, report and clock. A resolver
that passes on the events of another generator closes it itself (`contextlib.aclosing`). An event
with a `cursor` (a text of one line) names its place in the stream; the caller that comes back
gives the last one it has as `Context.last_event`; so the stream ends at an event that has a place
and could not be told, and is told to whoever comes back. One with `shared` (a dictionary) is given
to many: those who ask alike have one execution of it.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

import orjson
import structlog
from cachetools import LRUCache

from app.api.asking import Asked
from app.api.callers import Caller
from app.api.context import Context
from app.api.metrics import Metrics
from app.api.outcomes import Fate, Outcome, broken, executed, interrupted, late
from app.api.schema import Schema, core
from app.api.sharing import together
from app.api.tracing import conclude, operation_span
from app.engine.execution import Request
from app.engine.gate import Admitted
from app.engine.steps import noticed
from app.engine.subscribing import Source, open_source, used_by_events

log = structlog.get_logger(__name__)
MOST_DOCUMENTS = 1_000  # of which is known what they use
Execute = Callable[[Admitted, Asked, Caller, Any], Awaitable[Outcome]]
Outcomes = AsyncGenerator[Outcome, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriptions:
    """Answers subscriptions.

    `context` makes the surroundings of one execution and `execute` executes one event. `budget` are
    the seconds that opening a source may take, and closing it.
    """

    schema: Schema
    context: Callable[[Admitted, Caller], Context]
    execute: Execute
    metrics: Metrics
    budget: float
    introspection: bool
    _used: LRUCache[Hashable, frozenset[str]] = field(
        default_factory=lambda: LRUCache(MOST_DOCUMENTS), init=False
    )

    async def outcomes(self, admitted: Admitted, asked: Asked, caller: Caller) -> Outcomes:
        """One outcome for each event; nothing is opened before the first is asked for.

        The source is closed when this is, or cancelled; closing waits for its `finally` blocks.
        """
        started, answers, outcome = perf_counter(), 0, None
        try:
            async with aclosing(self._outcomes(admitted, asked, caller)) as outcomes:
                async for outcome in outcomes:
                    answers += 1
                    yield outcome
        finally:
            kind = "complete" if outcome is None else outcome.kind
            self.metrics.answered(
                admitted.name, kind=admitted.kind.value, outcome=kind, seconds=None
            )
            log.info(
                "subscription",
                name=admitted.name,
                outcome=kind,
                cost=admitted.cost,
                answers=answers,
                milliseconds=round((perf_counter() - started) * 1000, 1),
            )

    async def _outcomes(self, admitted: Admitted, asked: Asked, caller: Caller) -> Outcomes:
        context = self.context(admitted, caller)
        source = await self._opened(admitted, asked, context)
        if isinstance(source, Outcome):
            yield source
            return
        alike = self._alike(admitted, asked, caller)
        try:
            while True:
                try:
                    event, waited = await noticed(anext(source.events))
                except StopAsyncIteration:
                    return
                except Exception as error:  # noqa: BLE001  whatever a source raises is located
                    yield interrupted([source.located(error)], context)
                    return
                outcome = await self._told(admitted, asked, caller, event, alike)
                yield outcome
                if outcome.fate is Fate.INTERRUPTED:
                    return  # else what comes next would be told as if nothing were missing
                if not waited:
                    await asyncio.sleep(0)  # a source that never waits holds up nobody else
        finally:
            await self._close(source)

    async def _opened(self, admitted: Admitted, asked: Asked, context: Context) -> Source | Outcome:
        request = Request(
            admitted.document, admitted.text, asked.operation_name, asked.variables, context
        )
        try:
            async with asyncio.timeout(self.budget):
                source = await open_source(core(self.schema), request)
        except TimeoutError:
            return late().but(fate=Fate.INTERRUPTED)
        except Exception as bug:  # noqa: BLE001  the last resort: a bug is told like any other
            return broken(bug).but(fate=Fate.INTERRUPTED)
        if isinstance(source, Source):
            return source
        if any(error.path for error in source):
            return interrupted(source, context)
        return executed(None, source, context, introspection=self.introspection)

    async def _told(
        self, admitted: Admitted, asked: Asked, caller: Caller, event: Any, alike: Hashable
    ) -> Outcome:
        """The answer to an event; those who ask alike for one that is `shared` have it together."""
        answer = partial(self._answered, admitted, asked, caller, event)
        shared = getattr(event, "shared", None)
        return await (answer() if shared is None else together(shared, alike, answer))

    async def _answered(
        self, admitted: Admitted, asked: Asked, caller: Caller, event: Any
    ) -> Outcome:
        with operation_span(admitted, caller.trace) as span:
            outcome = await self.execute(admitted, asked, caller, event)
            conclude(span, outcome)
        return _placed(outcome, cursor_of(event))

    def _alike(self, admitted: Admitted, asked: Asked, caller: Caller) -> Hashable:
        """The same for those who are given the same answer to the same event.

        Where they began is no part of it: an event is the same whichever cursor was given.
        """
        used = self._used_by_events(admitted)
        given = {name: value for name, value in asked.variables.items() if name in used}
        variables = orjson.dumps(given, option=orjson.OPT_SORT_KEYS)
        return admitted.text, admitted.name, variables, caller.known.pseudonym, caller.accepted

    def _used_by_events(self, admitted: Admitted) -> frozenset[str]:
        key = admitted.text, admitted.name
        if (used := self._used.get(key)) is None:
            used = self._used[key] = used_by_events(admitted.document, admitted.operation)
        return used

    async def _close(self, source: Source) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.budget):
                try:
                    await source.close()
                except Exception as bug:  # noqa: BLE001  nobody is left to be told of it
                    broken(bug)


def _placed(outcome: Outcome, cursor: str | None) -> Outcome:
    """The answer to an event that has a place; the stream ends at one that cannot be told."""
    if cursor is None:
        return outcome
    told = outcome.fate is Fate.EXECUTED and (outcome.useful or not outcome.errors)
    return outcome.but(cursor=cursor) if told else outcome.but(fate=Fate.INTERRUPTED)


def cursor_of(event: Any) -> str | None:
    """The place of an event in its stream, where it says so in one line."""
    cursor = getattr(event, "cursor", None)
    return cursor if isinstance(cursor, str) and cursor.isprintable() else None
