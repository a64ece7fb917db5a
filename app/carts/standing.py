"""What is a customer to the retailer, where prices ask? Their tier, as the programme tells it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.loyalty.service import LoyaltyAnswers
from app.pricing.model import Standing
from app.upstream.readings import Inquiry
from app.values import CustomerId


@dataclass(frozen=True, slots=True)
class Members:
    """Asks the loyalty programme."""

    points: LoyaltyAnswers
    now: Callable[[], datetime]

    async def standing(self, customer: CustomerId, _inquiry: Inquiry) -> Standing:
        """Their tier, as of now; nothing of who takes no part.

        Raises:
            ProgrammeSilent: the programme does not say.
        """
        account = await self.points.account(customer, now=self.now())
        return Standing(tier=None if account is None else account.tier.tier)
