"""Where are buckets kept when one process is all there is? In memory, until they are full again."""

from collections import OrderedDict
from collections.abc import Callable
from heapq import heapify, heappop, heappush

from msgspec import Struct

from app.engine.budget.account import Charge
from app.engine.budget.bucket import MILLIONTHS, Allowance, Bucket

MOST_PRINCIPALS = 100_000  # beyond it, the bucket that was not used for longest is forgotten
MOST_MOOT = 10  # instants that are kept though they do not hold any more, beside one a bucket


class _Kept(Struct, frozen=True, gc=False):
    bucket: Bucket
    full: int  # the instant from which nothing of it is spent


class MemoryBudgets:
    """A `BudgetStore` by `clock` (seconds, monotonic). One step is atomic: it never awaits.

    It is asked twice by every operation, so it is a heap of instants beside a dictionary: an
    instant is not sought out when it moves, but left in the heap, and passed over there.
    """

    def __init__(self, clock: Callable[[], float], *, most: int = MOST_PRINCIPALS) -> None:
        self._clock = clock
        self._most = most
        self._kept: OrderedDict[str, _Kept] = OrderedDict()  # by when they were used
        self._full: list[tuple[int, str]] = []  # a heap

    def __len__(self) -> int:
        """Principals whose bucket is not full."""
        self._forget(self._now())
        return len(self._kept)

    async def charge(self, principal: str, points: int, allowance: Allowance) -> Charge:
        """Take all of `points`, or nothing."""
        return self.take(principal, points, allowance)

    def take(self, principal: str, points: int, allowance: Allowance) -> Charge:
        """The same, for who cannot wait."""
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
        return self.add(charge, points)

    def add(self, charge: Charge, points: int) -> int:
        """The same, for who cannot wait."""
        bucket = self._bucket(charge.principal, charge.allowance)
        settled = bucket.settled(points, charge.allowance)
        self._keep(charge.principal, settled, charge.allowance)
        return settled.spent

    def _now(self) -> int:
        return int(self._clock() * MILLIONTHS)

    def _bucket(self, principal: str, allowance: Allowance) -> Bucket:
        now, kept = self._now(), self._kept.get(principal)
        return Bucket(0, now) if kept is None else kept.bucket.restored(now, allowance)

    def _keep(self, principal: str, bucket: Bucket, allowance: Allowance) -> None:
        if bucket.spent:
            full = bucket.full_at(allowance)
            self._kept[principal] = _Kept(bucket, full)
            self._kept.move_to_end(principal)
            heappush(self._full, (full, principal))
        else:
            self._kept.pop(principal, None)
        self._forget(bucket.at)

    def _forget(self, now: int) -> None:
        """Forget full buckets, and others only where there are too many."""
        kept, full = self._kept, self._full
        while full and full[0][0] <= now:
            _, principal = heappop(full)
            if (one := kept.get(principal)) is not None and one.full <= now:
                del kept[principal]
        while len(kept) > self._most:
            kept.popitem(last=False)
        if len(full) > 2 * len(kept) + MOST_MOOT:
            full[:] = [(one.full, principal) for principal, one in kept.items()]
            heapify(full)
