"""Which orders of ours are a customer's?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from app.orders import repository
from app.orders.model import Order
from app.store import Store
from app.values import CustomerId


@dataclass(frozen=True, slots=True)
class OrderHistory:
    """Orders as a part of what somebody has bought everywhere."""

    store: Store

    async def bought(
        self, customers: Collection[CustomerId], *, until: datetime, most: int
    ) -> list[Order]:
        """What these customers ordered at `until` or before, the latest first."""
        asked = partial(repository.bought, customers=customers, until=until, most=most)
        return await self.store.read(asked)

    async def theirs(
        self, customers: Collection[CustomerId], numbers: Collection[str]
    ) -> Collection[str]:
        """Which of the orders with these numbers are those customers'."""
        if not numbers:
            return ()
        asked = partial(repository.numbers_of, customers=customers, numbers=numbers)
        return await self.store.read(asked)
