"""Where are buckets kept when one process is all there is? In memory, until they are full again."""

from collections import OrderedDict
from collections.abc import Callable

from app.engine.budget.account import Charge
from app.engine.budget.bucket import MILLIONTHS, Allowance, Bucket

MOST_PRINCIPALS = 100_000  # beyond it, the bucket that was not used for longest is forgotten


class MemoryBudgets:
    """A `BudgetStore` by `clock` (seconds, monotonic). One step is atomic: it never awaits.

    Each step forgets the bucket that was not used for longest, if that is full again.
    """

    def __init__(self, clock: Callable[[], float], *, most: int = MOST_PRINCIPALS) -> None:
        self._clock = clock
        self._most = most
        self._kept: OrderedDict[str, tuple[Bucket, Allowance]] = OrderedDict()

    def __len__(self) -> int:
        """Buckets that are kept."""
        return len(self._kept)

    async def charge(self, principal: str, points: int, allowance: Allowance) -> Charge:
        """Take all of `points`, or nothing."""
        bucket = self._bucket(principal, allowance)
        charged = bucket.charged(points, allowance)
        after = bucket if charged is None else charged
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
        return Bucket(0, now) if kept is None else kept[0].restored(now, allowance)

    def _keep(self, principal: str, bucket: Bucket, allowance: Allowance) -> None:
        kept = self._kept
        kept[principal] = bucket, allowance
        kept.move_to_end(principal)
        oldest, its = next(iter(kept.values()))
        if len(kept) > self._most or not oldest.restored(bucket.at, its).spent:
            kept.popitem(last=False)
