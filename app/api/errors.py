"""How is a failure told? One shape for every error entry, with nothing of ours leaking out."""

import re
import traceback
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

import structlog
from graphql import GraphQLError, GraphQLSyntaxError

from app.api.scalars import iso_duration
from app.errors import InvalidInputError, Refusal, UpstreamError, UpstreamThrottled
from app.store import StoreUnavailable, TextNotKeptError
from app.upstream.report import SourceFailure

log = structlog.get_logger(__name__)
ErrorEntry = dict[str, Any]
Told = tuple[str, dict[str, Any]]  # message and extensions
Trouble = tuple[str, str]  # message and code
Entity = tuple[str, int] | None  # the field of a router and the place in its list
MOST_ERRORS = 50  # entries of one answer
ALIASED_ENTITIES = re.compile(r"\b(\w++)\s*+:\s*+_entities\b")  # in linear time
MOST_LOCATIONS = 10  # of one entry: a name that is there twice may be there a thousand times


def entries(errors: Iterable[GraphQLError], *, before_execution: bool) -> list[ErrorEntry]:
    """Error entries for what execution raised; the same trouble at many paths is told once.

    Below `_entities` it is told once an entity, while there is room: a router asks for the objects
    of many fields at once, and puts each error where its object was asked for.
    """
    raised = list(errors)
    if not raised:
        return []
    routed = frozenset[str]() if before_execution else _routed(raised)
    known: dict[int, Told] = {}  # by what was raised: one exception may stand at many paths
    troubles: dict[Trouble, dict[Entity, ErrorEntry]] = {}
    for error in raised:
        cause = id(error.original_error or error)
        if cause not in known:
            known[cause] = _told(error, before_execution=before_execution)
        entry = _entry(error, *known[cause])
        places = troubles.setdefault((entry["message"], entry["extensions"]["code"]), {})
        first = places.setdefault(_entity(error, routed), entry)
        if first is not entry:
            _count(first, 1)
    return list(_fitting(troubles.values()))[:MOST_ERRORS]


def _routed(errors: Sequence[GraphQLError]) -> frozenset[str]:
    """What the document calls its `_entities`."""
    source = next((error.source for error in errors if error.source is not None), None)
    aliases = () if source is None else ALIASED_ENTITIES.findall(source.body)
    return frozenset({"_entities", *aliases})


def _entity(error: GraphQLError, routed: frozenset[str]) -> Entity:
    match error.path:
        case [str(field), int(place), *_] if field in routed:
            return field, place
    return None


def _fitting(troubles: Collection[Mapping[Entity, ErrorEntry]]) -> Iterator[ErrorEntry]:
    """Each trouble once, then as many repetitions as there is room for; others are counted."""
    room = max(0, MOST_ERRORS - len(troubles))
    for places in troubles:
        first, *others = places.values()
        kept, left = others[:room], others[room:]
        room -= len(kept)
        if left:
            _count(first, sum(one["extensions"].get("occurrences", 1) for one in left))
        yield from (first, *kept)


def _count(entry: ErrorEntry, more: int) -> None:
    entry["extensions"]["occurrences"] = entry["extensions"].get("occurrences", 1) + more


def is_ours(code: str) -> bool:
    """Whether an error has its cause on our side, or behind us."""
    return code in {"INTERNAL", "TIMEOUT", "STORE_UNAVAILABLE"} or code.startswith("UPSTREAM_")


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


def _entry(error: GraphQLError, message: str, extensions: Mapping[str, Any]) -> ErrorEntry:
    entry: ErrorEntry = {"message": message}
    if error.locations:
        entry["locations"] = [
            {"line": at.line, "column": at.column} for at in error.locations[:MOST_LOCATIONS]
        ]
    if error.path:
        entry["path"] = list(error.path)
    return {**entry, "extensions": {**extensions}}


def _told(error: GraphQLError, *, before_execution: bool) -> Told:
    match error.original_error:
        case InvalidInputError() as invalid:
            return str(invalid), _invalid(invalid)
        case UpstreamError() as upstream:
            return f"{upstream}.", _upstream(upstream)
        case Refusal() as refusal:
            return str(refusal), {"code": refusal.code}
        case StoreUnavailable() as silent:
            return str(silent), {"code": "STORE_UNAVAILABLE", "retryable": True}
        case None | GraphQLError() | TextNotKeptError():
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
