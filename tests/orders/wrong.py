"""Seven ways to place orders that look right, and are not. Each is a small change of the real one.

What tells them apart from it is named with each; a test that finds none of them proves nothing.
"""

import secrets
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, TypeVar

from sqlalchemy import Connection, update

from app.availability import ledger
from app.orders.model import Order, OrderNumber
from app.orders.repository import Kept
from app.orders.service import OrderService, Placed, Purchase, _added
from app.orders.tables import orders
from app.ports import Payment, PaymentKey, PaymentRequest
from app.store import Fact, Store, Work
from app.store.keys import Once
from app.upstream.paying import MaybePaid, NotPaid, PaymentDesk
from app.values import Money
from tests.orders.dying import Variant
from tests.orders.world import Kinds

T = TypeVar("T")


class NoIdempotencyRow(OrderService):
    """1: nobody remembers that it was asked before."""

    async def again(self, once: Once, token: str | None) -> Placed | None:  # noqa: ARG002
        return None

    async def place(self, purchase: Purchase) -> Placed:
        once = replace(purchase.once, key=secrets.token_hex(16))
        return await super().place(replace(purchase, once=once))


class NewKeyEachTime(PaymentDesk):
    """2: each attempt to be paid has a key of its own; everybody knows the last one."""

    last: ClassVar[dict[str, PaymentKey]] = {}

    async def authorise(self, request: PaymentRequest) -> Payment | NotPaid | MaybePaid:
        key = PaymentKey(f"{request.key}-{secrets.token_hex(4)}")
        self.last[request.key] = key
        return await PaymentDesk.authorise(self, replace(request, key=key))

    async def capture(self, key: PaymentKey, amount: Money) -> Payment:
        return await PaymentDesk.capture(self, self.last.get(key, key), amount)


class ChargesFirst(OrderService):
    """3: the money is asked for before the order is kept."""

    async def place(self, purchase: Purchase) -> Placed:
        if (placed := await self.again(purchase.once, purchase.token)) is not None:
            return placed
        now = self._turns.now()
        order = self._opened(purchase, OrderNumber(secrets.token_hex(5).upper()), now)
        desk = self._worker.steps.charging.desk
        assert desk is not None
        assert order.charge is not None
        assert purchase.token is not None
        key, amount = order.charge.key, order.charge.amount
        await desk.authorise(PaymentRequest(key=key, amount=amount, token=purchase.token))
        until = now + self._turns.lasting
        add = partial(_added, order=order, purchase=purchase, until=until)
        return await self._told(await self._store.act(add, now=now), purchase.once, purchase.token)


class TellsLater:
    """4: what happened is told in a second transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def act(self, change: Callable[[Work], T], *, now: datetime) -> T:
        told: list[Fact] = []

        def silent(work: Work) -> T:
            result = change(work)
            told[:] = work.told
            work.told.clear()
            return result

        result = await self._store.act(silent, now=now)
        if told:
            await self._store.act(lambda work: work.told.extend(told), now=now)
        return result

    async def read(self, question: Callable[[Connection], T]) -> T:
        return await self._store.read(question)


class Unleased(OrderService):
    """5: whoever is at an order does not keep others from it."""

    async def _paid(self, kept: Kept, token: str | None) -> Order:
        def free(work: Work) -> None:
            mine = update(orders).where(orders.c.number == kept.order.number)
            work.connection.execute(mine.values(leased_until=None, due_at=work.now))

        await self._store.act(free, now=self._turns.now())
        return await super()._paid(kept, token)


class ChecksFirst:
    """6: what is there is looked up before the transaction that takes it.

    `SELLABLE` is what a change finds where it would look itself.
    """

    SELLABLE: ClassVar[ContextVar[Any]] = ContextVar("sellable", default=None)

    def __init__(self, store: Store, spots: list[Any], together: Callable[[], Any]) -> None:
        self._store = store
        self._spots = spots
        self._together = together

    async def act(self, change: Callable[[Work], T], *, now: datetime) -> T:
        await self._together()  # what the others took before is there to be seen
        found = await self._store.read(partial(ledger.sellable, spots=self._spots, now=now))
        await self._together()

        def stale(work: Work) -> T:
            told = self.SELLABLE.set(found)
            try:
                return change(work)
            finally:
                self.SELLABLE.reset(told)

        return await self._store.act(stale, now=now)

    async def read(self, question: Callable[[Connection], T]) -> T:
        return await self._store.read(question)


DYING = (
    (Variant("1-no-idempotency-row", Kinds(service=NoIdempotencyRow)), "double: "),
    (Variant("2-new-payment-key-per-attempt", Kinds(desk=NewKeyEachTime)), "charged twice: "),
    (Variant("3-charge-before-the-order", Kinds(service=ChargesFirst)), "nobody's: "),
    (Variant("4-facts-in-a-second-transaction", store=TellsLater), "was told 0 times"),
)
