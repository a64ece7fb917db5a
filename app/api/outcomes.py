"""What became of an operation, before a transport dresses it?"""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson
from graphql import GraphQLError, OperationType
from msgspec import Struct, field, structs

from app.api.context import Context
from app.api.errors import (
    ErrorEntry,
    entries,
    failure_entries,
    is_ours,
    masked,
    note_entries,
    request_error,
)
from app.api.scalars import NOT_AN_ID, iso_duration
from app.engine.budget import BudgetExceeded, objects_below_root
from app.engine.documents import DocumentRefused, MalformedDocumentRequest
from app.engine.gate import NotAdmittedError, Stage
from app.principals.model import Principal
from app.principals.refusals import CredentialRefused, KeysUnavailable
from app.upstream.report import Report
from app.values import PrincipalKind

NULL = b"null"  # the data of what was executed and failed at its root
VARIABLE = re.compile(r"Variable '\$(?P<name>\w+)'")
# Of a variable that was declared an ID, or a list of them; what is within an input is not told.
ID_VARIABLE = re.compile(rf"{VARIABLE.pattern} has invalid value(?: at [\[\]\d]+)?: {NOT_AN_ID}$")


class Fate(StrEnum):
    """How far an operation came."""

    MALFORMED = "malformed"  # it is no GraphQL request
    UNPARSED = "unparsed"  # its document is not GraphQL
    UNEXECUTED = "unexecuted"  # its document, its name or its variables cannot be executed
    REFUSED = "refused"  # it could be, but not for this caller, not now or not this way
    EXECUTED = "executed"
    LATE = "late"  # its budget of time ran out
    BROKEN = "broken"  # by a bug of ours
    INTERRUPTED = "interrupted"  # its stream of events could not be opened, or failed


class Keeping(Struct, frozen=True, kw_only=True):
    """For how many seconds others may keep an answer, and how many of them have gone.

    `tag` stands for what it tells, or makes that for whoever wants to know.
    """

    lifetime: int
    age: int
    private: bool
    tag: str | Callable[[], str]

    @property
    def etag(self) -> str:
        """What stands for what is told."""
        return self.tag if isinstance(self.tag, str) else self.tag()


class Outcome(Struct, frozen=True, kw_only=True):
    """The answer to one operation.

    `data` is JSON, None where nothing was executed; it is `useful` where a root field has a value.
    `status` and `headers` are those an HTTP answer should have; without `status` the fate decides.
    `cursor` names the event of a subscription that this is the answer to, where its source does.
    `cached`: it was made for somebody else, and cost nothing. Without `keeping` nobody may keep it.
    `discarded` are objects that it had and does not tell; `objects` are those in its data but for
    the root, where they were counted.
    What streams make of it is `written` once for all who are told the same.
    """

    fate: Fate
    data: bytes | None = None
    useful: bool = False
    errors: Sequence[ErrorEntry] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict)
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cursor: str | None = None
    cached: bool = False
    discarded: int = 0
    objects: int | None = None
    keeping: Keeping | None = None
    written: dict[Hashable, bytes] = field(default_factory=dict)

    def but(self, **changes: Any) -> "Outcome":
        """The same with something else in it, of which nothing is written yet."""
        return structs.replace(self, **changes, written={})

    @property
    def kind(self) -> str:
        """What came of it, in a word; failed is what is not the caller's fault."""
        if not self.errors:
            return "complete"
        if self.useful:
            return "partial"
        return "failed" if any(map(is_ours, self.codes)) else "refused"

    @property
    def codes(self) -> list[str]:
        """The codes of its errors."""
        if not self.errors:
            return []
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


def only_by_post(kind: OperationType) -> Outcome:
    """For what changes something and came in a way that must not."""
    return refused(f"Send a {kind.value} by POST.", "BAD_REQUEST", 405, allow="POST")


def document_refused(refusal: DocumentRefused) -> Outcome:
    """For a document that is not executed, or not known."""
    if isinstance(refusal, MalformedDocumentRequest):
        return malformed(str(refusal))
    return refused(str(refusal), refusal.code, refusal.status)


def over_budget(refusal: BudgetExceeded) -> Outcome:
    """For what costs more points than its caller has now, or ever."""
    seconds = refusal.retry_after_seconds
    wait = {} if seconds is None else {"retry_after": str(seconds)}
    outcome = refused(str(refusal), refusal.code, 429 if wait else 400, **wait)
    if refusal.retry_after is not None:
        outcome.errors[0]["extensions"]["retryAfter"] = iso_duration(refusal.retry_after)
    return outcome.but(extensions={"cost": refusal.cost.told()})


def not_known(refusal: CredentialRefused | KeysUnavailable) -> Outcome:
    """For who could not prove who they are."""
    if isinstance(refusal, KeysUnavailable):
        return refused(str(refusal), refusal.code, 503, retry_after="5")
    challenge = 'Bearer error="invalid_token"'
    return refused(str(refusal), refusal.code, 401, www_authenticate=challenge)


def not_for(principal: Principal, message: str) -> Outcome:
    """For what this one may not ask; a guest may sign in first."""
    if principal.kind is PrincipalKind.GUEST:
        return refused(message, "UNAUTHENTICATED", 401, www_authenticate="Bearer")
    return refused(message, "FORBIDDEN", 403)


def late() -> Outcome:
    """For what took too long."""
    entry = request_error("The operation took longer than its budget.", "TIMEOUT")
    return Outcome(fate=Fate.LATE, errors=[entry])


def broken(bug: Exception) -> Outcome:
    """For what a bug of ours ended."""
    return Outcome(fate=Fate.BROKEN, errors=[masked(bug)])


def interrupted(raised: Iterable[GraphQLError], context: Context) -> Outcome:
    """For a subscription whose source failed."""
    return Outcome(fate=Fate.INTERRUPTED, errors=_errors(raised, context))


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
    raised: Sequence[GraphQLError],
    context: Context,
    *,
    introspection: bool,
    objects: int | None = None,
) -> Outcome:
    """For what was executed; without data and paths it was not, for its variables.

    `objects` are those in it, but for the root, where they were counted.
    """
    started = data is not None or any(error.path for error in raised)
    if not started and not introspection:
        raised = [_veiled(error) for error in raised]
    ages = freshness(context.inquiry.report, context.now)
    return Outcome(
        fate=Fate.EXECUTED if started else Fate.UNEXECUTED,
        data=orjson.dumps(data) if started else None,
        useful=data is not None and list(data.values()).count(None) < len(data),
        objects=objects,
        errors=_errors(raised, context),
        extensions={"freshness": ages} if ages else {},
    )


def _errors(raised: Iterable[GraphQLError], context: Context) -> Sequence[ErrorEntry]:
    if not raised and not context.notes and not context.inquiry.report.has_failed:
        return ()
    return [
        *entries(raised, before_execution=False),
        *note_entries(context.notes),
        *failure_entries(context.inquiry.report.failures),
    ]


def within(outcome: Outcome, most: int) -> Outcome:
    """The outcome, unless its data has more than `most` bytes: then it is told that it has."""
    if outcome.data is None or len(outcome.data) <= most:
        return outcome
    entry = too_large(len(outcome.data), most)
    discarded = objects_below_root(outcome.data)
    return outcome.but(objects=None, data=NULL, useful=False, errors=[entry], discarded=discarded)


def too_large(measured: int, most: int) -> ErrorEntry:
    """For an answer whose data has more than `most` bytes."""
    message = (
        f"The answer has {measured:,} bytes, the limit is {most:,}: ask for smaller pages"
        " (first), fewer keys or fewer fields."
    )
    entry = request_error(message, "ANSWER_TOO_LARGE")
    entry["extensions"] |= {"measured": measured, "limit": most}
    return entry


def _veiled(error: GraphQLError) -> GraphQLError:
    """The same error without the names of types and fields that its message may hold."""
    if (found := VARIABLE.match(error.message)) is None:
        return error
    told = f": {NOT_AN_ID}" if ID_VARIABLE.match(error.message) else "."
    return GraphQLError(f"Variable '${found['name']}' has an invalid value{told}", error.nodes)


def freshness(report: Report, now: datetime) -> list[dict[str, Any]]:
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
