"""Which status and which words does an outcome get?

The statuses follow the GraphQL over HTTP draft of 2026 for clients that take its media type. To a
client that names `application/json` every well-formed request is a 200, as clients older than that
media type expect; to one that names neither, a request that cannot be executed is a 400.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson
from graphql import GraphQLError
from starlette.responses import Response
from strawberry.types import ExecutionResult

from app.api.context import Context
from app.api.errors import (
    ErrorEntry,
    entries,
    failure_entries,
    note_entries,
    request_error,
)
from app.api.http_negotiation import RESPONSE, Media
from app.api.scalars import iso_duration
from app.engine.gate import NotAdmittedError, Stage
from app.settings import Statuses
from app.upstream.report import Report

VARIABLE = re.compile(r"Variable '\$(?P<name>\w+)'")


class StatusRules:
    """The statuses of one client: what it takes, and which draft the deployment follows.

    `legacy`: the client names `application/json` and gets that.
    """

    def __init__(self, media: Media, statuses: Statuses, *, legacy: bool) -> None:
        self._legacy = legacy
        self._latest = media == RESPONSE and statuses == "draft-2026"

    @property
    def malformed(self) -> Literal[400, 422]:
        """JSON that is not a GraphQL request."""
        return 422 if self._latest else 400

    @property
    def unparsed(self) -> int:
        """A document that is not GraphQL."""
        return 200 if self._legacy else 400

    @property
    def unexecuted(self) -> int:
        """A document, an operation name or variables that cannot be executed."""
        return 422 if self._latest else self.unparsed

    @property
    def partial(self) -> int:
        """Data with errors beside it."""
        return 294 if self._latest else 200


def not_admitted(refusal: NotAdmittedError, rules: StatusRules) -> tuple[int, dict[str, Any]]:
    """The status and body for an operation that did not pass the gate."""
    status = rules.unparsed if refusal.stage is Stage.PARSE else rules.unexecuted
    if (excess := refusal.excess) is None:
        return status, {"errors": entries(refusal.errors, before_execution=True)}
    entry = request_error(excess.message, "OPERATION_TOO_COMPLEX")
    entry["extensions"] |= {
        "measure": excess.measure,
        "measured": excess.measured,
        "limit": excess.limit,
    }
    return status, {"errors": [entry]}


def executed(
    result: ExecutionResult, context: Context, rules: StatusRules, *, introspection: bool
) -> tuple[int, dict[str, Any]]:
    """The status and body of a result; without data nothing was executed, for its variables."""
    raised: Iterable[GraphQLError] = result.errors or []
    started = result.data is not None or any(error.path for error in raised)
    if not started and not introspection:
        raised = map(_veiled, raised)
    report = context.inquiry.report
    errors: list[ErrorEntry] = [
        *entries(raised, before_execution=False),
        *note_entries(context.notes),
        *failure_entries(report.failures),
    ]
    body: dict[str, Any] = {"data": result.data} if started else {}
    if errors:
        body["errors"] = errors
    if ages := _ages(report, context.now):
        body["extensions"] = {"freshness": ages}
    if not started:
        return rules.unexecuted, body
    return (rules.partial if errors else 200), body


def answer(
    media: Media, status: int, body: Mapping[str, Any], headers: Mapping[str, str]
) -> Response:
    """The HTTP answer; nobody on the way may keep it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    kept = {"cache-control": "no-store", "vary": "Accept", **named}
    return Response(orjson.dumps(body), status, kept, f"{media}; charset=utf-8")


def _veiled(error: GraphQLError) -> GraphQLError:
    """The same error without the names of types and fields that its message may hold."""
    if (found := VARIABLE.match(error.message)) is None:
        return error
    return GraphQLError(f"Variable '${found['name']}' has an invalid value.", error.nodes)


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
