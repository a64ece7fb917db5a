"""How is a span of ours recorded, at a fraction of what OpenTelemetry's own takes?

What is told of an operation is plain (texts, numbers, lists of them) and told by one task: nothing
has to be cleaned value by value, or locked. Sampling, limits, resource, processors and export are
OpenTelemetry's, and so are the spans of others. Needs the extra packages of `tracing`.
"""

from collections.abc import Mapping, Sequence
from time import time_ns
from typing import Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace import Tracer as LibraryTracer
from opentelemetry.sdk.trace.sampling import DEFAULT_ON, Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    get_current_span,
)
from opentelemetry.util.types import AnyValue, Attributes

OURS = "tessera."  # how the names of our tracers begin
UNSET = Status()
FLAGS = {flags: TraceFlags(flags) for flags in range(4)}  # those there are: sampled, random
_USUAL: Any = DEFAULT_ON
ALWAYS = _USUAL.get_description()  # of a sampler that takes whatever begins here


class Provider(TracerProvider):
    """OpenTelemetry's provider, but for what gives our own spans."""

    def __init__(self, resource: Resource | None = None) -> None:
        self._limits = SpanLimits()
        super().__init__(resource=resource, span_limits=self._limits)

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> Tracer:
        """A tracer by the name of who uses it."""
        name, version = instrumenting_module_name, instrumenting_library_version
        given = super().get_tracer(name, version, schema_url, attributes)
        if not name.startswith(OURS) or not isinstance(given, LibraryTracer):
            return given
        scope = InstrumentationScope(name, version or "", schema_url, attributes)
        return _OurTracer(given, scope, self._limits)


class _OurTracer(Tracer):
    """Begins spans; the rare ones, with links or a time of their own, are the library's."""

    def __init__(
        self, library: LibraryTracer, scope: InstrumentationScope, limits: SpanLimits
    ) -> None:
        self.library = library
        self.scope = scope
        self.limits = limits
        sampler: Any = library.sampler
        self._always = sampler.get_description() == ALWAYS
        self._random: int = TraceFlags.RANDOM_TRACE_ID * library.id_generator.is_trace_id_random()

    def start_as_current_span(self, *arguments: Any, **options: Any) -> Any:
        """One of the library's."""
        return self.library.start_as_current_span(*arguments, **options)

    def start_span(  # noqa: PLR0913, PLR0917  as OpenTelemetry has it
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: FBT001, FBT002  as above
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002  as above
    ) -> Span:
        """A span that has begun, if it is sampled."""
        if links or start_time is not None:
            return self.library.start_span(
                name,
                context,
                kind,
                attributes,
                links,
                start_time,
                record_exception,
                set_status_on_exception,
            )
        return self._begun(name, context, kind, attributes)

    def _begun(
        self, name: str, context: Context | None, kind: SpanKind, attributes: Attributes
    ) -> Span:
        ids = self.library.id_generator
        above: SpanContext | None = None
        if context is None or context:  # an empty one tells of none
            above = get_current_span(context).get_span_context()
        if above is None or not above.is_valid:
            above, trace_id, flags = None, ids.generate_trace_id(), self._random
        else:
            trace_id, flags = above.trace_id, above.trace_flags & TraceFlags.RANDOM_TRACE_ID
        decision, told, state = Decision.RECORD_AND_SAMPLE, attributes, None
        if above is not None or not self._always:
            sampler = self.library.sampler
            sampled = sampler.should_sample(context, trace_id, name, kind, attributes)
            decision, told, state = sampled.decision, sampled.attributes, sampled.trace_state
        if decision is Decision.RECORD_AND_SAMPLE:
            flags |= TraceFlags.SAMPLED
        own = SpanContext(
            trace_id,
            ids.generate_span_id(),
            is_remote=False,
            trace_flags=FLAGS.get(flags) or TraceFlags(flags),
            trace_state=state,
        )
        if decision is Decision.DROP:
            return NonRecordingSpan(own)
        span = _OurSpan(self, name, kind, own, above, dict(told or {}))
        self.library.span_processor.on_start(span, parent_context=context)  # type: ignore[arg-type]
        return span


class _OurSpan(ReadableSpan, Span):
    """A span that one task tells what it knows, until it ends; then it is read as it is."""

    _events: tuple[Event, ...] = ()
    _links = ()
    _status = UNSET
    _instrumentation_info = None
    _end_time: int | None = None

    def __init__(
        self,
        tracer: _OurTracer,
        name: str,
        kind: SpanKind,
        context: SpanContext,
        above: SpanContext | None,
        attributes: dict[str, Any],
    ) -> None:
        self._limits = tracer.limits
        self._processor = tracer.library.span_processor
        self._resource = tracer.library.resource
        self._instrumentation_scope = tracer.scope
        self._name = name
        self._kind = kind
        self._context: SpanContext = context
        self._parent = above
        self._attributes: Any = attributes
        self._start_time = time_ns()

    def get_span_context(self) -> SpanContext:
        """What others need to know to go on with it."""
        return self._context

    def is_recording(self) -> bool:
        """Whether it has not ended."""
        return self._end_time is None

    def set_attributes(self, attributes: Mapping[str, AnyValue]) -> None:
        """Tell several things."""
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def set_attribute(self, key: str, value: AnyValue) -> None:
        """Tell one thing; of a list, what is in it now."""
        if self._end_time is None:
            self._attributes[key] = tuple(value) if isinstance(value, list) else value

    def add_event(
        self, name: str, attributes: Attributes = None, timestamp: int | None = None
    ) -> None:
        """Tell that something happened meanwhile."""
        if self._end_time is None:
            self._events += (Event(name, attributes, timestamp),)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: FBT001, FBT002  as OpenTelemetry has it
    ) -> None:
        """Tell what kind of exception was raised; its text may be personal."""
        del escaped
        told = {**(attributes or {}), "exception.type": type(exception).__name__}
        self.add_event("exception", told, timestamp)

    def update_name(self, name: str) -> None:
        """Call it something else."""
        if self._end_time is None:
            self._name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Say how it went; nothing changes what went well, or unsays what did not."""
        given = status if isinstance(status, Status) else Status(status, description)
        if (
            self._end_time is not None
            or self._status.status_code is StatusCode.OK
            or given.is_unset
        ):
            return
        self._status = given

    def end(self, end_time: int | None = None) -> None:
        """It is over, and handed on."""
        if self._end_time is not None:
            return
        self._end_time = time_ns() if end_time is None else end_time
        told, most = self._attributes, self._limits.max_span_attributes
        longest = self._limits.max_span_attribute_length
        if longest is not None or (most is not None and len(told) > most):
            self._attributes = BoundedAttributes(most, told, max_value_len=longest)
        self._processor.on_end(self)
