"""How is work told as a span, at no cost while nobody listens?

Spans follow OpenTelemetry's semantic conventions (1.44), but for addresses: none is told.
"""

from collections.abc import Mapping
from contextvars import Token
from functools import cache
from types import TracebackType

from opentelemetry import trace as opentelemetry
from opentelemetry.context import Context, attach, detach
from opentelemetry.propagate import inject
from opentelemetry.trace import (
    INVALID_SPAN,
    ProxyTracerProvider,
    Span,
    SpanKind,
    StatusCode,
    get_current_span,
    get_tracer,
    get_tracer_provider,
    set_span_in_context,
)

from app.errors import UpstreamError
from app.ports import WireRequest

Attributes = dict[str, str | int]
tracer = cache(get_tracer)  # of a name; for who knows that somebody listens
_named = not isinstance(get_tracer_provider(), ProxyTracerProvider)  # by the environment


def listened() -> bool:
    """Whether the process has been told where spans go; every operation and call asks."""
    return _named or opentelemetry._TRACER_PROVIDER is not None  # noqa: SLF001  the public way reads the environment anew


class SpanBlock:
    """A block of what nobody listens to; others do something in it.

    It may be entered in one go, or be `current` for what comes next and be `over` later, which is
    told of it as it were then. Both at once would end it twice.
    """

    __slots__ = ()

    def __enter__(self) -> Span:
        return self.current()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """It is over."""

    @property
    def span(self) -> Span:
        """The span."""
        return INVALID_SPAN

    def current(self) -> Span:
        """Let all that comes next in this context be part of it."""
        return INVALID_SPAN

    def over(self, at: int) -> None:
        """It ended, at that time in nanoseconds since 1970."""


NOBODY_LISTENS = SpanBlock()


class Current(SpanBlock):
    """A block with a span that is current in it; of what is raised, the span tells the kind."""

    __slots__ = ("_context", "_span", "_token")

    def __init__(self, span: Span, context: Context | None = None) -> None:
        """Without a `context` it is that in which the block is entered."""
        self._span = span
        self._context = context
        self._token: Token[Context] | None = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._token is not None:
            detach(self._token)
        if isinstance(error, Exception) and not isinstance(error, UpstreamError):
            failed(self._span, type(error).__name__)  # an upstream's has been told by its code
        self._span.end()

    @property
    def span(self) -> Span:
        """As above."""
        return self._span

    def current(self) -> Span:
        """As above."""
        self._token = attach(set_span_in_context(self._span, self._context))
        return self._span

    def over(self, at: int) -> None:
        """As above."""
        self._span.end(at)


def call_span(connection: str, request: WireRequest, *, resent: int) -> SpanBlock:
    """A span around one request to an upstream, which was sent `resent` times before.

    It holds neither the address nor anything that is sent or answered.
    """
    if not listened():
        return NOBODY_LISTENS
    attributes: Attributes = {
        "http.request.method": request.method,
        "service.peer.name": connection,
        "tessera.operation": request.operation,
    }
    if resent:
        attributes["http.request.resend_count"] = resent
    name = f"{request.method} {request.operation}"
    span = tracer("tessera.upstream").start_span(name, kind=SpanKind.CLIENT, attributes=attributes)
    return Current(span)


def failed(span: Span, kind: str) -> None:
    """Say that what the span tells of has failed, and how."""
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)


def carried(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers, with the current trace: it goes on in the upstream, where one is kept."""
    carrier = dict(headers)
    if get_current_span().get_span_context().is_valid:
        inject(carrier)
    return carrier
