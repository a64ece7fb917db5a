"""Whose turn is it? An order under a lease: read, changed and let go by whoever has the fence."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

import structlog

from app.errors import GatewayError
from app.loyalty import ordered as points
from app.orders import events, repository
from app.orders.cadence import Cadence
from app.orders.model import (
    FOLLOWED,
    TRANSITIONS,
    Order,
    OrderNumber,
    OrderState,
    Step,
    next_step,
)
from app.orders.repository import Lease
from app.store import Store, Work

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=5)
FIRST_WAIT, LONGEST_WAIT = timedelta(milliseconds=200), timedelta(minutes=5)
Change = Callable[[Work, Order], Order]
Ended = Literal["ended", "left", "lost", "bug", "unreadable"]
"""How a turn ended: as it should, too early, because another process had the order, in our code."""


class LeaseLostError(GatewayError):
    """Somebody else is at the order by now; nothing was changed."""


@dataclass(slots=True)
class Turn:
    """An order in the hands of whoever has its lease. `token` is the means of payment, if known.

    `told`: that it is about to be handed over is written. It goes on up to the step `but`, which is
    another's. `over`: the lease has been let go.
    """

    order: Order
    lease: Lease
    token: str | None = None
    told: bool = False
    but: Step | None = None
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Gives turns and ends them. `lasting` is longer than all calls of one step together.

    `cadence` says when an order is looked at, once its systems have it. `counts` is how many turns
    of this process ended how.
    """

    store: Store
    now: Callable[[], datetime]
    lasting: timedelta = LEASE
    cadence: Cadence = field(default_factory=Cadence)
    counts: Counter[Ended] = field(default_factory=Counter)

    async def due(self, most: int) -> list[Turn]:
        """Turns of orders for which something is due and nobody is at it.

        That they are about to be handed over is written with it; what was tried before is what the
        orders say. One that cannot be read is told to a log, and comes after the longest wait.
        """
        now = self.now()
        until = now + self.lasting
        if not await self.store.read(partial(repository.any_due, now=now)):
            return []

        def take(work: Work) -> tuple[list[Turn], list[OrderNumber]]:
            to = work.connection
            leases = {
                one.number: one for one in repository.claim(to, now=now, until=until, most=most)
            }
            orders, unreadable = repository.readable(to, list(leases))
            placed = [one.number for one in orders if one.state is OrderState.PLACED]
            if placed:
                repository.tried(to, placed)
            if unreadable:
                repository.put_off(to, unreadable, at=now + LONGEST_WAIT)
            return [
                Turn(one, leases[one.number], told=one.state is OrderState.PLACED) for one in orders
            ], unreadable

        turns, unreadable = await self.store.act(take, now=now)
        for number in unreadable:
            self.counts["unreadable"] += 1
            log.error("order.bug", order=number, kind="unreadable")
        return turns

    async def of(self, number: OrderNumber, token: str | None = None) -> Turn | None:
        """The turn of one order; None while somebody else has it."""
        now = self.now()
        until = now + self.lasting

        def take(work: Work) -> Turn | None:
            taken = repository.take(work.connection, number, now, until)
            return None if taken is None else Turn(taken[1], taken[0], token)

        return await self.store.act(take, now=now)

    async def keep(self, turn: Turn, change: Change) -> None:
        """Change the order as it is by now, and go on having the lease; not once all is done.

        What is another's to do is due at once.

        Raises:
            LeaseLostError: nothing was changed.
        """
        now = self.now()
        until = now + self.lasting
        kept = partial(_kept, turn=turn, change=change, until=until, cadence=self.cadence)
        turn.order = await self.store.act(kept, now=now)
        turn.lease = replace(turn.lease, until=until)
        turn.over = next_step(turn.order) in {None, turn.but}

    async def heard(self, number: OrderNumber, change: Change) -> tuple[Order, Order]:
        """Change an order by what its systems say, whoever's turn it is: as it was, and is now.

        What that leaves to do is due at once, for whoever has the turn, or the next.
        """
        heard = partial(_heard, number=number, change=change, cadence=self.cadence)
        return await self.store.act(heard, now=self.now())

    async def end(self, turn: Turn, *, done: bool) -> None:
        """Let go of the lease; what is left is due at once, or later when it could not be `done`.

        Raises:
            LeaseLostError: nothing was changed.
        """
        if not turn.over:
            ended = partial(_ended, turn=turn, done=done)
            await self.store.act(ended, now=self.now())
            turn.over = True


def moved(work: Work, order: Order, state: OrderState) -> Order:
    """The order in its next state, with the fact told, and what it means for points done."""
    if state not in TRANSITIONS[order.state]:
        raise ValueError(f"an order does not go from {order.state} to {state}")
    before, order = order.state, replace(order, state=state)
    back = state is OrderState.PLACED and before in FOLLOWED
    work.tell(events.set_back(order) if back else events.state_changed(order))
    if state is OrderState.PLACED and not back:
        points.placed(work, order.number, order.customer, order.points)
    if state in {OrderState.REFUSED, OrderState.CANCELLED}:
        points.undone(work, order.number, order.points)
    return order


def _kept(work: Work, turn: Turn, change: Change, until: datetime, cadence: Cadence) -> Order:
    before = _mine(work, turn.lease)
    after = change(work, before)
    more: dict[str, Any]
    left = next_step(after)
    if left not in {None, turn.but}:
        more = {"leased_until": until, "due_at": until, "attempts": turn.lease.attempts}
    else:
        due = None if left is None else work.now
        more = {"leased_until": None, "due_at": due, "attempts": 0}
    looks = cadence.looks(before, after, work.now)
    repository.save(work.connection, before, after, **more, **looks)
    return after


def _heard(
    work: Work, number: OrderNumber, change: Change, cadence: Cadence
) -> tuple[Order, Order]:
    locked = repository.lock(work.connection, number)
    if locked is None:
        raise LookupError("an order that was there a moment ago")
    before = locked[0].order
    after = change(work, before)
    more: dict[str, Any] = {"look_at": cadence.next(after, work.now)}
    if (left := next_step(after)) is not None and left is not next_step(before):
        more |= {"due_at": work.now, "attempts": 0}
    repository.save(work.connection, before, after, **more)
    return before, after


def _ended(work: Work, turn: Turn, *, done: bool) -> None:
    lease, order = turn.lease, turn.order
    attempts = 0 if done else lease.attempts + 1
    wait = timedelta() if done else min(FIRST_WAIT * 2 ** min(lease.attempts, 16), LONGEST_WAIT)
    at = work.now + wait if next_step(order) is not None else None
    if repository.let_go(work.connection, lease, order.state, at, attempts=attempts):
        return
    there = _mine(work, lease)  # it is in another state: somebody wants it to be cancelled
    repository.let_go(work.connection, lease, there.state, work.now, attempts=0)


def _mine(work: Work, lease: Lease) -> Order:
    """The order, as long as the lease is ours.

    Raises:
        LeaseLostError: it is not.
    """
    locked = repository.lock(work.connection, lease.number)
    if locked is None or locked[1] != lease.fence:
        raise LeaseLostError(lease.number)
    return locked[0].order
