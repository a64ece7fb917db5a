"""Orders that go on when they are told to, without anybody who carries them out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256

from sqlalchemy import Connection

from app.orders import events, repository
from app.orders.model import Handing, HandingState, Order, OrderNumber, OrderState
from app.orders.repository import Asked
from app.orders.tables import orders
from app.orders.turns import moved
from app.ports import SoldLine
from app.store import Store, Work
from app.values import ChannelCode, CustomerId, FulfilmentMethod, LocationCode, Sku
from tests.orders.world import ADA, NOON, VERONA, euro

S = OrderState
NEVER = datetime(2100, 1, 1, tzinfo=UTC)  # nobody carries them out
WAY = [S.PENDING_CONFIRMATION, S.PLACED, S.SOURCED, S.IN_FULFILMENT, S.COMPLETED]


def an_order(number: str, *, customer: str | None = None, at: datetime = NOON) -> Order:
    line = SoldLine(
        sku=Sku("SHIRT-M"), quantity=1, unit_price=euro("20.00"), location=LocationCode("ECOM-1")
    )
    return Order(
        number=OrderNumber(number),
        state=S.PENDING_CONFIRMATION,
        cart=None,
        customer=None if customer is None else CustomerId(customer),
        channel=ChannelCode("WEB"),
        placed_at=at,
        buyer=ADA,
        address=VERONA,
        method=FulfilmentMethod.SHIP_TO_HOME,
        promised=None,
        promise_token=None,
        delivery=euro("5.00"),
        total=euro("25.00"),
        charge=None,
        handings=(Handing(sink="shop", state=HandingState.WAITING, lines=(line,)),),
    )


def token_of(number: str) -> str:
    return f"token-of-{number}"


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def place(work: Work, order: Order) -> None:
    """A new order."""
    asked = Asked(
        asked=hashed(order.number), digest="", access=hashed(token_of(order.number)), due_at=NEVER
    )
    assert repository.add(work.connection, order, asked)
    work.tell(events.order_asked(order))


def go_on(work: Work, number: str) -> None:
    """An order in its next state."""
    locked = repository.lock(work.connection, OrderNumber(number))
    assert locked is not None
    order = locked[0].order
    further = moved(work, order, WAY[WAY.index(order.state) + 1])
    repository.save(work.connection, order, further)


def states(connection: Connection) -> dict[str, str]:
    """The truth."""
    return {one.number: str(one.state) for one in repository.page(connection, first=100_000)}


@dataclass(frozen=True)
class Desk:
    """Places orders and lets them go on."""

    store: Store

    async def place(self, number: str, customer: str | None = None) -> None:
        await self.store.act(partial(place, order=an_order(number, customer=customer)), now=NOON)

    async def go_on(self, number: str) -> None:
        await self.store.act(partial(go_on, number=number), now=NOON)

    async def given_to(self, number: str, customer: str) -> None:
        def change(work: Work) -> None:
            work.connection.execute(
                orders.update().where(orders.c.number == number).values(customer=customer)
            )

        await self.store.act(change, now=NOON)


__all__ = ["Desk", "an_order", "go_on", "place", "states", "token_of"]
