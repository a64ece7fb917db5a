"""How does a connection call out? The one HTTP client, with every guard around it.

Order of the guards, outermost first: retry (safe calls, budgeted), throttle (an announced
Retry-After is kept), breaker, time limit, bulkhead and rate limit, size limit, error mapping.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from time import monotonic
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiolimiter import AsyncLimiter
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
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
from app.upstream.breaker import BreakerState
from app.upstream.deadline import time_left
from app.upstream.health import Health, OperationHealth
from app.upstream.retries import BACKOFF, RetryBudget

CHUNK = 65_536  # bytes read at a time, so that the size limit bites early
DEFAULT_RETRY_AFTER = timedelta(seconds=1)  # for a 429 that names no time
LONGEST_RETRY_AFTER = timedelta(minutes=5)
KEEP_ALIVE = 15.0  # seconds; below what common servers close after


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientPolicy:
    """Limits of one connection. `calls_per_second` None means no rate limit of our own."""

    timeout: timedelta = timedelta(seconds=2)
    concurrency: int = 16
    calls_per_second: float | None = None
    max_body: int = 8_000_000
    attempts: int = 2


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is sent, where its outcome is kept, and when (loop time) it is too late."""

    request: WireRequest
    operation: OperationHealth
    give_up_at: float


class GuardedHttp:
    """Implements `UpstreamHttp`. Use as an async context manager: it owns a connection pool."""

    def __init__(self, url: str, *, health: Health, policy: ClientPolicy | None = None) -> None:
        self._base = url if url.endswith("/") else f"{url}/"
        self._policy = policy or ClientPolicy()
        self._budget = RetryBudget()
        self._room = asyncio.Semaphore(self._policy.concurrency)
        rate = self._policy.calls_per_second
        self._rate = None if rate is None else AsyncLimiter(max(1.0, rate), max(1.0, 1 / rate))
        self._session: aiohttp.ClientSession | None = None
        self._sending: set[asyncio.Task[Any]] = set()
        self.health = health

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE),
            timeout=aiohttp.ClientTimeout(total=None),  # asyncio.timeout is the deadline
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=_proxy(URL(self._base)),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def send(self, request: WireRequest) -> WireResponse:
        """See `app.ports.UpstreamHttp`."""
        operation = self.health.operation(request.operation)
        self._budget.earn()
        limit = time_left(self._policy.timeout)
        attempt = Attempt(request, operation, asyncio.get_running_loop().time() + limit)
        try:
            async with asyncio.timeout_at(attempt.give_up_at):
                try:
                    return await self._tried(attempt)
                except UpstreamUnavailable as error:
                    if not self._worth_repeating(attempt, error):
                        raise
                    return await self._repeated(attempt, error)
        except TimeoutError as error:
            late = UpstreamUnavailable(f"did not answer {request.operation} within {limit:.1f} s")
            self.health.failed(late)
            raise late from error

    def _worth_repeating(self, attempt: Attempt, error: BaseException) -> bool:
        return (
            isinstance(error, UpstreamUnavailable)
            and attempt.request.safe
            and attempt.operation.breaker.state is not BreakerState.OPEN
            and self._budget.spend()
        )

    async def _repeated(self, attempt: Attempt, first: UpstreamUnavailable) -> WireResponse:
        """The attempts after the first, whose failure is replayed so that they are counted."""
        failures = [first]

        async def again() -> WireResponse:
            if failures:
                raise failures.pop()
            return await self._tried(attempt)

        def count(_state: RetryCallState) -> None:
            attempt.operation.retries += 1

        return await AsyncRetrying(
            stop=stop_after_attempt(self._policy.attempts),
            wait=BACKOFF,
            retry=retry_if_exception(
                lambda error: error is first or self._worth_repeating(attempt, error)
            ),
            before_sleep=count,
            reraise=True,
        )(again)

    async def _tried(self, attempt: Attempt) -> WireResponse:
        """One attempt, with its outcome told to the breaker."""
        self._keep_throttle()
        operation = attempt.operation
        operation.breaker.admit()
        sent = False
        try:
            async with self._room:
                await self._in_time(attempt)
                sent = True
                operation.calls += 1
                response = await self._exchange(attempt.request)
        except UpstreamUnavailable as error:
            operation.failures += 1
            operation.breaker.failed()
            self.health.failed(error)
            raise
        except UpstreamError as error:
            operation.failures += 1
            operation.breaker.succeeded()
            self.health.failed(error)
            raise
        except BaseException:
            # Out of time, or given up by the caller: the upstream's fault only if it was sent.
            if sent:
                operation.failures += 1
                operation.breaker.failed()
            else:
                operation.breaker.abandoned()
            raise
        operation.breaker.succeeded()
        self.health.succeeded()
        return response

    async def _in_time(self, attempt: Attempt) -> None:
        """Wait for the rate limit; too late to send is out of time."""
        if self._rate is not None:
            await self._rate.acquire()
        if asyncio.get_running_loop().time() >= attempt.give_up_at:
            raise TimeoutError

    def _keep_throttle(self) -> None:
        until = self.health.throttled_until
        if until is not None and (left := until - self.health.now()) > timedelta():
            raise UpstreamThrottled("asked us to wait before calling again", retry_after=left)

    async def _exchange(self, request: WireRequest) -> WireResponse:
        if self._session is None or self._session.closed:
            raise UpstreamUnavailable("is not called while the gateway is closing")
        task = asyncio.current_task()
        try:
            if task is not None:
                self._sending.add(task)
            async with self._session.request(
                request.method,
                self._target(request),
                headers=dict(request.headers),
                data=request.body,
                allow_redirects=False,
            ) as answer:
                body = await self._body(answer)
        except aiohttp.ClientResponseError as error:
            raise UpstreamBroken("answered something that is not HTTP") from error
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamUnavailable(f"could not be reached: {_kind(error)}") from error
        finally:
            if task is not None:
                self._sending.discard(task)
        return self._judged(request, answer, body)

    def _target(self, request: WireRequest) -> URL:
        query = f"?{urlencode(request.query)}" if request.query else ""
        return URL(f"{self._base}{request.path.lstrip('/')}{query}", encoded=True)

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        chunks, size = [], 0
        async for chunk in answer.content.iter_chunked(CHUNK):
            size += len(chunk)
            if size > self._policy.max_body:
                answer.close()
                raise UpstreamBroken(f"answered more than {self._policy.max_body:,} bytes")
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
            wait = _retry_after(headers.get("retry-after"), now=self.health.now())
            self.health.throttled_until = self.health.now() + wait
            raise UpstreamThrottled(said, retry_after=wait, status=status, body=body)
        if status >= 500:  # noqa: PLR2004  server error
            raise UpstreamUnavailable(said, status=status, body=body)
        if not 200 <= status < 300:  # noqa: PLR2004  success
            raise UpstreamRefused(said, status=status, body=body)
        date = _http_date(headers.get("date")) or self.health.now()
        return WireResponse(status=status, headers=headers, body=body, date=date)


def _kind(error: Exception) -> str:
    """What happened, without the address that the library's own text holds."""
    return type(error).__name__


def _proxy(url: URL) -> str | None:
    """The proxy the environment names for an address (`HTTPS_PROXY`, `NO_PROXY`), if any."""
    return None if proxy_bypass(url.host or "") else getproxies().get(url.scheme)


@lru_cache(maxsize=64)
def _http_date(value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def _retry_after(value: str | None, *, now: datetime) -> timedelta:
    """Seconds or an HTTP date (RFC 9110 section 10.2.3), within reason."""
    if value is None:
        return DEFAULT_RETRY_AFTER
    if value.strip().isdigit():
        wait = timedelta(seconds=min(int(value), int(LONGEST_RETRY_AFTER.total_seconds())))
    else:
        date = _http_date(value)
        wait = DEFAULT_RETRY_AFTER if date is None else date - now
    return min(max(wait, timedelta()), LONGEST_RETRY_AFTER)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_client(
    name: str,
    url: str,
    *,
    policy: ClientPolicy | None = None,
    now: Callable[[], datetime] = _utc_now,
    clock: Callable[[], float] = monotonic,
) -> AsyncIterator[GuardedHttp]:
    """A guarded client for one upstream, closed at the end of the block."""
    health = Health(connection=name, now=now, clock=clock)
    async with GuardedHttp(url, health=health, policy=policy) as http:
        yield http
