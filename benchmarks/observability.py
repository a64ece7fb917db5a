"""What do the metrics and spans of one operation cost? CPU time, tracing off and on."""

import asyncio
import gc
from collections.abc import Callable, Sequence
from statistics import median
from time import process_time_ns

from graphql import OperationDefinitionNode, parse
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from app.api.metrics import Metrics
from app.api.tracing import operation_span
from app.engine.gate import Admitted
from app.ports import WireRequest
from app.tracing.recording import Provider
from app.upstream.spans import call_span, carried

ROUNDS, TIMES = 41, 2_000
TEXT = "query Listing { products(first: 24) { edges { node { name } } } }"
CALL = WireRequest(operation="products", method="POST", path="graphql", safe=True)


class Nowhere(SpanExporter):
    """Takes spans and drops them."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002
        """Drop them."""
        return SpanExportResult.SUCCESS


async def main() -> None:
    """Tracing is switched on once, for the life of a process: so it is measured last.

    Spans are exported nowhere.
    """
    print("What observing one operation costs (CPU, median)\n")
    metrics, admitted = Metrics(dict, counts={}), _admitted()

    def counted() -> None:
        metrics.answered("Listing", kind="query", outcome="complete", seconds=0.02)

    def spanned() -> None:
        with operation_span(admitted):
            pass

    def called() -> None:
        with call_span("shop", CALL, resent=0) as span:
            carried(CALL.headers)
            span.set_attribute("http.response.status_code", 200)

    _print("metrics of an operation", counted)
    _print("its span, tracing off", spanned)
    _print("span of an upstream call, tracing off", called)
    provider = Provider()
    provider.add_span_processor(SimpleSpanProcessor(Nowhere()))
    trace.set_tracer_provider(provider)
    _print("its span, tracing on", spanned)
    _print("span of an upstream call, tracing on", called)
    provider.shutdown()
    print()


def _admitted() -> Admitted:
    document = parse(TEXT)
    [operation] = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    return Admitted.of(TEXT, document, operation, 96)


def _print(name: str, act: Callable[[], None]) -> None:
    print(f"  {name:38} {_microseconds(act):6.2f} µs")


def _microseconds(act: Callable[[], None]) -> float:
    def once() -> float:
        begun = process_time_ns()
        for _ in range(TIMES):
            act()
        return (process_time_ns() - begun) / TIMES / 1_000

    act()
    gc.collect()
    return median(once() for _ in range(ROUNDS))


if __name__ == "__main__":
    asyncio.run(main())
