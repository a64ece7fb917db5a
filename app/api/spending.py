"""What may a caller spend on operations, and what did each of them cost?"""

from collections.abc import Callable
from time import monotonic

from app.api.addresses import address_of
from app.api.callers import Caller
from app.api.outcomes import NULL, Fate, Outcome
from app.engine.budget import (
    Allowance,
    Budgets,
    BudgetStore,
    Charge,
    Cost,
    FallbackBudgets,
    MemoryBudgets,
    RedisBudgets,
    SharedRedis,
    objects_below_root,
)
from app.principals.model import GUEST
from app.settings import Budget, Points


class Spending:
    """Charges callers for their operations, by the budget of a deployment."""

    def __init__(
        self,
        budget: Budget,
        *,
        shared: SharedRedis | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Without a Redis that is `shared`, each process has its part of every budget."""
        self._budgets = Budgets(_store(budget, shared, clock))
        self._parts = budget.processes if shared is None else 1
        self._usual = self._allowance(budget)
        self._kinds = {kind: self._allowance(points) for kind, points in budget.kinds.items()}
        self._networks = [
            (network, self._allowance(points))
            for network, points in sorted(
                budget.networks.items(), key=lambda one: one[0].prefixlen, reverse=True
            )
        ]

    @property
    def prompt(self) -> bool:
        """Whether charging never has to wait."""
        return self._budgets.prompt

    async def charge(self, caller: Caller, points: int) -> Charge:
        """Take the estimate of an operation that is about to run.

        Raises:
            BudgetExceeded: the points are not there; nothing was taken.
        """
        principal, allowance = self._purse(caller)
        return await self._budgets.charge(principal, points, allowance)

    def charge_at_once(self, caller: Caller, points: int) -> Charge | None:
        """The same, where nothing has to be waited for; None where something has, or is missing."""
        principal, allowance = self._purse(caller)
        return self._budgets.charge_at_once(principal, points, allowance)

    async def settle(self, charge: Charge, outcome: Outcome) -> Cost:
        """Refund what the operation did not use, or take what it used beside."""
        return await self._budgets.settle(charge, _actual(charge, outcome))

    def settle_at_once(self, charge: Charge, outcome: Outcome) -> Cost | None:
        """The same, where nothing has to be waited for; None where something has."""
        return self._budgets.settle_at_once(charge, _actual(charge, outcome))

    def _purse(self, caller: Caller) -> tuple[str, Allowance]:
        """Who pays, and of what; those of a network with its own points have a bucket there."""
        if caller.known is not GUEST and (own := self._kinds.get(caller.known.kind)) is not None:
            return caller.principal, own
        if self._networks and (address := caller.address and address_of(caller.address)):
            for network, allowance in self._networks:
                if address in network:
                    return f"{caller.principal} of {network}", allowance
        return caller.principal, self._usual

    def _allowance(self, points: Points) -> Allowance:
        return Allowance(points.size, points.restore_rate).shared_by(self._parts)


def _store(budget: Budget, shared: SharedRedis | None, clock: Callable[[], float]) -> BudgetStore:
    local = MemoryBudgets(clock)
    if shared is None:
        return local
    return FallbackBudgets(RedisBudgets(shared), local, processes=budget.processes)


def _actual(charge: Charge, outcome: Outcome) -> int:
    """What an operation cost: the objects in its answer, and nothing where it was not executed.

    One that was made for somebody else costs nothing. One that ran out of time, or whose answer
    came to nothing, costs what was taken, and more if more was made: its upstreams were asked all
    the same.
    """
    if outcome.cached:
        return 0
    if outcome.fate is Fate.LATE or outcome.data == NULL:
        return max(charge.points, outcome.discarded)
    if outcome.objects is not None:
        return outcome.objects
    return objects_below_root(outcome.data or b"")
