"""An operation is a server span that tells its name, and no value that was sent or answered."""

import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256

import pytest
from graphql import OperationDefinitionNode, parse
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from app.api.tracing import LONGEST_NAME, conclude, operation_span
from app.engine.gate import Admitted
from app.upstream.spans import carried
from tests.builders import an_outcome
from tests.gateways import sandbox_gateway
from tests.spans import recorder, told

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    recorder().clear()
    yield recorder()
    recorder().clear()


def admitted(text: str) -> Admitted:
    document = parse(text)
    [operation] = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    return Admitted.of(text, document, operation, 7)


def test_a_span_has_the_names_of_the_convention(spans: InMemorySpanExporter) -> None:
    text = 'query Find { product(handle: "secret") { name } }'

    with operation_span(admitted(text)):
        pass

    [span] = spans.get_finished_spans()
    assert (span.name, span.kind) == ("query", SpanKind.SERVER)
    assert told(span) == {
        "graphql.operation.type": "query",
        "graphql.operation.name": "Find",
        "graphql.document.hash": f"sha256:{sha256(text.encode()).hexdigest()}",
        "tessera.cost": 7,
    }
    assert span.status.status_code is StatusCode.UNSET


def test_a_name_is_told_if_there_is_one_and_cut_if_it_is_long(spans: InMemorySpanExporter) -> None:
    for text in ("{ a }", f"query {'x' * 5_000} {{ a }}"):
        with operation_span(admitted(text)):
            pass

    names = [told(span).get("graphql.operation.name") for span in spans.get_finished_spans()]
    assert names == [None, "x" * LONGEST_NAME]


def test_it_goes_on_with_the_trace_of_the_caller_without_its_baggage(
    spans: InMemorySpanExporter,
) -> None:
    given = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "baggage": "user=ann"}

    with operation_span(admitted("{ a }"), given):
        passed_on = carried({"accept": "*/*"})

    [span] = spans.get_finished_spans()
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == TRACE
    assert passed_on == {
        "accept": "*/*",
        "traceparent": f"00-{TRACE}-{span.context.span_id:016x}-01",
    }


def test_headers_that_are_no_trace_begin_a_new_one(spans: InMemorySpanExporter) -> None:
    with operation_span(admitted("{ a }"), {"traceparent": "rubbish"}):
        pass

    [span] = spans.get_finished_spans()
    assert span.parent is None


@pytest.mark.parametrize(
    ("codes", "data", "kind"),
    [
        ([], {"a": 1}, None),
        ([], {"a": None}, None),
        (["BAD_USER_INPUT"], None, None),
        (["UPSTREAM_UNAVAILABLE"], {"a": None, "b": 1}, None),
        (["UPSTREAM_UNAVAILABLE"], {"a": None}, "UPSTREAM_UNAVAILABLE"),
        (["BAD_USER_INPUT", "INTERNAL"], None, "INTERNAL"),
        (["TIMEOUT"], None, "TIMEOUT"),
    ],
)
def test_it_has_failed_without_data_through_no_fault_of_the_caller(
    spans: InMemorySpanExporter,
    codes: list[str],
    data: dict[str, object] | None,
    kind: str | None,
) -> None:
    with operation_span(admitted("{ a b }")) as span:
        conclude(span, an_outcome(codes, data))

    [ended] = spans.get_finished_spans()
    expected = StatusCode.UNSET if kind is None else StatusCode.ERROR
    assert (ended.status.status_code, ended.status.description) == (expected, None)
    assert told(ended).get("error.type") == kind
    assert told(ended).get("tessera.error_codes") == (tuple(codes) or None)


async def test_a_whole_trace_holds_no_variables_literals_or_addresses(
    spans: InMemorySpanExporter,
) -> None:
    async with sandbox_gateway() as sandbox:
        spans.clear()
        await sandbox.ask(
            "query Look($handle: String!) { product(handle: $handle) { name }"
            ' products(first: 2, search: "jacket") { edges { node { name } } } }',
            handle="amalfi-down-jacket",
        )

    found = spans.get_finished_spans()
    assert {span.kind for span in found} == {SpanKind.SERVER, SpanKind.CLIENT}
    assert len({span.context.trace_id for span in found if span.context}) == 1
    assert all(_tells_nothing(span) for span in found)


def _tells_nothing(span: ReadableSpan) -> bool:
    return not any(
        word in span.to_json() for word in ("jacket", "127.0.0.1", "http://", "product(")
    )


ALONE = """
from graphql import parse
from app.api.tracing import conclude, operation_span
from app.engine.gate import Admitted
from app.upstream.spans import NOBODY_LISTENS, carried
from tests.builders import an_outcome
document = parse("{ a }")
admitted = Admitted.of("{ a }", document, document.definitions[0], 1)
block = operation_span(admitted, {"traceparent": "x"})
assert block is NOBODY_LISTENS
with block as span:
    conclude(span, an_outcome(["INTERNAL"], None))
    assert carried({"a": "b"}) == {"a": "b"}
"""


def test_while_nobody_listens_there_is_no_span_at_all() -> None:
    subprocess.run([sys.executable, "-c", ALONE], check=True, timeout=60)  # noqa: S603  our own text
