"""Is it worth calling at all? A circuit breaker for each operation of each connection.

No maintained library keeps a failure rate over a rolling window for asyncio, so this is ours. The
states and the single probe follow Nygard, "Release It!", 2nd ed., chapter 5.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from app.errors import UpstreamUnavailable


class BreakerState(StrEnum):
    """Whether calls go through."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """Open when more than `failure_ratio` of at least `minimum_calls` in `window` failed.

    After `open_for` a single probe goes through; its outcome closes or reopens the breaker.
    """

    minimum_calls: int = 20
    failure_ratio: float = 0.5
    window: timedelta = timedelta(seconds=10)
    open_for: timedelta = timedelta(seconds=3)


@dataclass(slots=True)
class Breaker:
    """Counts outcomes against `clock` (seconds, monotonic).

    An outcome is told with what `admit` gave: those of calls that were admitted before the breaker
    last opened or closed say nothing about now, and do not count.
    """

    policy: BreakerPolicy
    clock: Callable[[], float]
    _outcomes: deque[tuple[float, bool]] = field(default_factory=deque)
    _opened_at: float | None = None
    _probing: bool = False
    _turns: int = 0  # times that it opened or closed

    @property
    def state(self) -> BreakerState:
        """What the next call will meet."""
        if self._opened_at is None:
            return BreakerState.CLOSED
        if self._probing or self.clock() < self._opened_at + self.policy.open_for.total_seconds():
            return BreakerState.OPEN
        return BreakerState.HALF_OPEN

    def admit(self) -> int:
        """Let a call through; what its outcome is to be told with.

        Raises:
            UpstreamUnavailable: the breaker is open.
        """
        match self.state:
            case BreakerState.OPEN:
                raise UpstreamUnavailable("is not called for a moment after repeated failures")
            case BreakerState.HALF_OPEN:
                self._probing = True
            case BreakerState.CLOSED:
                pass
        return self._turns

    def succeeded(self, admitted: int) -> None:
        """The admitted call was answered (a refusal is an answer too)."""
        if admitted != self._turns:
            return
        if self._probing:
            self._close()
        self._record(failed=False)

    def failed(self, admitted: int) -> None:
        """The admitted call failed in a way that says the upstream is unwell."""
        if admitted != self._turns:
            return
        if self._probing:
            self._open()
            return
        self._record(failed=True)
        failures = sum(1 for _, failed in self._outcomes if failed)
        total = len(self._outcomes)
        if total >= self.policy.minimum_calls and failures > self.policy.failure_ratio * total:
            self._open()

    def abandoned(self, admitted: int) -> None:
        """The admitted call was given up by its caller and says nothing about the upstream."""
        if admitted == self._turns:
            self._probing = False

    def _record(self, *, failed: bool) -> None:
        now = self.clock()
        self._outcomes.append((now, failed))
        while self._outcomes[0][0] < now - self.policy.window.total_seconds():
            self._outcomes.popleft()

    def _open(self) -> None:
        self._opened_at, self._probing = self.clock(), False
        self._turned()

    def _close(self) -> None:
        self._opened_at, self._probing = None, False
        self._turned()

    def _turned(self) -> None:
        self._turns += 1
        self._outcomes.clear()
