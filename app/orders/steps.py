"""How is each thing done that an order needs outside? Calls first, then one change under the lease.

A step returns whether the order got on. Failures of upstreams never leave: the step is done again
later, by whoever has the lease then, and every call has the order's key.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.availability import ledger
from app.errors import UpstreamError, UpstreamRefused
from app.orders import events
from app.orders.charging import Charging
from app.orders.model import (
    Handing,
    HandingState,
    Order,
    OrderState,
    Step,
    key_of,
    next_step,
    share,
)
from app.orders.progress import CANCELLED_UPSTREAM, sourced, with_handing, without_refused
from app.orders.sourcing import Sourcing
from app.orders.turns import Turn, Turns, moved
from app.ports import OrderKey, OrderStatus
from app.pricing.redeeming import give_back
from app.store import Work
from app.upstream.handing import HandingDesk, NotTaken, Outcome, Taken, Unsure

KEPT = frozenset({HandingState.TAKEN, HandingState.COMPLETED, HandingState.STOPPED})


@dataclass(frozen=True, slots=True)
class _Told:
    """What became of one handing, and the upstream's clock when it said so."""

    handing: Handing
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What has to be done outside. `sinks` are desks by the connection's name."""

    turns: Turns
    sinks: Mapping[str, HandingDesk]
    charging: Charging
    sourcing: Sourcing

    async def do(self, step: Step, turn: Turn) -> bool:
        """Whether the order got on by the step."""
        doing: Mapping[Step, Callable[[Turn], Awaitable[bool]]] = {
            Step.PAY: self.charging.pay,
            Step.SOURCE: self.sourcing.again,
            Step.HAND_OVER: self._hand_over,
            Step.CAPTURE: self.charging.capture,
            Step.GIVE_BACK: self.charging.give_back,
            Step.STOP: self._stop,
            Step.LET_GO: self.charging.let_go,
            Step.CLOSE: self._close,
        }
        return await doing[step](turn)

    async def _hand_over(self, turn: Turn) -> bool:
        """Before a part is handed over for the first time, that it will be is kept."""
        waiting = [one for one in turn.order.handings if one.open]
        if not turn.told and any(not one.tried for one in waiting):
            await self.turns.keep(turn, _tried)
            if turn.order.state is not OrderState.PLACED:
                return True  # it is to be stopped by now
        told = await asyncio.gather(*(self._handed(turn.order, one) for one in waiting))
        await self.turns.keep(turn, lambda work, order: _handed_over(work, order, told))
        return next_step(turn.order) is not Step.HAND_OVER

    async def _handed(self, order: Order, handing: Handing) -> _Told:
        desk = self.sinks[handing.sink]
        part = share(order, handing)
        outcome = await desk.hand_over(part, tried=handing.tried)
        if isinstance(outcome, NotTaken) and outcome.for_good and handing.tried:
            # What was sent before may have come late.
            outcome = await self._stopped_for_good(desk, part.key, outcome)
        return _judged(handing, outcome)

    async def _stopped_for_good(
        self, desk: HandingDesk, key: OrderKey, refusal: NotTaken
    ) -> Outcome:
        try:
            await desk.cancel(key)
        except UpstreamError as error:
            return Unsure(error)
        return refusal

    async def _stop(self, turn: Turn) -> bool:
        going = [one for one in turn.order.handings if not one.done]
        told = await asyncio.gather(*(self._stopped(turn.order, one) for one in going))
        known = [one for one in told if one is not None]
        if known:
            await self.turns.keep(turn, lambda work, order: _all_stopped(work, order, known))
        return len(known) == len(going)

    async def _stopped(self, order: Order, handing: Handing) -> Handing | None:
        """Stopped; or taken, where it cannot be stopped any more; None while nobody knows."""
        if not handing.tried:
            return replace(handing, state=HandingState.STOPPED)
        try:
            await self.sinks[handing.sink].cancel(key_of(order, handing))
        except UpstreamRefused:
            return replace(handing, state=HandingState.TAKEN, error=None)
        except UpstreamError:
            return None
        return replace(handing, state=HandingState.STOPPED)

    async def _close(self, turn: Turn) -> bool:
        await self.turns.keep(turn, _closed)
        return True


def _tried(_work: Work, order: Order) -> Order:
    """Every part; which of them had been tried before, the turn still knows."""
    if order.state is not OrderState.PLACED:
        return order
    return replace(order, handings=tuple(replace(one, tried=True) for one in order.handings))


def _judged(handing: Handing, outcome: Outcome) -> _Told:
    match outcome:
        case Taken(order, since) if order.status is OrderStatus.CANCELLED:
            return _Told(
                replace(
                    handing,
                    tried=True,
                    state=HandingState.REFUSED,
                    reference=order.reference,
                    error=CANCELLED_UPSTREAM,
                ),
                since,
            )
        case Taken(order, since):
            taken = replace(
                handing,
                tried=True,
                state=HandingState.TAKEN,
                reference=order.reference,
                error=None,
            )
            return _Told(taken, since)
        case NotTaken(error):
            state = HandingState.REFUSED if outcome.for_good else HandingState.WAITING
            return _Told(replace(handing, tried=True, state=state, error=error.code))
        case Unsure(error):
            state = HandingState.UNSURE
            return _Told(replace(handing, tried=True, state=state, error=error.code))


def _handed_over(work: Work, order: Order, told: list[_Told]) -> Order:
    before = {(one.sink, one.attempt, one.state) for one in order.handings}
    for handing in (one.handing for one in told):
        order = with_handing(order, handing)
        if (handing.sink, handing.attempt, handing.state) not in before:
            work.tell(events.handing_told(order, handing))
    if order.state is not OrderState.PLACED:
        return order  # it is to be stopped by now
    if all(one.state in KEPT for one in order.handings if one.live):
        times = [one.since for one in told if one.since is not None]
        return sourced(work, order, since=max(times, default=work.now))
    return order


def _all_stopped(work: Work, order: Order, told: list[Handing]) -> Order:
    """Where all that does not stop is sure to be carried out, the order goes on with that."""
    before = {(one.sink, one.attempt, one.state) for one in order.handings}
    for one in told:
        order = with_handing(order, one)
        if (one.sink, one.attempt, one.state) not in before:
            work.tell(events.handing_told(order, one))
    staying = [one for one in order.handings if not one.done]
    if order.state is not OrderState.CANCELLING or not staying:
        return order
    if not all(one in told for one in staying):
        return order
    work.tell(events.cancel_refused(order))
    order = without_refused(work, replace(order, reason=None))
    return sourced(work, order, since=work.now)


def _closed(work: Work, order: Order) -> Order:
    if order.state is not OrderState.CANCELLING:
        return order
    ledger.give_back(work, order.number)
    give_back(work, order.number)
    return moved(work, order, OrderState.CANCELLED)
