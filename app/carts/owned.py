"""Which carts are a customer's?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from app.carts import repository
from app.carts.model import Cart, CartId, CartStatus
from app.carts.tables import carts
from app.store import Store
from app.values import CustomerId


@dataclass(frozen=True, slots=True)
class CustomerCarts:
    """Carts by whose they are."""

    store: Store

    async def of(
        self, customers: Collection[CustomerId], *, now: datetime, most: int
    ) -> list[Cart]:
        """Those that may still be bought, the latest first."""
        asked = select(carts.c.id).where(
            carts.c.customer.in_(sorted(customers)),
            carts.c.status == CartStatus.OPEN.value,
            carts.c.expires_at > now,
        )
        asked = asked.order_by(carts.c.updated_at.desc(), carts.c.id).limit(most)

        def found(connection: Connection) -> list[Cart]:
            ids = [CartId(one) for one in connection.scalars(asked)]
            every = [repository.find(connection, one, now=now) for one in ids]
            return [cart for cart in every if cart is not None]

        return await self.store.read(found)
