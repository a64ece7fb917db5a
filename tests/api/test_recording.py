"""Our spans tell what OpenTelemetry's own would, by its settings."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace import Span as LibrarySpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, Tracer

from app.tracing.recording import Provider

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
RESOURCE = Resource({"service.name": "shop"})
Act = Callable[[Tracer], Any]


def recorded(provider: TracerProvider, act: Act, name: str = "tessera.test") -> list[ReadableSpan]:
    """The spans that a tracer of that name has ended."""
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    act(provider.get_tracer(name))
    return list(exporter.get_finished_spans())


def told(span: ReadableSpan) -> dict[str, Any]:
    """All of a span but its times and what is drawn by lot."""
    seen: dict[str, Any] = json.loads(span.to_json())
    assert seen.pop("start_time") <= seen.pop("end_time")
    del seen["context"]["span_id"]
    if seen["parent_id"] is None:
        del seen["context"]["trace_id"]
    scope = span.instrumentation_scope
    dropped = span.dropped_attributes, span.dropped_events, span.dropped_links
    return {**seen, "scope": scope and scope.to_json(), "dropped": dropped}


def given(flags: str) -> Context:
    """What a caller tells of its trace."""
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-{flags}", "tracestate": "a=b"}
    return extract(headers)


def plain(tracer: Tracer) -> None:
    span = tracer.start_span("query", kind=SpanKind.SERVER, attributes={"a": "b", "n": 7})
    span.set_attribute("codes", ["X", "Y"])
    span.set_attributes({"more": True})
    span.end()


def failing(tracer: Tracer) -> None:
    span = tracer.start_span("query")
    span.set_attribute("error.type", "INTERNAL")
    span.set_status(StatusCode.ERROR)
    span.set_status(StatusCode.UNSET)
    span.end()


def well(tracer: Tracer) -> None:
    span = tracer.start_span("query")
    span.set_status(Status(StatusCode.OK))
    span.set_status(StatusCode.ERROR)
    span.end()


def renamed(tracer: Tracer) -> None:
    span = tracer.start_span("query")
    span.update_name("mutation")
    span.add_event("seen", {"n": 1}, timestamp=5)
    span.end()


def below(tracer: Tracer) -> None:
    tracer.start_span("query", context=given("01")).end()


def linked(tracer: Tracer) -> None:
    context = tracer.start_span("other").get_span_context()
    tracer.start_span("query", links=[Link(context)]).end()


def after_its_end(tracer: Tracer) -> None:
    span = tracer.start_span("query", attributes={"a": 1})
    span.end()
    span.set_attribute("a", 2)
    span.set_status(StatusCode.ERROR)
    span.update_name("late")
    span.add_event("late")
    assert not span.is_recording()
    span.end()


@pytest.mark.parametrize("act", [plain, failing, well, renamed, below, after_its_end])
def test_a_span_of_ours_tells_what_the_librarys_would(act: Act) -> None:
    ours = recorded(Provider(RESOURCE), act)
    theirs = recorded(TracerProvider(resource=RESOURCE), act)

    assert [told(span) for span in ours] == [told(span) for span in theirs]
    assert len(ours) == 1


def test_links_and_tracers_of_others_are_left_to_the_library() -> None:
    [span] = recorded(Provider(), linked)
    assert len(span.links) == 1

    begun: list[Span] = []
    recorded(Provider(), lambda tracer: begun.append(tracer.start_span("x")), name="redis")
    assert isinstance(begun[0], LibrarySpan)


@pytest.mark.parametrize(
    ("sampler", "context", "sampled"),
    [
        (None, Context(), True),
        (None, given("01"), True),
        (None, given("00"), False),
        ("always_off", Context(), False),
        ("parentbased_always_off", Context(), False),
        ("parentbased_always_off", given("01"), True),
        ("always_on", given("00"), True),
    ],
)
def test_who_is_sampled_is_decided_as_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, sampler: str | None, context: Context, *, sampled: bool
) -> None:
    if sampler is None:
        monkeypatch.delenv("OTEL_TRACES_SAMPLER", raising=False)
    else:
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    contexts = []
    for provider in (Provider(), TracerProvider()):
        begun: list[Span] = []
        found = recorded(provider, lambda t, b=begun: b.append(t.start_span("q", context)))  # type: ignore[misc]
        begun[0].end()
        assert not found
        contexts.append(begun[0].get_span_context())

    ours, theirs = contexts
    assert (ours.trace_flags, ours.trace_state) == (theirs.trace_flags, theirs.trace_state)
    assert ours.trace_flags.sampled is sampled
    assert (f"{ours.trace_id:032x}" == TRACE) is bool(context)
    assert ours.is_valid


def test_what_is_told_is_within_the_limits_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "2")
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "3")
    act = lambda tracer: tracer.start_span("q", attributes=dict.fromkeys("abcde", "long")).end()  # noqa: E731

    [ours], [theirs] = recorded(Provider(), act), recorded(TracerProvider(), act)

    assert told(ours) == told(theirs)
    assert (dict(ours.attributes or {}), ours.dropped_attributes) == (
        dict.fromkeys("cde", "lo"),
        2,
    )


def test_of_what_was_raised_a_span_tells_the_kind_alone() -> None:
    def act(tracer: Tracer) -> None:
        span = tracer.start_span("query")
        span.record_exception(ValueError("ann@example.org"))
        span.end()

    [span] = recorded(Provider(), act)
    assert [dict(event.attributes or {}) for event in span.events] == [
        {"exception.type": "ValueError"}
    ]


def test_what_waits_to_be_exported_goes_out_at_the_end() -> None:
    exporter, provider = InMemorySpanExporter(), Provider()
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=3_600_000))
    tracer = provider.get_tracer("tessera.test")
    for number in range(20):
        tracer.start_span("query", attributes={"n": number}).end()
    assert not exporter.get_finished_spans()

    provider.shutdown()

    numbers = [dict(span.attributes or {})["n"] for span in exporter.get_finished_spans()]
    assert numbers == list(range(20))
