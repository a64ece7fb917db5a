"""Where do spans go? To the collector the environment names (OpenTelemetry's own variables)."""

from collections.abc import Mapping
from importlib import import_module

from opentelemetry import trace

from app.errors import MisconfiguredError

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def configure(environ: Mapping[str, str]) -> None:
    """Export spans over OTLP/HTTP when an endpoint is named; otherwise record none.

    Sampling, headers and batching follow the `OTEL_…` variables of the specification.

    Raises:
        MisconfiguredError: the packages of the extra `tracing` are not installed.
    """
    if not any(environ.get(name) for name in ENDPOINTS):
        return
    try:
        recording = import_module("app.tracing.recording")
        batching = import_module("opentelemetry.sdk.trace.export")
        resources = import_module("opentelemetry.sdk.resources")
        otlp = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError as error:
        raise MisconfiguredError(
            f"{ENDPOINTS[1]} is set, but spans need the extra packages: install tessera[tracing]"
        ) from error
    named = {"service.name": environ.get("OTEL_SERVICE_NAME", "tessera")}
    provider = recording.Provider(resource=resources.Resource.create(named))
    provider.add_span_processor(batching.BatchSpanProcessor(otlp.OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
