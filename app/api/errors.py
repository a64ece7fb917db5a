"""How is a failure told? One shape for every error entry, with nothing of ours leaking out."""

import traceback
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import uuid4

import structlog
from graphql import GraphQLError, GraphQLSyntaxError

from app.api.scalars import iso_duration
from app.errors import InvalidInputError, UpstreamError, UpstreamThrottled
from app.upstream.report import SourceFailure

log = structlog.get_logger(__name__)
ErrorEntry = dict[str, Any]
MOST_ERRORS = 50  # entries of one answer
MOST_LOCATIONS = 10  # of one entry: a name that is there twice may be there a thousand times


def entries(errors: Iterable[GraphQLError], *, before_execution: bool) -> list[ErrorEntry]:
    """Error entries for what execution raised; the same trouble at many paths is told once."""
    told: dict[tuple[str, str], ErrorEntry] = {}
    for error in errors:
        entry = _entry(error, before_execution=before_execution)
        key = (entry["message"], entry["extensions"]["code"])
        first = told.setdefault(key, entry)
        if first is not entry:
            first["extensions"]["occurrences"] = first["extensions"].get("occurrences", 1) + 1
    return list(told.values())[:MOST_ERRORS]


def failure_entries(failures: Iterable[SourceFailure]) -> Iterator[ErrorEntry]:
    """One entry for each connection that let the operation down."""
    for failure in failures:
        yield {
            "message": f"{failure.connection}: {failure.error}.",
            "extensions": {"connection": failure.connection, **_upstream(failure.error)},
        }


def note_entries(notes: Iterable[InvalidInputError]) -> Iterator[ErrorEntry]:
    """One entry for each part of the input that was left out of the answer."""
    for note in notes:
        yield {"message": str(note), "extensions": _invalid(note)}


def request_error(message: str, code: str = "BAD_REQUEST") -> ErrorEntry:
    """An entry for a request that is not GraphQL at all."""
    return {"message": message, "extensions": {"code": code}}


def masked(bug: Exception) -> ErrorEntry:
    """An entry that tells nothing; the log tells where, without values that a text may hold."""
    error_id = uuid4().hex
    frames = traceback.extract_tb(bug.__traceback__)[-5:]
    where = [f"{frame.filename.rsplit('/app/')[-1]}:{frame.lineno}" for frame in frames]
    log.error("operation.bug", error_id=error_id, kind=type(bug).__name__, where=where)
    return {
        "message": "Something went wrong on our side.",
        "extensions": {"code": "INTERNAL", "errorId": error_id},
    }


def _entry(error: GraphQLError, *, before_execution: bool) -> ErrorEntry:
    message, extensions = _told(error, before_execution=before_execution)
    entry: ErrorEntry = {"message": message}
    if error.locations:
        entry["locations"] = [
            {"line": at.line, "column": at.column} for at in error.locations[:MOST_LOCATIONS]
        ]
    if error.path:
        entry["path"] = list(error.path)
    return {**entry, "extensions": extensions}


def _told(error: GraphQLError, *, before_execution: bool) -> tuple[str, dict[str, Any]]:
    match error.original_error:
        case InvalidInputError() as invalid:
            return str(invalid), _invalid(invalid)
        case UpstreamError() as upstream:
            return f"{upstream}.", _upstream(upstream)
        case None | GraphQLError():
            return error.message, {"code": _code(error, before_execution=before_execution)}
        case bug:
            entry = masked(bug)
            return entry["message"], entry["extensions"]


def _code(error: GraphQLError, *, before_execution: bool) -> str:
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED"
    return "GRAPHQL_VALIDATION_FAILED" if before_execution else "BAD_USER_INPUT"


def _invalid(error: InvalidInputError) -> dict[str, Any]:
    return {"code": "BAD_USER_INPUT", "argument": error.argument}


def _upstream(error: UpstreamError) -> dict[str, Any]:
    told: dict[str, Any] = {"code": error.code, "retryable": error.retryable}
    if isinstance(error, UpstreamThrottled):
        told["retryAfter"] = iso_duration(error.retry_after)
    return told
