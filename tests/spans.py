"""Spans that a test can read. OpenTelemetry takes a provider for the life of a process."""

from functools import cache

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.tracing.recording import Provider


@cache
def recorder() -> InMemorySpanExporter:
    """What this process has recorded, from the first call on."""
    exporter = InMemorySpanExporter()
    tracing = Provider()
    tracing.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(tracing)
    return exporter


def told(span: ReadableSpan) -> dict[str, object]:
    """The attributes of a span."""
    return dict(span.attributes or {})
