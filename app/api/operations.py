"""How is an operation answered, whatever transport brought it?"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from time import perf_counter
from typing import Any

import structlog
from graphql import GraphQLError, OperationType
from strawberry.types import ExecutionResult

from app.api.admission import Admission, NotAnsweredError, behind_gate
from app.api.asking import Asked
from app.api.callers import Caller
from app.api.context import Context, Services
from app.api.metrics import Metrics
from app.api.outcomes import Outcome, broken, executed, late, refused, within
from app.api.schema import Schema, core
from app.api.subscribing import Outcomes, Subscriptions
from app.api.tracing import operation_span
from app.engine.execution import Engine, Executed, Request, interpreted
from app.engine.gate import Admitted
from app.settings import Requests
from app.upstream.deadline import Deadline
from app.upstream.reader import Inquiry
from app.upstream.report import Report

log = structlog.get_logger(__name__)
STREAMED = (
    "A subscription is answered by a stream: send it over a WebSocket (graphql-transport-ws),"
    " or accept text/event-stream."
)
WORTH_A_PAUSE = 2_000  # what costs more gives others their turn before it is put in writing


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
    ) -> None:
        """`engine` executes; without one, the library's own executor does."""
        behind_gate(schema)
        self._schema = schema
        self._admission = admission
        self._engine = engine
        self._services = services
        self._requests = requests
        self._now = now
        self._metrics = metrics
        self._introspection = introspection
        self._unbroken: set[asyncio.Task[Outcome]] = set()
        self._subscriptions = Subscriptions(
            schema=schema,
            context=self._context,
            execute=self._executed,
            metrics=metrics,
            budget=requests.budget.total_seconds(),
            introspection=introspection,
        )

    async def answer(self, asked: Asked, caller: Caller, *, safe: bool = False) -> Outcome:
        """The one answer to an operation; one that must be `safe` changes nothing."""
        answers = await self.answers(asked, caller, safe=safe)
        if isinstance(answers, Outcome):
            return answers
        await answers.aclose()
        return refused(STREAMED, "BAD_REQUEST", 406)

    async def answers(
        self, asked: Asked, caller: Caller, *, safe: bool = False
    ) -> Outcome | Outcomes:
        """The answer to an operation; of a subscription as many as come, not begun yet."""
        started = perf_counter()
        try:
            admitted = await self._admission.admit(asked, caller, safe=safe)
        except NotAnsweredError as refusal:
            return refusal.outcome
        if admitted.kind is OperationType.SUBSCRIPTION:
            return self._subscriptions.outcomes(admitted, asked, caller)
        answering = self._answered(admitted, asked, caller, started)
        if admitted.kind is OperationType.MUTATION:
            return await self._to_the_end(answering)
        return await answering

    async def _to_the_end(self, answering: Coroutine[Any, Any, Outcome]) -> Outcome:
        """What changes something is not given up half-way, even if nobody waits for it."""
        task = asyncio.create_task(answering)
        self._unbroken.add(task)
        task.add_done_callback(self._unbroken.discard)
        return await asyncio.shield(task)

    async def _answered(
        self, admitted: Admitted, asked: Asked, caller: Caller, started: float
    ) -> Outcome:
        with operation_span(admitted) as span:
            outcome = await self._executed(admitted, asked, caller)
            span.set_attribute("tessera.error_codes", outcome.codes)
        self._told(admitted, outcome, perf_counter() - started)
        return outcome

    async def _executed(
        self, admitted: Admitted, asked: Asked, caller: Caller, event: Any = None
    ) -> Outcome:
        context = self._context(admitted, caller)
        try:
            async with asyncio.timeout(self._requests.budget.total_seconds()):
                done = await self._run(admitted, asked, context, event)
            if admitted.cost > WORTH_A_PAUSE:
                await asyncio.sleep(0)
            outcome = executed(done.data, done.errors, context, introspection=self._introspection)
            return within(outcome, self._requests.max_answer)
        except TimeoutError:
            return late()
        except Exception as bug:  # noqa: BLE001  the last resort: a bug is told like any other
            return broken(bug)

    async def _run(
        self, admitted: Admitted, asked: Asked, context: Context, event: Any
    ) -> Executed:
        name = asked.operation_name
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
            raise TypeError("the answer is delivered in parts, which no transport here does")
        errors: list[GraphQLError] = result.errors or []
        return Executed(result.data, errors)

    def _context(self, admitted: Admitted, caller: Caller) -> Context:
        deadline = Deadline.after(self._requests.budget)
        return Context(
            document=admitted.document,
            services=self._services(),
            inquiry=Inquiry(deadline.earlier(self._requests.reserve), Report()),
            now=self._now(),
            accepted=caller.accepted,
            last_event=caller.last_event,
        )

    def _told(self, admitted: Admitted, outcome: Outcome, seconds: float) -> None:
        self._metrics.answered(admitted.name, outcome=outcome.kind, seconds=seconds)
        log.info(
            "operation",
            name=admitted.name,
            outcome=outcome.kind,
            cost=admitted.cost,
            milliseconds=round(seconds * 1000, 1),
            errors=outcome.codes,
        )
