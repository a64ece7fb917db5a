"""Every upstream call is a span that tells what was asked, and nothing of what was said."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from app.errors import UpstreamUnauthorized, UpstreamUnavailable
from app.ports import WireRequest
from app.upstream.retries import CALLS_PER_RETRY
from app.upstream.spans import call_span
from tests.spans import recorder, told
from tests.upstream.test_client import asking, client, saying, serving, silent


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    recorder().clear()
    yield recorder()
    recorder().clear()


async def test_a_call_is_a_client_span_and_the_trace_goes_on_in_the_upstream(
    spans: InMemorySpanExporter,
) -> None:
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

    [span] = spans.get_finished_spans()
    assert (span.name, span.kind) == ("POST stock-levels", SpanKind.CLIENT)
    assert told(span) == {
        "service.peer.name": "till",
        "tessera.operation": "stock-levels",
        "http.request.method": "POST",
        "http.response.status_code": 200,
    }
    assert span.status.status_code is StatusCode.UNSET
    assert span.context is not None
    assert f"{span.context.trace_id:032x}".encode() in server.requests[0].lower()
    assert "secret" not in span.to_json()
    assert "127.0.0.1" not in span.to_json()


async def test_a_failed_call_says_how_and_nothing_more(spans: InMemorySpanExporter) -> None:
    async with serving(saying(401, b"secret")) as server, client(server.url) as http:
        with pytest.raises(UpstreamUnauthorized):
            await http.send(asking())

    [span] = spans.get_finished_spans()
    assert told(span)["error.type"] == "UPSTREAM_UNAUTHORIZED"
    assert told(span)["http.response.status_code"] == 401
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert span.events == ()
    assert "secret" not in span.to_json()


async def test_a_call_that_is_given_up_is_a_timeout(spans: InMemorySpanExporter) -> None:
    hasty = timedelta(seconds=1.5)
    async with serving(silent) as server, client(server.url, timeout=hasty) as http:
        with pytest.raises(UpstreamUnavailable):
            await http.send(asking(safe=False))

    [span] = spans.get_finished_spans()
    assert told(span)["error.type"] == "timeout"


async def test_a_call_that_is_repeated_says_which_time_it_is(spans: InMemorySpanExporter) -> None:
    earning = [saying()] * CALLS_PER_RETRY
    async with (
        serving(*earning, saying(503), saying()) as server,
        client(server.url) as http,
    ):
        for _ in range(CALLS_PER_RETRY + 1):
            await http.send(asking())

    ended = spans.get_finished_spans()
    resent = [told(span).get("http.request.resend_count") for span in ended]
    assert resent == [None] * (CALLS_PER_RETRY + 1) + [1]


def test_of_a_bug_the_kind_is_told_and_not_the_text(spans: InMemorySpanExporter) -> None:
    call = WireRequest(operation="stock", method="GET", path="secret", safe=True)

    with pytest.raises(KeyError), call_span("till", call, resent=0):
        raise KeyError("secret")

    [span] = spans.get_finished_spans()
    assert told(span)["error.type"] == "KeyError"
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert span.events == ()
    assert "secret" not in span.to_json()
