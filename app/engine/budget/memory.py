"""Where are buckets kept when one process is all there is? In memory, until they are full again."""

from collections.abc import Callable

from cachetools import TLRUCache
from msgspec import Struct

from app.engine.budget.account import Charge
from app.engine.budget.bucket import MILLIONTHS, Allowance, Bucket

MOST_PRINCIPALS = 100_000  # beyond it, the bucket that was not used for longest is forgotten
MARGIN = 0.001  # seconds a bucket is kept beyond being full, so that rounding never forgets early


class _Kept(Struct, frozen=True, gc=False):
    bucket: Bucket
    until: float


class MemoryBudgets:
    """A `BudgetStore` by `clock` (seconds, monotonic). One step is atomic: it never awaits."""

    def __init__(self, clock: Callable[[], float], *, most: int = MOST_PRINCIPALS) -> None:
        self._clock = clock
        self._kept: TLRUCache[str, _Kept] = TLRUCache(most, lambda _, kept, __: kept.until, clock)

    def __len__(self) -> int:
        """Principals whose bucket is not full."""
        self._kept.expire()
        return len(self._kept)

    async def charge(self, principal: str, points: int, allowance: Allowance) -> Charge:
        """Take all of `points`, or nothing."""
        bucket = self._bucket(principal, allowance)
        charged = bucket.charged(points, allowance)
        after = charged or bucket
        self._keep(principal, after, allowance)
        return Charge(
            principal=principal,
            points=points,
            allowance=allowance,
            taken=charged is not None,
            spent=after.spent,
        )

    async def settle(self, charge: Charge, points: int) -> int:
        """Take `points` more, or fewer; the millionths spent then."""
        bucket = self._bucket(charge.principal, charge.allowance)
        settled = bucket.settled(points, charge.allowance)
        self._keep(charge.principal, settled, charge.allowance)
        return settled.spent

    def _bucket(self, principal: str, allowance: Allowance) -> Bucket:
        now = int(self._clock() * MILLIONTHS)
        kept = self._kept.get(principal)
        return Bucket(0, now) if kept is None else kept.bucket.restored(now, allowance)

    def _keep(self, principal: str, bucket: Bucket, allowance: Allowance) -> None:
        if not bucket.spent:
            self._kept.pop(principal, None)
            return
        full = self._clock() + allowance.drained(bucket.spent).total_seconds()
        self._kept[principal] = _Kept(bucket, full + MARGIN)
