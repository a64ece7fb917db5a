"""Every upstream call is a span that tells what was asked, and nothing of what was said."""

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from app.errors import UpstreamUnauthorized, UpstreamUnavailable
from app.ports import WireRequest
from tests.upstream.test_client import asking, client, saying, serving, silent

EXPORTER = InMemorySpanExporter()


@pytest.fixture(scope="module", autouse=True)
def provider() -> None:
    """Set once: OpenTelemetry takes a provider for the life of a process."""
    tracing = TracerProvider()
    tracing.add_span_processor(SimpleSpanProcessor(EXPORTER))
    trace.set_tracer_provider(tracing)


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    EXPORTER.clear()
    yield
    EXPORTER.clear()


def told(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


async def test_a_call_is_a_client_span_and_the_trace_goes_on_in_the_upstream() -> None:
    async with serving(saying()) as server, client(server.url) as http:
        await http.send(
            WireRequest(
                operation="stock-levels",
                method="POST",
                path="levels",
                safe=True,
                query=[("customer", "ann@example.com")],
                headers={"authorization": "Bearer secret"},
                body=b"secret",
            )
        )

    [span] = EXPORTER.get_finished_spans()
    assert (span.name, span.kind) == ("till stock-levels", SpanKind.CLIENT)
    assert told(span) == {
        "tessera.connection": "till",
        "tessera.operation": "stock-levels",
        "http.request.method": "POST",
        "http.response.status_code": 200,
    }
    assert span.context is not None
    assert f"{span.context.trace_id:032x}".encode() in server.requests[0].lower()
    assert "secret" not in span.to_json()
    assert "127.0.0.1" not in span.to_json()


async def test_a_failed_call_says_how_and_nothing_more() -> None:
    async with serving(saying(401, b"secret")) as server, client(server.url) as http:
        with pytest.raises(UpstreamUnauthorized):
            await http.send(asking())

    [span] = EXPORTER.get_finished_spans()
    assert told(span)["error.type"] == "UPSTREAM_UNAUTHORIZED"
    assert told(span)["http.response.status_code"] == 401
    assert not span.status.is_ok
    assert span.events == ()
    assert "secret" not in span.to_json()


async def test_a_call_that_is_given_up_is_a_timeout() -> None:
    async with serving(silent) as server, client(server.url) as http:
        with pytest.raises(UpstreamUnavailable):
            await http.send(asking(safe=False))

    [span] = EXPORTER.get_finished_spans()
    assert told(span)["error.type"] == "timeout"
