"""What became of an operation, before a transport dresses it?"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson
from graphql import GraphQLError

from app.api.context import Context
from app.api.errors import (
    ErrorEntry,
    entries,
    failure_entries,
    masked,
    note_entries,
    request_error,
)
from app.api.scalars import iso_duration
from app.engine.gate import NotAdmittedError, Stage
from app.upstream.report import Report

VARIABLE = re.compile(r"Variable '\$(?P<name>\w+)'")


class Fate(StrEnum):
    """How far an operation came."""

    MALFORMED = "malformed"  # it is no GraphQL request
    UNPARSED = "unparsed"  # its document is not GraphQL
    UNEXECUTED = "unexecuted"  # its document, its name or its variables cannot be executed
    REFUSED = "refused"  # it could be, but not for this caller, not now or not this way
    EXECUTED = "executed"
    LATE = "late"  # its budget of time ran out
    BROKEN = "broken"  # by a bug of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """For how many seconds others may keep an answer, and how many of them have gone.

    `etag` stands for what it tells.
    """

    lifetime: int
    age: int
    private: bool
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The answer to one operation. `data` is JSON, None where nothing was executed.

    `status` and `headers` are those an HTTP answer should have; without `status` the fate decides.
    `cached`: it was made for somebody else, and cost nothing. Without `keeping` nobody may keep it.
    """

    fate: Fate
    data: bytes | None = None
    errors: Sequence[ErrorEntry] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict)
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cached: bool = False
    keeping: Keeping | None = None

    @property
    def kind(self) -> str:
        """What happened, in a word: its fate, or `partial` for data with errors beside it."""
        return "partial" if self.fate is Fate.EXECUTED and self.errors else self.fate.value

    @property
    def codes(self) -> list[str]:
        """The codes of its errors."""
        return sorted({entry["extensions"]["code"] for entry in self.errors})

    def response(self) -> dict[str, Any]:
        """The response map of the specification; its data is JSON already."""
        told: dict[str, Any] = {}
        if self.data is not None:
            told["data"] = orjson.Fragment(self.data)
        if self.errors:
            told["errors"] = self.errors
        if self.extensions:
            told["extensions"] = self.extensions
        return told

    def body(self) -> bytes:
        """The response map as JSON."""
        return orjson.dumps(self.response())


def malformed(message: str) -> Outcome:
    """For what is no GraphQL request."""
    return Outcome(fate=Fate.MALFORMED, errors=[request_error(message)])


def refused(message: str, code: str, status: int, **headers: str) -> Outcome:
    """For what may not be executed, or not this way; headers by name with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    entry = request_error(message, code)
    return Outcome(fate=Fate.REFUSED, errors=[entry], status=status, headers=named)


def late() -> Outcome:
    """For what took too long."""
    entry = request_error("The operation took longer than its budget.", "TIMEOUT")
    return Outcome(fate=Fate.LATE, errors=[entry])


def broken(bug: Exception) -> Outcome:
    """For what a bug of ours ended."""
    return Outcome(fate=Fate.BROKEN, errors=[masked(bug)])


def not_admitted(refusal: NotAdmittedError) -> Outcome:
    """For what did not pass the gate."""
    fate = Fate.UNPARSED if refusal.stage is Stage.PARSE else Fate.UNEXECUTED
    if (excess := refusal.excess) is None:
        return Outcome(fate=fate, errors=entries(refusal.errors, before_execution=True))
    entry = request_error(excess.message, "OPERATION_TOO_COMPLEX")
    entry["extensions"] |= {
        "measure": excess.measure,
        "measured": excess.measured,
        "limit": excess.limit,
    }
    return Outcome(fate=fate, errors=[entry])


def executed(
    data: dict[str, Any] | None,
    raised: Iterable[GraphQLError],
    context: Context,
    *,
    introspection: bool,
) -> Outcome:
    """For what was executed; without data and paths it was not, for its variables."""
    raised = list(raised)
    started = data is not None or any(error.path for error in raised)
    if not started and not introspection:
        raised = [_veiled(error) for error in raised]
    report = context.inquiry.report
    errors: list[ErrorEntry] = [
        *entries(raised, before_execution=False),
        *note_entries(context.notes),
        *failure_entries(report.failures),
    ]
    ages = _ages(report, context.now)
    return Outcome(
        fate=Fate.EXECUTED if started else Fate.UNEXECUTED,
        data=orjson.dumps(data) if started else None,
        errors=errors,
        extensions={"freshness": ages} if ages else {},
    )


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
