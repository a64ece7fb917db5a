"""How is an operation answered, whatever transport brought it?"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cached_property, partial
from time import perf_counter
from typing import Any, TypeVar

import structlog
from graphql import DocumentNode, GraphQLError, OperationType
from strawberry.types import ExecutionResult

from app.api.access import IMPERSONAL, THE_HOUSE
from app.api.admission import Admission, Entered, NotAnsweredError
from app.api.asking import Asked
from app.api.auditing import told, watched
from app.api.caching import Attempt, Caching
from app.api.callers import Caller
from app.api.context import Context, Services
from app.api.delivery import Delivery
from app.api.metrics import Metrics
from app.api.outcomes import Outcome, broken, executed, late, refused, within
from app.api.schema import Schema, core
from app.api.subscribing import Outcomes, Subscriptions
from app.api.tracing import conclude, operation_span
from app.engine.execution import Begun, Engine, Executed, Request, begun, interpreted
from app.engine.gate import Admitted
from app.engine.steps import within as in_time
from app.settings import Requests
from app.store import StoreUnavailable, acting
from app.upstream.deadline import Deadline
from app.upstream.reader import Inquiry

T = TypeVar("T")
STREAMED = (
    "A subscription is answered by a stream: send it over a WebSocket (graphql-transport-ws),"
    " or accept text/event-stream, or multipart/mixed;subscriptionSpec=1.0."
)
WORTH_A_PAUSE = 2_000  # what costs more gives others their turn before it is put in writing


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
        caching: Caching | None = None,
    ) -> None:
        """`engine` executes; without one, the library's own executor does."""
        self._schema = schema
        self._admission = admission
        self._engine = engine
        self._services = services
        self._requests = requests
        self._now = now
        self._metrics = metrics
        self._introspection = introspection
        self._unbroken: set[asyncio.Task[Any]] = set()
        self._subscriptions = Subscriptions(
            schema=schema,
            context=lambda admitted, caller: self._context(admitted, caller, self._attempt()),
            execute=self._told_of_event,
            metrics=metrics,
            budget=requests.budget.total_seconds(),
            introspection=introspection,
        )
        self._caching = caching

    @cached_property
    def _log(self) -> Any:
        """Bound once, not at every line, and not before the process has said how it speaks."""
        return structlog.get_logger(__name__).bind()

    async def answer(self, asked: Asked, caller: Caller, *, safe: bool = False) -> Outcome:
        """The one answer to an operation; one that must be `safe` changes nothing."""
        answers = await self.answers(asked, caller, safe=safe)
        if isinstance(answers, Outcome):
            return answers
        await answers.aclose()
        return not_streamed()

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
            delivery = self._delivery(admitted, admitted.deferring, asked, caller)
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
        answering = self._answered(admitted, asked, caller, started)
        if admitted.kind is OperationType.MUTATION:
            return await self._to_the_end(answering)
        return await answering

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
        self, admitted: Entered, asked: Asked, caller: Caller, started: float
    ) -> Outcome:
        self._metrics.begun()
        try:
            with operation_span(admitted, caller.trace) as span:
                outcome = await self._kept_or_executed(admitted, asked, caller)
                outcome = await self._admission.settled(admitted, outcome)
                conclude(span, outcome)
        finally:
            self._metrics.ended()
        self._told(admitted, outcome, perf_counter() - started)
        return outcome

    def _delivery(
        self, admitted: Admitted, document: DocumentNode, asked: Asked, caller: Caller
    ) -> Delivery:
        attempt, deadline = self._attempt(), Deadline.after(self._requests.budget)
        context = self._context(admitted, caller, attempt)
        name = admitted.name
        request = Request(document, admitted.text, name, asked.variables, context)

        async def begin() -> Begun:
            try:
                async with asyncio.timeout_at(deadline.at):
                    if self._engine is not None:
                        return await self._engine.in_parts(request)
                    return await begun(core(self._schema), request)
            except (asyncio.CancelledError, TimeoutError):
                context.drop()
                raise

        async def changing() -> Begun:
            with acting(caller.known.actor):
                return await self._to_the_end(begin())

        changes = admitted.kind is OperationType.MUTATION
        return Delivery(
            changing if changes else begin,
            context,
            deadline=deadline,
            introspection=self._introspection,
            most=self._requests.max_answer,
        )

    async def _kept_or_executed(self, admitted: Admitted, asked: Asked, caller: Caller) -> Outcome:
        run = partial(self._executed, admitted, asked, caller)
        if self._caching is None:
            return await run(self._attempt())
        return await self._caching.answer(admitted, asked.variables, caller, run)

    async def _told_of_event(
        self, admitted: Admitted, asked: Asked, caller: Caller, event: Any
    ) -> Outcome:
        return await self._executed(admitted, asked, caller, self._attempt(), event=event)

    async def _executed(
        self,
        admitted: Admitted,
        asked: Asked,
        caller: Caller,
        attempt: Attempt,
        *,
        event: Any = None,
    ) -> Outcome:
        with acting(caller.known.actor), watched(caller.known) as seen:
            outcome = await self._executed_in_time(admitted, asked, caller, attempt, event=event)
            if seen and not admitted.open_to & IMPERSONAL:
                return await self._noted(admitted, seen, outcome)
            return outcome

    async def _noted(self, admitted: Admitted, seen: set[str], outcome: Outcome) -> Outcome:
        """The outcome, once it is written who looked at whom."""
        fields = told(self._admission.personal(admitted))
        try:
            await self._services().looks.keep(seen, fields, now=self._now())
        except StoreUnavailable as silent:
            return refused(str(silent), "STORE_UNAVAILABLE", 503)
        return outcome

    async def _executed_in_time(
        self,
        admitted: Admitted,
        asked: Asked,
        caller: Caller,
        attempt: Attempt,
        *,
        event: Any = None,
    ) -> Outcome:
        context = self._context(admitted, caller, attempt)
        try:
            running = self._run(admitted, asked, context, event)
            done = await in_time(attempt.within.total_seconds(), running)
            if admitted.cost > WORTH_A_PAUSE:
                await asyncio.sleep(0)
            outcome = executed(
                done.data,
                done.errors,
                context,
                introspection=self._introspection,
                objects=done.objects,
            )
            return within(outcome, self._requests.max_answer)
        except TimeoutError:
            return late()
        except Exception as bug:  # noqa: BLE001  the last resort: a bug is told like any other
            return broken(bug)

    async def _run(
        self, admitted: Admitted, asked: Asked, context: Context, event: Any
    ) -> Executed:
        name = admitted.name  # whether it was asked by that name or not
        request = Request(admitted.document, admitted.text, name, asked.variables, context, event)
        if self._engine is not None:
            return await self._engine.execute(request)
        if admitted.kind is OperationType.SUBSCRIPTION:
            return await interpreted(core(self._schema), request)
        result = await self._schema.execute(
            admitted.text,
            variable_values=asked.variables,
            operation_name=name,
            context_value=context,
        )
        if not isinstance(result, ExecutionResult):
            raise TypeError("the answer comes in parts, though its document was taken at once")
        errors: list[GraphQLError] = result.errors or []
        return Executed(result.data, errors)

    def _attempt(self) -> Attempt:
        return Attempt(self._requests.budget)

    def _context(self, admitted: Admitted, caller: Caller, attempt: Attempt) -> Context:
        deadline = Deadline.after(attempt.within)
        return Context(
            document=admitted.document,
            services=self._services(),
            inquiry=Inquiry(deadline.earlier(self._requests.reserve), attempt.report),
            now=self._now(),
            principal=caller.known,
            accepted=caller.accepted,
            last_event=caller.last_event,
            seen=attempt.seen,
        )

    def _told(self, admitted: Entered, outcome: Outcome, seconds: float) -> None:
        self._metrics.answered(
            admitted.name, kind=admitted.kind_name, outcome=outcome.kind, seconds=seconds
        )
        self._log.info(
            "operation",
            name=admitted.name,
            outcome=outcome.kind,
            document=admitted.how,
            cost=admitted.cost,
            cached=outcome.cached,
            milliseconds=round(seconds * 1000, 1),
            errors=outcome.codes,
        )
