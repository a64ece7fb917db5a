"""How does a part that its upstream refused get to somebody else?

Where else its units are is looked for outside; then, in one act, they are given back where they
were, allocated where they are now, and a part of its own, with a key of its own, takes the place of
the refused one. It is handed over as any other. What the buyer pays stays as it was agreed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from app.availability import ledger
from app.availability.level_rows import News
from app.availability.refusals import InsufficientStock, SlotsFull
from app.availability.repository import Demand
from app.availability.slot_rows import Room
from app.errors import GatewayError
from app.orders import events, progress
from app.orders.model import CancelReason, Handing, HandingState, Order, OrderState, demand_of
from app.orders.replacing import Route, lines_of, parts
from app.orders.turns import Turn, Turns, moved
from app.ports import Promised
from app.products.bundles import MadeOf
from app.store import Work
from app.values import Sku

MOST_ATTEMPTS = 4  # whom four systems refuse, a fifth hardly serves, and the buyer has waited
MOST_RACES = 3  # units or slots found that somebody else was faster to take, before it is left
SAID_NO = frozenset({HandingState.REFUSED, HandingState.REPLACED})
MOST_WAITS = 15  # failed tries: half an hour in which silent systems may speak again


class NotKnownError(GatewayError):
    """Nobody who answered has the units, and somebody did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Units that an order needs from elsewhere; `barred` sinks have refused them before.

    Those of bundles are `made_of` what they were when they were sold.
    """

    order: Order
    units: Mapping[Sku, int]
    barred: Mapping[Sku, Collection[str]]
    made_of: MadeOf = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where units are to come from, and what was just heard of these places.

    A bundle is one unit, put together where it comes from. `slots` are those in which it is worked
    on there. `expected` is when they are there, where that is later than the order was promised.
    """

    demand: Demand
    news: tuple[News, ...] = ()
    slots: Room = field(default_factory=dict)
    expected: Promised | None = None


class Finder(Protocol):
    """Knows where units are."""

    async def find(self, wanted: Wanted) -> Found | None:
        """Where all of them are, at places that sinks which are not barred carry out of.

        None where nobody else has them.

        Raises:
            NotKnownError: somebody who may have them did not answer.
        """
        ...


class Nowhere:
    """Where nothing is sourced again."""

    async def find(self, _wanted: Wanted) -> Found | None:
        """Nobody else has it."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourcing:
    """Sources again what was refused; what nobody else can serve ends the order."""

    turns: Turns
    route: Route
    finder: Finder = field(default_factory=Nowhere)

    async def again(self, turn: Turn) -> bool:
        """Whether other parts took the place of the refused ones, or the order is to be stopped."""
        if _attempt(turn.order) > MOST_ATTEMPTS or _forgotten(turn.order):
            return await self._kept(turn, None)
        patient = turn.lease.attempts < MOST_WAITS
        for _ in range(MOST_RACES):
            try:
                found = await self.finder.find(_wanted(turn.order))
            except NotKnownError:
                return False if patient else await self._kept(turn, None)
            try:
                return await self._kept(turn, found)
            except (InsufficientStock, SlotsFull):
                continue
        return False if patient else await self._kept(turn, None)

    async def _kept(self, turn: Turn, found: Found | None) -> bool:
        await self.turns.keep(turn, partial(_replaced, found=found, route=self.route))
        turn.told = False  # that the new parts are about to be handed over is not written yet
        return True


def _forgotten(order: Order) -> bool:
    """Whether nobody knows any more whom it is for."""
    return not order.buyer.name and not order.buyer.email


def _attempt(order: Order) -> int:
    """The number of the next one."""
    return 1 + max(one.attempt for one in order.handings)


def _wanted(order: Order) -> Wanted:
    units: dict[Sku, int] = {}
    lines = lines_of(order.refused)
    for line in lines:
        units[line.sku] = units.get(line.sku, 0) + line.quantity
    gone = [one for one in order.handings if one.state in SAID_NO]
    barred = {
        sku: frozenset(one.sink for one in gone if sku in {line.sku for line in one.lines})
        for sku in units
    }
    made_of = {line.sku: line.components for line in lines if line.components}
    return Wanted(order=order, units=units, barred=barred, made_of=made_of)


def _replaced(work: Work, order: Order, found: Found | None, route: Route) -> Order:
    """The order with other parts in the place of the refused ones; without any, it is stopped.

    One of which something was carried out goes on without them.
    """
    if order.state is not OrderState.PLACED:
        return order  # it is to be stopped by now
    if found is None and order.begun:
        return _gone_on(work, order)
    if found is None:
        order = replace(order, reason=CancelReason.REFUSED_UPSTREAM)
        return moved(work, order, OrderState.CANCELLING)
    shares = parts(order.refused, found.demand, route=route)
    new = [replace(one, attempt=_attempt(order), expected=found.expected) for one in shares]
    gone, more = (demand_of(lines_of(some)) for some in (order.refused, new))
    ledger.hear(work, found.news)
    ledger.move(work, order.number, gone, more, slots=found.slots)
    kept = [_let_go(one) if one in order.refused else one for one in order.handings]
    after = replace(order, handings=(*kept, *new))
    for one in order.refused:
        work.tell(events.handing_told(after, _let_go(one)))
    for one in new:
        work.tell(events.handing_sourced(after, one))
    if after.late and after.expected != order.expected:
        work.tell(events.delayed(after))
    return after


def _gone_on(work: Work, order: Order) -> Order:
    order = progress.without_refused(work, order)
    if any(one.open for one in order.handings):
        return order
    return progress.sourced(work, order, since=work.now)


def _let_go(handing: Handing) -> Handing:
    return replace(handing, state=HandingState.REPLACED)
