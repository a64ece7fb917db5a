"""How is each upstream doing? What the guards saw, kept in process."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from app.errors import UpstreamError
from app.upstream.breaker import Breaker, BreakerPolicy, BreakerState

log = structlog.get_logger(__name__)
TOLERATED_SKEW = timedelta(seconds=2)  # an HTTP Date has whole seconds


class UpstreamState(StrEnum):
    """How an upstream is doing, judged by its last answers."""

    UNKNOWN = "UNKNOWN"
    UP = "UP"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"


@dataclass(frozen=True, slots=True)
class Failure:
    """The last thing that went wrong."""

    code: str
    message: str
    at: datetime


@dataclass(slots=True)
class OperationHealth:
    """One operation of one connection; `calls` counts requests that left the gateway."""

    name: str
    breaker: Breaker
    calls: int = 0
    failures: int = 0
    retries: int = 0


@dataclass(slots=True, kw_only=True)
class Health:
    """Everything known about one connection's upstream.

    `readings` counts values that went into answers, by port and freshness.
    """

    connection: str
    now: Callable[[], datetime]
    clock: Callable[[], float]
    policy: BreakerPolicy = field(default_factory=BreakerPolicy)
    operations: dict[str, OperationHealth] = field(default_factory=dict)
    last_success_at: datetime | None = None
    last_failure: Failure | None = None
    failing: bool = False
    rejected_rows: int = 0
    readings: Counter[tuple[str, str]] = field(default_factory=Counter)
    clock_skew: timedelta = timedelta()
    throttled_until: datetime | None = None

    def operation(self, name: str) -> OperationHealth:
        """The record of one operation, made on first use."""
        if name not in self.operations:
            self.operations[name] = OperationHealth(name, Breaker(self.policy, self.clock))
        return self.operations[name]

    @property
    def calls(self) -> int:
        """Requests that left the gateway so far."""
        return sum(operation.calls for operation in self.operations.values())

    @property
    def state(self) -> UpstreamState:
        """DOWN when nothing goes through, DEGRADED when something does not."""
        closed = [o.breaker.state is BreakerState.CLOSED for o in self.operations.values()]
        if self.last_success_at is None and self.last_failure is None:
            return UpstreamState.UNKNOWN
        if self.last_success_at is None or not any(closed):
            return UpstreamState.DOWN
        return UpstreamState.UP if all(closed) and not self.failing else UpstreamState.DEGRADED

    @property
    def wait(self) -> timedelta:
        """How long the upstream still asks not to be called; nothing where it does not."""
        if self.throttled_until is None:
            return timedelta()
        return max(self.throttled_until - self.now(), timedelta())

    def succeeded(self) -> None:
        """Note an answer; tell the log once when the upstream is back."""
        if self.failing:
            log.info("upstream.recovered", connection=self.connection)
        self.failing = False
        self.last_success_at = self.now()

    def failed(self, error: UpstreamError) -> None:
        """Note a failure; tell the log once when the upstream starts failing."""
        if not self.failing:
            log.warning(
                "upstream.failing", connection=self.connection, code=error.code, reason=str(error)
            )
        self.failing = True
        self.last_failure = Failure(error.code, str(error), self.now())

    def rejected(self, *, operation: str, references: list[str], reason: str) -> None:
        """Count rows that could not be understood and say which (at most the first ten)."""
        self.rejected_rows += len(references)
        log.warning(
            "upstream.rows_rejected",
            connection=self.connection,
            operation=operation,
            rows=len(references),
            references=references[:10],
            first_reason=reason,
        )

    def truthful(self, as_of: datetime, observed_at: datetime) -> datetime:
        """An `as_of` that is not in the future; how far it was off is kept as clock skew."""
        ahead = as_of - observed_at
        self.clock_skew = ahead if ahead > TOLERATED_SKEW else timedelta()
        return min(as_of, observed_at)
