"""What came of one HTTP request? An answer read whole, or one of our errors; and a span of it."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from app.errors import (
    UpstreamBroken,
    UpstreamError,
    UpstreamRefused,
    UpstreamThrottled,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from app.ports import WireRequest, WireResponse
from app.upstream.headers import http_date, proxy_for, retry_after
from app.upstream.health import Health
from app.upstream.spans import call_span, carried, failed

CHUNK = 65_536  # bytes read at a time, so that the size limit bites early
AGAIN = frozenset({408, 425})  # Request Timeout, Too Early: RFC 9110, 15.5.9; RFC 8470, 5.2
KEEP_ALIVE = 15.0  # seconds; below what common servers close after


class Exchange:
    """Sends requests to one address over one connection pool, which it owns while it is open."""

    def __init__(self, url: str, *, health: Health, max_body: int) -> None:
        self._base = url if url.endswith("/") else f"{url}/"
        self._health = health
        self._max_body = max_body
        self._session: aiohttp.ClientSession | None = None
        self._sending: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE),
            timeout=aiohttp.ClientTimeout(total=None),  # asyncio.timeout is the deadline
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=proxy_for(URL(self._base)),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what is still being sent, then the pool."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def send(self, request: WireRequest, *, resent: int) -> WireResponse:
        """One request and its answer; it was sent `resent` times before."""
        with call_span(self._health.connection, request, resent=resent) as span:
            try:
                response = await self._answered(request)
            except UpstreamError as error:
                if error.status is not None:
                    span.set_attribute("http.response.status_code", error.status)
                failed(span, error.code)
                raise
            except asyncio.CancelledError:
                failed(span, "timeout")
                raise
            span.set_attribute("http.response.status_code", response.status)
            return response

    async def _answered(self, request: WireRequest) -> WireResponse:
        if self._session is None or self._session.closed:
            raise UpstreamUnavailable("is not called while the gateway is closing")
        task = asyncio.current_task()
        try:
            if task is not None:
                self._sending.add(task)
            async with self._session.request(
                request.method,
                self._target(request),
                headers=carried(request.headers),
                data=request.body,
                allow_redirects=False,
            ) as answer:
                body = await self._body(answer)
        except aiohttp.ClientResponseError as error:
            raise UpstreamBroken("answered something that is not HTTP") from error
        except (aiohttp.ClientError, OSError) as error:
            # The library's own text holds the address.
            reason = f"could not be reached: {type(error).__name__}"
            raise UpstreamUnavailable(reason) from error
        finally:
            if task is not None:
                self._sending.discard(task)
        return self._judged(request, answer, body)

    def _target(self, request: WireRequest) -> URL:
        query = f"?{urlencode(request.query)}" if request.query else ""
        base = self._base if request.base is None else f"{request.base.rstrip('/')}/"
        return URL(f"{base}{request.path.lstrip('/')}{query}", encoded=True)

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        chunks, size = [], 0
        async for chunk in answer.content.iter_chunked(CHUNK):
            size += len(chunk)
            if size > self._max_body:
                answer.close()
                raise UpstreamBroken(f"answered more than {self._max_body:,} bytes")
            chunks.append(chunk)
        return b"".join(chunks)

    def _judged(
        self, request: WireRequest, answer: aiohttp.ClientResponse, body: bytes
    ) -> WireResponse:
        status, said = answer.status, f"answered {request.operation} with {answer.status}"
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if status in {401, 403}:
            raise UpstreamUnauthorized(said, status=status, body=body)
        if status == 429:  # noqa: PLR2004  Too Many Requests, RFC 6585
            wait = self._told_to_wait(headers)
            raise UpstreamThrottled(said, retry_after=wait, status=status, body=body)
        if status == 503 and "retry-after" in headers:  # noqa: PLR2004  RFC 9110, 10.2.3
            self._told_to_wait(headers)
        if status >= 500 or status in AGAIN:  # noqa: PLR2004  server error
            raise UpstreamUnavailable(said, status=status, body=body)
        if not 200 <= status < 300:  # noqa: PLR2004  success
            raise UpstreamRefused(said, status=status, body=body)
        date = http_date(headers.get("date")) or self._health.now()
        return WireResponse(status=status, headers=headers, body=body, date=date)

    def _told_to_wait(self, headers: Mapping[str, str]) -> timedelta:
        """How long nobody is to call; what was announced before is not shortened."""
        now = self._health.now()
        until = now + retry_after(headers.get("retry-after"), now=now)
        self._health.throttled_until = max(until, self._health.throttled_until or until)
        return self._health.wait
