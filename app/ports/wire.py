"""The wire: the guarded HTTP client every connection is handed, and what it is wired with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from app.values import LocationCode


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """One HTTP call to the upstream.

    `operation` is a short constant name (`stock-levels`): breaker, statistics and logs are kept by
    it. `path` is relative to the connection's `url`. `safe` says that repeating the call has no
    effect, so that the client may retry it; a POST that only reads is safe. `base` is another
    address of the same vendor's, from the settings, such as one that hands out tokens.
    """

    operation: str
    method: str
    path: str
    safe: bool
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WireResponse:
    """A 2xx answer, read to its end.

    Header names are lower case. `date` is the vendor's clock (the `Date` header), else our own.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    date: datetime


class UpstreamHttp(Protocol):
    """The client a connection is handed. Guards sit inside; connectors never retry."""

    async def send(self, request: WireRequest) -> WireResponse:
        """Answer with a 2xx, or raise.

        Raises:
            UpstreamUnavailable: timeout, refused or cut connection, 5xx, 408, 425, open breaker.
            UpstreamThrottled: 429, or a call before the time that a 429 or a 503 announced.
            UpstreamUnauthorized: 401 or 403.
            UpstreamRefused: any other 3xx or 4xx; `status` and `body` hold the answer.
            UpstreamBroken: not HTTP, or a body above the size limit.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What a connection is built from, besides its settings.

    `locations` maps our location codes to the vendor's own names or ids; a vendor location that is
    not in it keeps its own name as code. `now` is the clock.
    """

    name: str
    http: UpstreamHttp
    now: Callable[[], datetime]
    locations: Mapping[LocationCode, str] = field(default_factory=dict)
