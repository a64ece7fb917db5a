"""GraphQL over HTTP: one request, one answer, whatever it holds."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from time import perf_counter
from typing import Any

import structlog
from graphql import OperationType
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from app.api.admission import behind_gate
from app.api.context import Context, Services
from app.api.errors import masked, request_error
from app.api.graphiql import page
from app.api.http_answers import StatusRules, answer, executed, not_admitted
from app.api.http_negotiation import JSON, names_json, negotiated, takes_page
from app.api.http_reading import Asked, BadRequest, read, refused
from app.api.languages import accepted_languages
from app.api.metrics import Metrics
from app.api.schema import Schema
from app.api.tracing import operation_span
from app.engine.execution import Engine
from app.engine.execution import Request as Operation
from app.engine.gate import Admitted, Gate, NotAdmittedError
from app.settings import Requests
from app.upstream.deadline import Deadline
from app.upstream.reader import Inquiry
from app.upstream.report import Report

log = structlog.get_logger(__name__)
Told = tuple[int, dict[str, Any]]


class GraphQLEndpoint:
    """Answers `/graphql`. `services` is asked at every request: it is there once started."""

    def __init__(
        self,
        schema: Schema,
        *,
        gate: Gate,
        services: Callable[[], Services],
        requests: Requests,
        now: Callable[[], datetime],
        metrics: Metrics,
        engine: Engine | None,
        graphiql: bool,
        introspection: bool,
    ) -> None:
        """`engine` executes; without one, the library's own executor does."""
        behind_gate(schema)
        self._schema = schema
        self._gate = gate
        self._metrics = metrics
        self._engine = engine
        self._services = services
        self._requests = requests
        self._now = now
        self._graphiql = graphiql
        self._introspection = introspection

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever its method."""
        response = await self._answered(Request(scope, receive))
        await response(scope, receive, send)

    async def _answered(self, request: Request) -> Response:
        accept = request.headers.get("accept")
        if request.method == "GET" and self._graphiql and accept and takes_page(accept):
            return HTMLResponse(page(), headers={"cache-control": "no-store", "vary": "Accept"})
        media = negotiated(accept)
        legacy = media == JSON and names_json(accept)
        rules = StatusRules(media or JSON, self._requests.statuses, legacy=legacy)
        headers: dict[str, str] = {}
        try:
            if media is None:
                raise refused(406, f"Accept {JSON} or application/graphql-response+json.")
            status, body = await self._told(request, rules)
        except BadRequest as bad:
            log.info("request.refused", status=bad.status)
            status, body, headers = bad.status, {"errors": list(bad.told)}, bad.headers
        return answer(media or JSON, status, body, headers)

    async def _told(self, request: Request, rules: StatusRules) -> Told:
        started = perf_counter()
        asked = await read(request, most=self._requests.max_body, malformed=rules.malformed)
        try:
            admitted = self._admitted(asked, request.method)
        except NotAdmittedError as refusal:
            log.info(
                "operation.refused",
                stage=refusal.stage,
                measure=refusal.excess and refusal.excess.measure,
            )
            return not_admitted(refusal, rules)
        with operation_span(admitted) as span:
            status, body = await self._executed(admitted, asked, request, rules)
            codes = sorted({entry["extensions"]["code"] for entry in body.get("errors", ())})
            span.set_attribute("tessera.error_codes", codes)
        seconds = perf_counter() - started
        self._metrics.answered(admitted.name, status=status, seconds=seconds)
        log.info(
            "operation",
            name=admitted.name,
            status=status,
            cost=admitted.cost,
            milliseconds=round(seconds * 1000, 1),
            errors=codes,
        )
        return status, body

    def _admitted(self, asked: Asked, method: str) -> Admitted:
        admitted = self._gate.admit(
            asked.document, operation_name=asked.operation_name, variables=asked.variables
        )
        if method == "GET" and admitted.kind is not OperationType.QUERY:
            raise refused(405, f"Send a {admitted.kind.value} by POST.", allow="POST")
        return admitted

    async def _executed(
        self, admitted: Admitted, asked: Asked, request: Request, rules: StatusRules
    ) -> Told:
        context = self._context(admitted, request)
        try:
            async with asyncio.timeout(self._requests.budget.total_seconds()):
                result = await self._result(admitted, asked, context)
        except TimeoutError:
            late = request_error("The operation took longer than its budget.", "TIMEOUT")
            return 504, {"errors": [late]}
        except Exception as bug:  # noqa: BLE001  the last resort: a bug is told like any other
            return 500, {"errors": [masked(bug)]}
        return executed(result, context, rules, introspection=self._introspection)

    async def _result(self, admitted: Admitted, asked: Asked, context: Context) -> ExecutionResult:
        if self._engine is not None:
            variables = asked.variables or {}
            done = await self._engine.execute(
                Operation(
                    admitted.document, admitted.text, asked.operation_name, variables, context
                )
            )
            return ExecutionResult(data=done.data, errors=done.errors or None)
        result = await self._schema.execute(
            admitted.text,
            variable_values=asked.variables,
            operation_name=asked.operation_name,
            context_value=context,
        )
        if not isinstance(result, ExecutionResult):
            raise TypeError("the answer is delivered in parts, which no transport here does")
        return result

    def _context(self, admitted: Admitted, request: Request) -> Context:
        deadline = Deadline.after(self._requests.budget)
        return Context(
            document=admitted.document,
            services=self._services(),
            inquiry=Inquiry(deadline.earlier(self._requests.reserve), Report()),
            now=self._now(),
            accepted=accepted_languages(request.headers.get("accept-language")),
        )
