"""What does a trace tell of an operation? Its name and a hash of its document, no variables."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256

from opentelemetry.trace import Span, SpanKind, get_tracer

from app.engine.gate import Admitted

tracer = get_tracer("tessera.operation")


@contextmanager
def operation_span(admitted: Admitted) -> Iterator[Span]:
    """A span around an operation (OpenTelemetry GraphQL server conventions)."""
    with tracer.start_as_current_span(
        f"{admitted.kind.value} {admitted.name or 'anonymous'}",
        kind=SpanKind.SERVER,
        record_exception=False,
    ) as span:
        if span.is_recording():
            span.set_attribute("graphql.operation.type", admitted.kind.value)
            span.set_attribute("graphql.operation.name", admitted.name or "")
            span.set_attribute("graphql.document.hash", f"sha256:{_hash(admitted.text)}")
            span.set_attribute("tessera.cost", admitted.cost)
        yield span


@lru_cache(maxsize=512)
def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
