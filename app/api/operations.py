"""How is an operation answered, whatever transport brought it?"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cached_property, partial
from time import perf_counter
from typing import Any, TypeVar

import structlog
from graphql import OperationType

from app.api.access import IMPERSONAL, THE_HOUSE
from app.api.admission import Admission, Entered, NotAnsweredError
from app.api.asking import Asked, Questions
from app.api.caching import Caching
from app.api.callers import Caller
from app.api.context import Services
from app.api.delivery import Delivery
from app.api.executing import Executions
from app.api.metrics import Metrics
from app.api.outcomes import Outcome, refused
from app.api.prompt import Going, PromptOperations
from app.api.schema import Schema
from app.api.subscribing import Outcomes, Subscriptions
from app.api.tracing import conclude, operation_span
from app.engine.execution import Engine
from app.engine.gate import Admitted
from app.engine.steps import noticed
from app.settings import Requests

T = TypeVar("T")
STREAMED = (
    "A subscription is answered by a stream: send it over a WebSocket (graphql-transport-ws),"
    " or accept text/event-stream, or multipart/mixed;subscriptionSpec=1.0."
)


def not_streamed() -> Outcome:
    """For a subscription of a client that takes a single answer."""
    return refused(STREAMED, "BAD_REQUEST", 406)


class Operations:
    """Answers operations. `services` is asked at every one: it is there once started."""

    def __init__(
        self,
        schema: Schema,
        *,
        admission: Admission,
        engine: Engine | None,
        services: Callable[[], Services],
        requests: Requests,
        now: Callable[[], datetime],
        metrics: Metrics,
        introspection: bool,
        ahead: bool = True,
        caching: Caching | None = None,
    ) -> None:
        """`engine` executes; without one, the library's own executor does."""
        self._admission = admission
        self._metrics = metrics
        self._unbroken: set[asyncio.Task[Any]] = set()
        executions = self._executions = Executions(
            schema,
            admission=admission,
            engine=engine,
            services=services,
            requests=requests,
            now=now,
            introspection=introspection,
            ahead=ahead,
        )
        self._subscriptions = Subscriptions(
            schema=schema,
            context=lambda admitted, caller: executions.context(
                admitted, caller, executions.attempt()
            ),
            execute=self._told_of_event,
            metrics=metrics,
            budget=requests.budget.total_seconds(),
            introspection=introspection,
        )
        self._caching = caching
        self.prompt = PromptOperations(
            admission,
            executions,
            caching,
            usual=self._kept_or_executed,
            tell=self._told,
            ending=self._unbroken,
        )

    @property
    def questions(self) -> Questions:
        """What was asked before."""
        return self._admission.questions

    @cached_property
    def _log(self) -> Any:
        """Bound once, not at every line, and not before the process has said how it speaks."""
        return structlog.get_logger(__name__).bind()

    async def answer(self, asked: Asked, caller: Caller, *, safe: bool = False) -> Outcome:
        """The one answer to an operation; one that must be `safe` changes nothing."""
        started = perf_counter()
        try:
            admitted = await self._admission.admit(asked, caller, safe=safe)
        except NotAnsweredError as refusal:
            return refusal.outcome
        if admitted.kind is OperationType.SUBSCRIPTION:
            return not_streamed()
        return await self._answering(admitted, asked, caller, started)

    def go_on(self, one: Going) -> Coroutine[Any, Any, Outcome]:
        """The answer to one that was admitted, and may have to wait; whether it had to is noted."""
        return self._answered(one.admitted, one.asked, one.caller, one.started, one)

    async def answers(
        self, asked: Asked, caller: Caller, *, safe: bool = False
    ) -> Outcome | Outcomes:
        """The answer to an operation; of a subscription as many as come, not begun yet."""
        started = perf_counter()
        try:
            admitted = await self._admission.admit(asked, caller, safe=safe)
        except NotAnsweredError as refusal:
            return refusal.outcome
        return await self._answers(admitted, asked, caller, started)

    @asynccontextmanager
    async def in_parts(
        self, asked: Asked, caller: Caller, *, safe: bool = False, deferred: bool = True
    ) -> AsyncIterator[Outcome | Outcomes | Delivery]:
        """The answer as `answers` gives it, or in parts, if they are asked for and may be deferred.

        Parts that are not delivered by the end of the block are dropped. What is written into the
        audit log is told at once.
        """
        started = perf_counter()
        try:
            admitted = await self._admission.admit(asked, caller, safe=safe)
        except NotAnsweredError as refusal:
            yield refusal.outcome
            return
        noted = caller.known.kind in THE_HOUSE and not admitted.open_to & IMPERSONAL
        if admitted.deferring is None or not deferred or noted:
            yield await self._answers(admitted, asked, caller, started)
            return
        self._metrics.begun()
        with operation_span(admitted, caller.trace) as span:
            delivery = self._executions.delivery(admitted, asked, caller, self._to_the_end)
            try:
                yield delivery
            finally:
                self._metrics.ended()
                await delivery.end()
                conclude(span, delivery.outcome)
                self._told(admitted, delivery.outcome, perf_counter() - started)

    async def _answers(
        self, admitted: Entered, asked: Asked, caller: Caller, started: float
    ) -> Outcome | Outcomes:
        if admitted.kind is OperationType.SUBSCRIPTION:
            return self._subscriptions.outcomes(admitted, asked, caller)
        return await self._answering(admitted, asked, caller, started)

    def _answering(
        self, admitted: Entered, asked: Asked, caller: Caller, started: float
    ) -> Awaitable[Outcome]:
        answering = self._answered(admitted, asked, caller, started)
        changes = admitted.kind is OperationType.MUTATION
        return self._to_the_end(answering) if changes else answering

    async def _to_the_end(self, work: Coroutine[Any, Any, T]) -> T:
        """What changes something is not given up half-way, even if nobody waits for it."""
        task = asyncio.create_task(work)
        self._unbroken.add(task)
        task.add_done_callback(self._unbroken.discard)
        return await asyncio.shield(task)

    async def finished(self) -> None:
        """Return when nothing is at work any more that is not given up half-way."""
        while self._unbroken:
            await asyncio.wait(self._unbroken)

    async def _answered(
        self,
        admitted: Entered,
        asked: Asked,
        caller: Caller,
        started: float,
        noting: Going | None = None,
    ) -> Outcome:
        block = operation_span(admitted, caller.trace) if noting is None else noting.block
        self._metrics.begun()
        try:
            with block as span:
                going = self._kept_or_executed(admitted, asked, caller)
                if noting is None:
                    outcome = await going
                else:
                    outcome, waited = await noticed(going)
                    noting.again.prompt = not waited
                if admitted.charge is not None:
                    outcome = await self._admission.settled(admitted.charge, outcome)
                if outcome.errors:
                    conclude(span, outcome)
        finally:
            self._metrics.ended()
        self._told(admitted, outcome, perf_counter() - started)
        return outcome

    def _kept_or_executed(
        self, admitted: Admitted, asked: Asked, caller: Caller
    ) -> Awaitable[Outcome]:
        if self._caching is None:
            return self._executions.run(admitted, asked, caller, self._executions.attempt())
        run = partial(self._executions.run, admitted, asked, caller)
        return self._caching.answer(admitted, asked.variables, caller, run)

    def _told_of_event(
        self, admitted: Admitted, asked: Asked, caller: Caller, event: Any
    ) -> Awaitable[Outcome]:
        return self._executions.run(admitted, asked, caller, self._executions.attempt(), event)

    def _told(self, admitted: Entered, outcome: Outcome, seconds: float, **more: str) -> None:
        name, kind = admitted.name, outcome.kind
        self._metrics.answered(name, kind=admitted.kind_name, outcome=kind, seconds=seconds)
        self._log.info(
            "operation",
            name=name,
            outcome=kind,
            document=admitted.how,
            cost=admitted.cost,
            cached=outcome.cached,
            milliseconds=int(seconds * 10_000) / 10,
            errors=outcome.codes,
            **more,
        )
