"""What does a trace tell of an operation? Its name and a hash of its document, no variables."""

from collections.abc import Mapping

from opentelemetry import baggage
from opentelemetry.context import Context
from opentelemetry.propagate import extract
from opentelemetry.trace import Span, SpanKind

from app.api.errors import is_ours
from app.api.outcomes import Outcome
from app.engine.documents.asked import HASH_PREFIX, hash_of
from app.engine.gate import Admitted
from app.upstream.spans import (
    NOBODY_LISTENS,
    Attributes,
    Current,
    SpanBlock,
    failed,
    listened,
    tracer,
)

LONGEST_NAME = 100  # characters; a name is the caller's
NO_TRACE = Context()


def operation_span(admitted: Admitted, headers: Mapping[str, str] | None = None) -> SpanBlock:
    """A span around an operation (OpenTelemetry GraphQL server conventions).

    It goes on with the trace of the caller's `headers`; the caller's baggage is left behind, so
    that no upstream is told of it.
    """
    if not listened():
        return NOBODY_LISTENS
    kind = admitted.kind_name
    attributes: Attributes = {
        "graphql.operation.type": kind,
        "graphql.document.hash": HASH_PREFIX + hash_of(admitted.text),
        "tessera.cost": admitted.cost,
    }
    if admitted.name is not None:
        attributes["graphql.operation.name"] = admitted.name[:LONGEST_NAME]
    context = None if headers is None else _told_by(headers)
    ours = tracer("tessera.operation")
    span = ours.start_span(kind, context=context, kind=SpanKind.SERVER, attributes=attributes)
    return Current(span, context)


def conclude(span: Span, outcome: Outcome) -> None:
    """Tell a span what came of its operation: the codes of its errors, and whether it failed."""
    if not outcome.errors or not span.is_recording():
        return
    codes = outcome.codes
    span.set_attribute("tessera.error_codes", codes)
    if outcome.kind == "failed":
        failed(span, next(filter(is_ours, codes)))


def _told_by(headers: Mapping[str, str]) -> Context:
    """What headers tell of a trace, without any baggage; most tell nothing."""
    if not headers:
        return NO_TRACE
    return baggage.clear(extract(headers))
