"""May this operation be called now? Amazon's usage plans, kept before Amazon has to.

Each operation has a bucket of its own: so many calls at once, and so many a second afterwards. The
documented figures are a beginning; an answer tells the rate that really applies.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.errors import UpstreamThrottled

HAIR = 1e-9  # of a call: what arithmetic may lose
SLOWEST, FASTEST = 1 / 3600, 1e6  # calls a second that a plan can mean


@dataclass(frozen=True, slots=True)
class Plan:
    """Calls a second, and how many at once."""

    rate: float
    burst: int


class Bucket:
    """What is left of one operation's plan."""

    def __init__(self, plan: Plan, at: datetime) -> None:
        self.rate = plan.rate
        self._burst = float(plan.burst)
        self._left = self._burst
        self._at = at

    def take(self, at: datetime) -> timedelta:
        """Nothing, and a call is taken; or how long it is until there is one."""
        self._fill(at)
        if self._left >= 1 - HAIR:
            self._left -= 1
            return timedelta()
        return timedelta(seconds=(1 - self._left) / self.rate)

    def adapt(self, rate: float, at: datetime) -> None:
        """This is the rate from now on."""
        self._fill(at)
        self.rate = rate

    def spent(self, wait: timedelta, at: datetime) -> None:
        """There is nothing left, and no call before so long."""
        self._fill(at)
        self._left = min(self._left, 1 - self.rate * wait.total_seconds())

    def _fill(self, at: datetime) -> None:
        passed = max(0.0, (at - self._at).total_seconds())
        self._left = min(self._burst, self._left + passed * self.rate)
        self._at = max(at, self._at)


class Quotas:
    """The buckets of one connection."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
        longest: timedelta,
    ) -> None:
        self._now = now
        self._sleep = sleep
        self._longest = longest
        self._buckets: dict[str, Bucket] = {}

    async def admit(self, operation: str, plan: Plan) -> None:
        """Wait for a call.

        Raises:
            UpstreamThrottled: it would take too long; nothing was sent.
        """
        bucket, until = self._bucket(operation, plan), self._now() + self._longest
        while wait := bucket.take(self._now()):
            if self._now() + wait > until:
                said = f"has no quota left for {operation}"
                raise UpstreamThrottled(said, retry_after=wait)
            await self._sleep(wait.total_seconds())

    def told(self, operation: str, plan: Plan, header: str | None) -> None:
        """Keep to the rate that an answer tells, if it tells a sound one."""
        try:
            rate = float(header or "")
        except ValueError:
            return
        if SLOWEST <= rate <= FASTEST:
            self._bucket(operation, plan).adapt(rate, self._now())

    def refused(self, operation: str, plan: Plan, told: timedelta | None) -> timedelta:
        """Amazon throttled the operation: how long to wait, as it told or as the rate says."""
        bucket = self._bucket(operation, plan)
        wait = timedelta(seconds=1 / bucket.rate) if told is None else told
        bucket.spent(wait, self._now())
        return wait

    def _bucket(self, operation: str, plan: Plan) -> Bucket:
        if operation not in self._buckets:
            self._buckets[operation] = Bucket(plan, self._now())
        return self._buckets[operation]
