"""May this operation run, and what did it cost? The estimate is charged before, settled after."""

from datetime import timedelta
from typing import Protocol, runtime_checkable

from msgspec import Struct

from app.engine.budget.bucket import Allowance
from app.errors import GatewayError

OUTAGE = timedelta(seconds=1)  # after which a silent store is asked again


class Charge(Struct, frozen=True, kw_only=True):
    """What a store said of a charge. `spent` is in millionths, after the charge if it was `taken`.

    `local` says that this process alone knows of it, since the shared store was silent; `allowance`
    is then the part of this process.
    """

    principal: str
    points: int
    allowance: Allowance
    taken: bool
    spent: int
    local: bool = False


class BudgetStore(Protocol):
    """Where buckets are kept. Each call is one atomic step."""

    async def charge(self, principal: str, points: int, allowance: Allowance) -> Charge:
        """Take all of `points`, or nothing."""

    async def settle(self, charge: Charge, points: int) -> int:
        """Take `points` more (fewer when negative) where the charge was taken; millionths spent."""


@runtime_checkable
class PromptStore(Protocol):
    """One that need not be waited for."""

    def take(self, principal: str, points: int, allowance: Allowance) -> Charge:
        """Take all of `points`, or nothing."""

    def add(self, charge: Charge, points: int) -> int:
        """Take `points` more (fewer when negative) where the charge was taken; millionths spent."""


class Cost(Struct, frozen=True, kw_only=True):
    """What an operation costs and what is left. `actual` is `None` for one that did not run."""

    requested: int
    actual: int | None
    available: int
    restore_rate: int
    size: int

    def told(self) -> dict[str, int | None]:
        """`extensions.cost`."""
        return {
            "requested": self.requested,
            "actual": self.actual,
            "available": self.available,
            "restoreRate": self.restore_rate,
            "size": self.size,
        }


class BudgetExceeded(GatewayError):  # noqa: N818  an answer, not a failure of ours
    """The points are not there. `retry_after` is `None` when waiting would not help."""

    def __init__(self, cost: Cost, *, retry_after: timedelta | None) -> None:
        super().__init__(_advice(cost, retry_after))
        self.cost = cost
        self.retry_after = retry_after

    @property
    def code(self) -> str:
        """The code of its error entry."""
        return "OPERATION_TOO_COSTLY" if self.retry_after is None else "BUDGET_EXCEEDED"

    @property
    def retry_after_seconds(self) -> int | None:
        """The `Retry-After` header: whole seconds, rounded up."""
        if self.retry_after is None:
            return None
        return -(-self.retry_after // timedelta(seconds=1))


class Budgets:
    """Charges operations to the principals that send them."""

    def __init__(self, store: BudgetStore) -> None:
        self._store = store
        self._prompt = store if isinstance(store, PromptStore) else None

    @property
    def prompt(self) -> bool:
        """Whether nothing ever has to be waited for."""
        return self._prompt is not None

    async def charge(self, principal: str, points: int, allowance: Allowance) -> Charge:
        """Charge the estimate of an operation that is about to run.

        Raises:
            BudgetExceeded: the points are not there; nothing was charged.
        """
        charge = await self._store.charge(principal, _counted(points), allowance)
        if charge.taken:
            return charge
        raise BudgetExceeded(
            _cost(charge, None, charge.spent), retry_after=_wait(charge, allowance)
        )

    def charge_at_once(self, principal: str, points: int, allowance: Allowance) -> Charge | None:
        """The same, where nothing has to be waited for; None where something has, or is missing."""
        if self._prompt is None:
            return None
        charge = self._prompt.take(principal, _counted(points), allowance)
        return charge if charge.taken else None

    async def settle(self, charge: Charge, actual: int) -> Cost:
        """Refund what the operation did not use; an actual cost above the estimate is taken too."""
        difference = _counted(actual) - charge.points
        spent = await self._store.settle(charge, difference) if difference else charge.spent
        return _cost(charge, actual, spent)

    def settle_at_once(self, charge: Charge, actual: int) -> Cost | None:
        """The same, where nothing has to be waited for; None where something has."""
        if self._prompt is None:
            return None
        difference = _counted(actual) - charge.points
        spent = self._prompt.add(charge, difference) if difference else charge.spent
        return _cost(charge, actual, spent)


def _wait(charge: Charge, allowance: Allowance) -> timedelta | None:
    """How long until the points are there; the part of one process may never hold as many."""
    if charge.points > allowance.size:
        return None
    return charge.allowance.wait(charge.points, charge.spent) or OUTAGE


def _counted(points: int) -> int:
    if points < 0:
        raise ValueError("an operation costs 0 points or more")
    return points


def _cost(charge: Charge, actual: int | None, spent: int) -> Cost:
    return Cost(
        requested=charge.points,
        actual=actual,
        available=charge.allowance.available(spent),
        restore_rate=charge.allowance.restore_rate,
        size=charge.allowance.size,
    )


def _advice(cost: Cost, retry_after: timedelta | None) -> str:
    if retry_after is None:
        return (
            f"The operation costs {cost.requested:,} points, more than its budget ever holds "
            f"({cost.size:,}): ask for less at once."
        )
    return (
        f"The operation costs {cost.requested:,} points and {cost.available:,} are left; "
        f"{cost.restore_rate:,} are restored every second."
    )
