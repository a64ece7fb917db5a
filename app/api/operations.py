"""How is an operation answered, whatever transport brought it?"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from time import perf_counter

import structlog
from graphql import GraphQLError
from strawberry.types import ExecutionResult

from app.api.admission import Admission, NotAnsweredError, behind_gate
from app.api.asking import Asked
from app.api.caching import Attempt, Caching
from app.api.callers import Caller
from app.api.context import Context, Services
from app.api.metrics import Metrics
from app.api.outcomes import Outcome, broken, executed, late
from app.api.schema import Schema
from app.api.tracing import operation_span
from app.engine.execution import Engine, Executed, Request
from app.engine.gate import Admitted
from app.settings import Requests
from app.upstream.deadline import Deadline
from app.upstream.reader import Inquiry

log = structlog.get_logger(__name__)


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
        behind_gate(schema)
        self._schema = schema
        self._admission = admission
        self._engine = engine
        self._services = services
        self._requests = requests
        self._now = now
        self._metrics = metrics
        self._introspection = introspection
        self._caching = caching

    async def answer(self, asked: Asked, caller: Caller, *, safe: bool = False) -> Outcome:
        """The answer to one operation; one that must be `safe` changes nothing."""
        started = perf_counter()
        try:
            admitted = await self._admission.admit(asked, caller, safe=safe)
        except NotAnsweredError as refusal:
            return refusal.outcome
        with operation_span(admitted) as span:
            outcome = await self._kept_or_executed(admitted, asked, caller)
            span.set_attribute("tessera.error_codes", outcome.codes)
        self._told(admitted, outcome, perf_counter() - started)
        return outcome

    async def _kept_or_executed(self, admitted: Admitted, asked: Asked, caller: Caller) -> Outcome:
        run = partial(self._executed, admitted, asked, caller)
        if self._caching is None:
            return await run(Attempt(self._requests.budget))
        return await self._caching.answer(admitted, asked.variables, caller, run)

    async def _executed(
        self, admitted: Admitted, asked: Asked, caller: Caller, attempt: Attempt
    ) -> Outcome:
        context = self._context(admitted, caller, attempt)
        try:
            async with asyncio.timeout(attempt.within.total_seconds()):
                done = await self._run(admitted, asked, context)
            return executed(done.data, done.errors, context, introspection=self._introspection)
        except TimeoutError:
            return late()
        except Exception as bug:  # noqa: BLE001  the last resort: a bug is told like any other
            return broken(bug)

    async def _run(self, admitted: Admitted, asked: Asked, context: Context) -> Executed:
        name = asked.operation_name
        if self._engine is not None:
            request = Request(admitted.document, admitted.text, name, asked.variables, context)
            return await self._engine.execute(request)
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

    def _context(self, admitted: Admitted, caller: Caller, attempt: Attempt) -> Context:
        deadline = Deadline.after(attempt.within)
        return Context(
            document=admitted.document,
            services=self._services(),
            inquiry=Inquiry(deadline.earlier(self._requests.reserve), attempt.report),
            now=self._now(),
            accepted=caller.accepted,
            seen=attempt.seen,
        )

    def _told(self, admitted: Admitted, outcome: Outcome, seconds: float) -> None:
        self._metrics.answered(admitted.name, outcome=outcome.kind, seconds=seconds)
        log.info(
            "operation",
            name=admitted.name,
            outcome=outcome.kind,
            cost=admitted.cost,
            cached=outcome.cached,
            milliseconds=round(seconds * 1000, 1),
            errors=outcome.codes,
        )
