"""What is charged while the shared store is silent? This process's part of the budget."""

from msgspec import structs

from app.engine.budget.account import BudgetStore, Charge
from app.engine.budget.bucket import Allowance
from app.engine.budget.shared import SilentRedis


class FallbackBudgets:
    """A `BudgetStore` over a shared one and a local one that takes its place.

    The parts of all `processes` together are one allowance, so that with outages no more than twice
    the allowance is spent. What was charged in one place is settled there; a refund that the shared
    store does not hear of is lost.
    """

    def __init__(self, shared: BudgetStore, local: BudgetStore, *, processes: int) -> None:
        self._shared = shared
        self._local = local
        self._processes = processes
        self.local_charges = 0  # a metric

    async def charge(self, principal: str, points: int, allowance: Allowance) -> Charge:
        """Take all of `points`, or nothing, wherever an answer is to be had."""
        try:
            return await self._shared.charge(principal, points, allowance)
        except SilentRedis:
            self.local_charges += 1
            part = allowance.shared_by(self._processes)
            return structs.replace(await self._local.charge(principal, points, part), local=True)

    async def settle(self, charge: Charge, points: int) -> int:
        """Take `points` more, or fewer, where the charge was taken."""
        if charge.local:
            return await self._local.settle(charge, points)
        try:
            return await self._shared.settle(charge, points)
        except SilentRedis:
            return charge.spent
