"""GraphQL over HTTP: one POST, one answer, whatever the body holds."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import orjson
import structlog
from graphql import DocumentNode, GraphQLError, OperationType, get_operation_ast, parse
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from app.api.context import Context, Services
from app.api.errors import (
    ErrorEntry,
    entries,
    failure_entries,
    masked,
    note_entries,
    request_error,
)
from app.api.graphiql import page
from app.api.languages import accepted_languages
from app.api.scalars import iso_duration
from app.api.schema import Schema
from app.settings import Requests
from app.upstream.deadline import Deadline
from app.upstream.reader import Inquiry
from app.upstream.report import Report

log = structlog.get_logger(__name__)
RESPONSE_TYPE = "application/graphql-response+json"


class BadRequest(Exception):  # noqa: N818  an answer, not a failure of ours
    """A request that cannot be executed: the status and what to change."""

    def __init__(self, status: int, *told: ErrorEntry) -> None:
        super().__init__(status)
        self.status = status
        self.told = told


@dataclass(frozen=True, slots=True)
class Body:
    """What a well-formed body asks."""

    document: str
    variables: dict[str, Any] | None
    operation_name: str | None


@dataclass(frozen=True, slots=True)
class Operation:
    """One query of a document that was parsed."""

    text: str
    document: DocumentNode
    name: str | None
    variables: dict[str, Any] | None


class GraphQLEndpoint:
    """Answers `/graphql`. `services` is asked at every request: it is there once started."""

    def __init__(
        self,
        schema: Schema,
        *,
        services: Callable[[], Services],
        requests: Requests,
        now: Callable[[], datetime],
        graphiql: bool,
    ) -> None:
        self._schema = schema
        self._services = services
        self._requests = requests
        self._now = now
        self._graphiql = graphiql

    async def __call__(self, request: Request) -> Response:
        """One answer for one request."""
        if request.method == "GET" and self._graphiql and _wants_page(request):
            return HTMLResponse(page(), headers={"cache-control": "no-store"})
        started = perf_counter()
        try:
            operation = await self._operation(request)
        except BadRequest as bad:
            log.info("request.refused", status=bad.status)
            return _answer(request, {"errors": list(bad.told)}, bad.status)
        context = self._context(request, operation.document)
        status, body = await self._executed(operation, context)
        log.info(
            "operation",
            name=operation.name,
            status=status,
            milliseconds=round((perf_counter() - started) * 1000, 1),
            errors=sorted({entry["extensions"]["code"] for entry in body.get("errors", ())}),
        )
        return _answer(request, body, status)

    async def _operation(self, request: Request) -> Operation:
        if request.method != "POST":
            raise _refused(405, "Send a POST with an application/json body.")
        if _media_type(request) != "application/json":
            raise _refused(415, "The Content-Type must be application/json.")
        return _selected(_read(await self._body(request)), self._requests.max_tokens)

    async def _body(self, request: Request) -> bytes:
        most = self._requests.max_body
        body = bytearray()
        with suppress(ClientDisconnect):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise _refused(413, f"The body is larger than {most:,} bytes.")
        return bytes(body)

    def _context(self, request: Request, document: DocumentNode) -> Context:
        deadline = Deadline.after(self._requests.budget)
        return Context(
            document=document,
            services=self._services(),
            inquiry=Inquiry(deadline.earlier(self._requests.reserve), Report()),
            now=self._now(),
            accepted=accepted_languages(request.headers.get("accept-language")),
        )

    async def _executed(self, operation: Operation, context: Context) -> tuple[int, dict[str, Any]]:
        try:
            async with asyncio.timeout(self._requests.budget.total_seconds()):
                result = await self._schema.execute(
                    operation.text,
                    variable_values=operation.variables,
                    operation_name=operation.name,
                    context_value=context,
                )
        except TimeoutError:
            late = request_error("The operation took longer than its budget.", "TIMEOUT")
            return 504, {"data": None, "errors": [late]}
        except Exception as bug:  # noqa: BLE001  the last resort: a bug is told like any other
            return 500, {"errors": [masked(bug)]}
        if not isinstance(result, ExecutionResult):
            only = request_error("Incremental delivery is not offered.", "BAD_USER_INPUT")
            return 400, {"errors": [only]}
        return _told(result, context)


def _told(result: ExecutionResult, context: Context) -> tuple[int, dict[str, Any]]:
    """The status and body of a result: 400 when nothing was executed."""
    raised = result.errors or []
    before = isinstance(result, PreExecutionError)
    started = result.data is not None or any(error.path for error in raised)
    report = context.inquiry.report
    errors: list[ErrorEntry] = [
        *entries(raised, before_execution=before),
        *note_entries(context.notes),
        *failure_entries(report.failures),
    ]
    body: dict[str, Any] = {"data": result.data} if started else {}
    if errors:
        body["errors"] = errors
    if ages := _ages(report, context.now):
        body["extensions"] = {"freshness": ages}
    return (200 if started else 400), body


def _ages(report: Report, now: datetime) -> list[dict[str, Any]]:
    """`extensions.freshness`: one entry for each connection and port that was read."""
    return [
        {
            "connection": age.connection,
            "port": age.port,
            "freshness": age.freshness,
            "asOf": age.as_of,
            "age": age.as_of and iso_duration(max(now - age.as_of, timedelta())),
        }
        for age in report.ages
    ]


def _refused(status: int, message: str) -> BadRequest:
    return BadRequest(status, request_error(message))


def _selected(body: Body, max_tokens: int) -> Operation:
    """The query that is to be executed (GraphQL specification, 6.1 GetOperation).

    Raises:
        BadRequest: the document cannot be parsed, or it has no such query.
    """
    try:
        document = parse(body.document, max_tokens=max_tokens)
    except GraphQLError as error:
        raise BadRequest(400, *entries([error], before_execution=True)) from error
    operation = get_operation_ast(document, body.operation_name)
    if operation is None or operation.operation is not OperationType.QUERY:
        message = "Name one query of the document in operationName: it has none, or several."
        raise BadRequest(400, request_error(message, "GRAPHQL_VALIDATION_FAILED"))
    name = None if operation.name is None else operation.name.value
    return Operation(body.document, document, name, body.variables)


def _read(body: bytes) -> Body:
    """The request in a body.

    Raises:
        BadRequest: the body is not the JSON object that GraphQL over HTTP asks for.
    """
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _refused(400, "The body is not JSON in UTF-8.") from error
    if not isinstance(asked, Mapping):
        raise _refused(400, "The body must be one JSON object with a query.")
    document, variables = asked.get("query"), asked.get("variables")
    name, extensions = asked.get("operationName"), asked.get("extensions")
    if not isinstance(document, str) or not document.strip():
        raise _refused(400, "query must be a GraphQL document, as a string.")
    if not isinstance(variables, Mapping | None):
        raise _refused(400, "variables must be an object.")
    if not isinstance(name, str | None):
        raise _refused(400, "operationName must be a string.")
    if not isinstance(extensions, Mapping | None):
        raise _refused(400, "extensions must be an object.")
    return Body(document, None if variables is None else dict(variables), name)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _answer(request: Request, body: Mapping[str, Any], status: int) -> Response:
    accepted = request.headers.get("accept", "")
    media = RESPONSE_TYPE if RESPONSE_TYPE in accepted else "application/json"
    headers = {"cache-control": "no-store"}
    if status == 405:  # noqa: PLR2004  Method Not Allowed
        headers["allow"] = "POST"
    return Response(orjson.dumps(body), status, headers, f"{media}; charset=utf-8")
