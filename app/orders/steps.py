"""How is each thing done that an order needs outside? Calls first, then one change under the lease.

A step returns whether the order got on. Failures of upstreams never leave: the step is done again
later, by whoever has the lease then, and every call has the order's key.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.availability import ledger
from app.errors import UpstreamError, UpstreamRefused
from app.orders import events
from app.orders.charging import Charging
from app.orders.model import (
    CancelReason,
    Handing,
    HandingState,
    Order,
    OrderState,
    Step,
    share,
    with_handing,
)
from app.orders.turns import Turn, Turns, moved
from app.ports import OrderStatus
from app.store import Work
from app.upstream.handing import HandingDesk, NotTaken, Outcome, Taken, Unsure
from app.values import LocationCode

Route = Callable[[LocationCode], str | None]
"""Which sink takes orders for a location."""
TICK = timedelta(seconds=1)  # of most upstreams' clocks: a level of the same tick may be older
OPEN = frozenset({HandingState.WAITING, HandingState.UNSURE})


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
    route: Route
    charging: Charging

    async def do(self, step: Step, turn: Turn) -> bool:
        """Whether the order got on by the step."""
        doing: Mapping[Step, Callable[[Turn], Awaitable[bool]]] = {
            Step.PAY: self.charging.pay,
            Step.HAND_OVER: self._hand_over,
            Step.CAPTURE: self.charging.capture,
            Step.STOP: self._stop,
            Step.LET_GO: self.charging.let_go,
            Step.CLOSE: self._close,
        }
        return await doing[step](turn)

    async def _hand_over(self, turn: Turn) -> bool:
        """Before a part is handed over for the first time, that it will be is kept."""
        waiting = [one for one in turn.order.handings if one.state in OPEN]
        if not turn.told and any(not one.tried for one in waiting):
            await self.turns.keep(turn, _tried)
            if turn.order.state is not OrderState.PLACED:
                return True  # it is to be stopped by now
        told = await asyncio.gather(*(self._handed(turn.order, one) for one in waiting))
        await self.turns.keep(turn, lambda work, order: _handed_over(work, order, told))
        return turn.order.state is not OrderState.PLACED

    async def _handed(self, order: Order, handing: Handing) -> _Told:
        desk = self.sinks[handing.sink]
        lines = tuple(one for one in order.lines if self.route(one.location) == handing.sink)
        outcome = await desk.hand_over(share(order, handing.sink, lines), tried=handing.tried)
        if isinstance(outcome, NotTaken) and outcome.for_good and handing.tried:
            # What was sent before may have come late.
            outcome = await self._stopped_for_good(desk, order, outcome)
        return _judged(handing, outcome)

    async def _stopped_for_good(
        self, desk: HandingDesk, order: Order, refusal: NotTaken
    ) -> Outcome:
        try:
            await desk.cancel(order.key)
        except UpstreamError as error:
            return Unsure(error)
        return refusal

    async def _stop(self, turn: Turn) -> bool:
        going = [one for one in turn.order.handings if not one.done]
        told = await asyncio.gather(*(self._stopped(turn.order, one) for one in going))
        refused = any(isinstance(one, UpstreamRefused) for one in told)
        stopped = [one for one in told if isinstance(one, Handing)]
        if refused or stopped:
            await self.turns.keep(
                turn, lambda work, order: _all_stopped(work, order, stopped, refused=refused)
            )
        return len(stopped) == len(going) or refused

    async def _stopped(self, order: Order, handing: Handing) -> Handing | UpstreamError:
        if not handing.tried:
            return replace(handing, state=HandingState.STOPPED)
        try:
            await self.sinks[handing.sink].cancel(order.key)
        except UpstreamError as error:
            return error
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
                    error="CANCELLED_UPSTREAM",
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
    before = {one.sink: one for one in order.handings}
    for one in told:
        order = with_handing(order, one.handing)
        if one.handing.state is not before[one.handing.sink].state:
            work.tell(events.handing_told(order, one.handing))
    if order.state is not OrderState.PLACED:
        return order  # it is to be stopped by now
    states = {one.state for one in order.handings}
    if HandingState.REFUSED in states:
        order = replace(order, reason=CancelReason.REFUSED_UPSTREAM)
        return moved(work, order, OrderState.CANCELLING)
    if states == {HandingState.TAKEN}:
        times = [one.since for one in told if one.since is not None]
        ledger.known(work, order.number, since=max(times, default=work.now) + TICK)
        return moved(work, order, OrderState.SOURCED)
    return order


def _all_stopped(work: Work, order: Order, stopped: list[Handing], *, refused: bool) -> Order:
    for one in stopped:
        order = with_handing(order, one)
        work.tell(events.handing_told(order, one))
    if refused and order.state is OrderState.CANCELLING:
        work.tell(events.cancel_refused(order))
        return moved(work, replace(order, reason=None), OrderState.SOURCED)
    return order


def _closed(work: Work, order: Order) -> Order:
    if order.state is not OrderState.CANCELLING:
        return order
    ledger.give_back(work, order.number)
    return moved(work, order, OrderState.CANCELLED)
