"""Whose turn is it? An order under a lease: read, changed and let go by whoever has the fence."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from app.errors import GatewayError
from app.orders import events, repository
from app.orders.model import TRANSITIONS, Order, OrderNumber, OrderState, next_step
from app.orders.repository import Lease
from app.store import Store, Work

LEASE = timedelta(seconds=5)
FIRST_WAIT, LONGEST_WAIT = timedelta(milliseconds=200), timedelta(minutes=5)
Change = Callable[[Work, Order], Order]


class LeaseLostError(GatewayError):
    """Somebody else is at the order by now; nothing was changed."""


@dataclass(slots=True)
class Turn:
    """An order in the hands of whoever has its lease. `token` is the means of payment, if known."""

    order: Order
    lease: Lease
    token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Gives turns and ends them. `lasting` is longer than all calls of one step together."""

    store: Store
    now: Callable[[], datetime]
    lasting: timedelta = LEASE

    async def due(self, most: int) -> list[Turn]:
        """Turns of orders for which something is due and nobody is at it."""
        now = self.now()
        until = now + self.lasting
        if not await self.store.read(partial(repository.any_due, now=now)):
            return []

        def take(work: Work) -> list[Turn]:
            leases = repository.claim(work.connection, now=now, until=until, most=most)
            return [_turn(work, lease) for lease in leases]

        return await self.store.act(take, now=now)

    async def of(self, number: OrderNumber, token: str | None = None) -> Turn | None:
        """The turn of one order; None while somebody else has it."""
        now = self.now()
        until = now + self.lasting

        def take(work: Work) -> Turn | None:
            lease = repository.take(work.connection, number, now, until)
            return None if lease is None else _turn(work, lease, token)

        return await self.store.act(take, now=now)

    async def keep(self, turn: Turn, change: Change) -> None:
        """Change the order as it is by now, and go on having the lease.

        Raises:
            LeaseLostError: nothing was changed.
        """
        now = self.now()
        kept = partial(_kept, lease=turn.lease, change=change, until=now + self.lasting)
        turn.order, turn.lease = await self.store.act(kept, now=now)

    async def end(self, turn: Turn, *, done: bool) -> None:
        """Let go of the lease; what is left is due at once, or later when it could not be `done`.

        Raises:
            LeaseLostError: nothing was changed.
        """
        ended = partial(_ended, lease=turn.lease, done=done)
        turn.order = await self.store.act(ended, now=self.now())


def moved(work: Work, order: Order, state: OrderState) -> Order:
    """The order in its next state, with the fact told."""
    if state not in TRANSITIONS[order.state]:
        raise ValueError(f"an order does not go from {order.state} to {state}")
    order = replace(order, state=state)
    work.tell(events.state_changed(order))
    return order


def _turn(work: Work, lease: Lease, token: str | None = None) -> Turn:
    locked = repository.lock(work.connection, lease.number)
    if locked is None:
        raise LeaseLostError(lease.number)
    return Turn(locked[0].order, lease, token)


def _kept(work: Work, lease: Lease, change: Change, until: datetime) -> tuple[Order, Lease]:
    locked = repository.lock(work.connection, lease.number)
    if locked is None or locked[1] != lease.fence:
        raise LeaseLostError(lease.number)
    order = change(work, locked[0].order)
    repository.save(work.connection, order)
    repository.extend(work.connection, lease.number, until)
    return order, Lease(lease.number, lease.fence, until)


def _ended(work: Work, lease: Lease, *, done: bool) -> Order:
    locked = repository.lock(work.connection, lease.number)
    if locked is None or locked[1] != lease.fence:
        raise LeaseLostError(lease.number)
    kept = locked[0]
    attempts = 0 if done else kept.attempts + 1
    wait = timedelta() if done else min(FIRST_WAIT * 2 ** min(kept.attempts, 16), LONGEST_WAIT)
    left = next_step(kept.order) is not None
    at = work.now + wait if left else None
    repository.due(work.connection, lease.number, at, attempts=attempts)
    return kept.order
