"""What is a customer to the retailer, where prices ask? Their tier, and the groups they are in."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from app.customers.groups import Groups
from app.loyalty.refusals import ProgrammeSilent
from app.loyalty.service import LoyaltyAnswers
from app.pricing.model import ANYBODY, Standing
from app.upstream.readings import Inquiry
from app.values import CustomerId


@dataclass(frozen=True, slots=True)
class Members:
    """Asks the loyalty programme, and whoever puts customers into groups that rules name."""

    points: LoyaltyAnswers
    groups: Groups
    named: Collection[str]
    now: Callable[[], datetime]

    async def standing(
        self, customer: CustomerId, inquiry: Inquiry, before: Standing = ANYBODY
    ) -> Standing:
        """What they are now; what nobody tells is as it was `before`."""
        tier, groups = await asyncio.gather(
            self._tier(customer, before), self._groups(customer, inquiry, before)
        )
        return Standing(groups=groups, tier=tier)

    async def _tier(self, customer: CustomerId, before: Standing) -> str | None:
        try:
            account = await self.points.account(customer, now=self.now())
        except ProgrammeSilent:
            return before.tier
        return None if account is None else account.tier.tier

    async def _groups(
        self, customer: CustomerId, inquiry: Inquiry, before: Standing
    ) -> tuple[str, ...]:
        """Only those that make a difference: a cart is not written anew for any other."""
        if not self.named:
            return ()
        told = await self.groups.of(customer, inquiry)
        known = {*told.groups, *(before.groups if told.silent else ())}
        return tuple(sorted(known.intersection(self.named)))
