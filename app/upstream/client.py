"""How does a connection call out? The one HTTP client, with every guard around it.

Order of the guards, outermost first: retry (safe calls, budgeted), throttle (an announced
Retry-After is kept), breaker, time limit, bulkhead and rate limit, size limit, error mapping.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from time import monotonic
from types import TracebackType
from typing import Self

from aiolimiter import AsyncLimiter
from tenacity import AsyncRetrying, RetryCallState

from app.errors import UpstreamError, UpstreamThrottled, UpstreamUnavailable
from app.ports import WireRequest, WireResponse
from app.upstream.breaker import BreakerState
from app.upstream.deadline import time_left
from app.upstream.exchange import Exchange
from app.upstream.health import Health, OperationHealth
from app.upstream.retries import BACKOFF, RetryBudget


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
        self._policy = policy or ClientPolicy()
        self._exchange = Exchange(url, health=health, max_body=self._policy.max_body)
        self._budget = RetryBudget()
        self._room = asyncio.Semaphore(self._policy.concurrency)
        rate = self._policy.calls_per_second
        self._rate = None if rate is None else AsyncLimiter(max(1.0, rate), max(1.0, 1 / rate))
        self.health = health

    async def __aenter__(self) -> Self:
        await self._exchange.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._exchange.__aexit__(kind, error, trace)

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
                    if not self._worth_repeating(attempt, error, sent=1):
                        raise
                    return await self._repeated(attempt, error)
        except TimeoutError as error:
            late = UpstreamUnavailable(f"did not answer {request.operation} within {limit:.1f} s")
            self.health.failed(late)
            raise late from error

    def _worth_repeating(self, attempt: Attempt, error: BaseException | None, *, sent: int) -> bool:
        """Whether to send once more what was sent so often; takes it off the budget then."""
        return (
            isinstance(error, UpstreamUnavailable)
            and sent < self._policy.attempts
            and attempt.request.safe
            and not self.health.wait
            and attempt.operation.breaker.state is not BreakerState.OPEN
            and self._budget.spend()
        )

    async def _repeated(self, attempt: Attempt, first: UpstreamUnavailable) -> WireResponse:
        """The attempts after the first, whose failure is replayed so that they are counted."""
        sent = count()

        async def again() -> WireResponse:
            if (before := next(sent)) == 0:
                raise first
            return await self._tried(attempt, resent=before)

        def noted(_state: RetryCallState) -> None:
            attempt.operation.retries += 1

        def worth(state: RetryCallState) -> bool:
            error = None if state.outcome is None else state.outcome.exception()
            return error is first or self._worth_repeating(
                attempt, error, sent=state.attempt_number
            )

        return await AsyncRetrying(
            wait=BACKOFF,
            retry=worth,
            before_sleep=noted,
            reraise=True,
        )(again)

    async def _tried(self, attempt: Attempt, *, resent: int = 0) -> WireResponse:
        """One attempt, with its outcome told to the breaker."""
        self._keep_throttle()
        operation = attempt.operation
        admitted = operation.breaker.admit()
        sent = False
        try:
            async with self._room:
                await self._in_time(attempt)
                sent = True
                operation.calls += 1
                response = await self._exchange.send(attempt.request, resent=resent)
        except UpstreamUnavailable as error:
            operation.failures += 1
            operation.breaker.failed(admitted)
            self.health.failed(error)
            raise
        except UpstreamError as error:
            operation.failures += 1
            operation.breaker.succeeded(admitted)
            self.health.failed(error)
            raise
        except BaseException:
            # Out of time, or given up by the caller: the upstream's fault only if it was sent.
            if sent:
                operation.failures += 1
                operation.breaker.failed(admitted)
            else:
                operation.breaker.abandoned(admitted)
            raise
        operation.breaker.succeeded(admitted)
        self.health.succeeded()
        return response

    async def _in_time(self, attempt: Attempt) -> None:
        """Wait for the rate limit; too late to send is out of time."""
        if self._rate is not None:
            await self._rate.acquire()
        if asyncio.get_running_loop().time() >= attempt.give_up_at:
            raise TimeoutError

    def _keep_throttle(self) -> None:
        if left := self.health.wait:
            raise UpstreamThrottled("asked us to wait before calling again", retry_after=left)


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
