"""How does an order get on by what its systems say? Changes of one act each, with their facts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from app.availability import ledger
from app.loyalty import ordered as points
from app.orders import events
from app.orders.model import (
    FOLLOWED,
    Handing,
    HandingState,
    Order,
    OrderState,
    demand_of,
    key_of,
    part_left_out,
)
from app.orders.replacing import lines_of
from app.orders.turns import moved
from app.ports import OrderKey, OrderStatus
from app.store import Work

Told = Mapping[tuple[str, OrderKey], OrderStatus]
"""What sinks say of the parts that they have, by their names and our keys."""
TICK = timedelta(seconds=1)  # of most upstreams' clocks: a level of the same tick may be older
CANCELLED_UPSTREAM = "CANCELLED_UPSTREAM"
ENDS = {
    OrderStatus.COMPLETED: HandingState.COMPLETED,
    OrderStatus.CANCELLED: HandingState.REFUSED,
}


def with_handing(order: Order, changed: Handing) -> Order:
    """The order with one handing changed."""
    handings = tuple(
        changed if (one.sink, one.attempt) == (changed.sink, changed.attempt) else one
        for one in order.handings
    )
    return replace(order, handings=handings)


def followed(order: Order) -> list[Handing]:
    """The parts whose ends are not known."""
    return [one for one in order.handings if one.state is HandingState.TAKEN]


def carried(order: Order) -> list[Handing]:
    """The parts that the order goes on with."""
    return [one for one in order.handings if one.live and one not in order.left_out]


def news(order: Order, told: Told) -> list[Handing]:
    """Parts of which something new was said, as they are now."""
    if order.state not in FOLLOWED:
        return []
    return [
        _ended(one, ENDS[status])
        for one in followed(order)
        if (status := told.get((one.sink, key_of(order, one)))) in ENDS
    ]


def heard(work: Work, order: Order, told: Told) -> Order:
    """The order by what was said of it; a part that its system has cancelled is sourced again."""
    for one in news(order, told):
        order = with_handing(order, one)
        work.tell(events.handing_told(order, one))
    if order.state in FOLLOWED and order.refused:
        return moved(work, order, OrderState.PLACED)
    return got_on(work, order)


def got_on(work: Work, order: Order) -> Order:
    """An order that its systems have, as far as they have carried it out."""
    if order.state not in FOLLOWED or not order.begun:
        return order
    if all(one.state is HandingState.COMPLETED for one in carried(order)):
        return moved(work, order, OrderState.COMPLETED)
    if order.state is OrderState.SOURCED:
        return moved(work, order, OrderState.IN_FULFILMENT)
    return order


def sourced(work: Work, order: Order, *, since: datetime) -> Order:
    """An order whose systems have all of it that they will have, as of a time of their clocks."""
    ledger.known(work, order.number, since=since + TICK)
    return got_on(work, moved(work, order, OrderState.SOURCED))


def without_refused(work: Work, order: Order) -> Order:
    """The order, which goes on without what was refused or stopped: that goes back, once."""
    for one in order.refused:
        order = with_handing(order, stopped := replace(one, state=HandingState.STOPPED))
        work.tell(events.handing_told(order, stopped))
    if ledger.keep(work, order.number, demand_of(lines_of(carried(order)))):
        points.undone(work, order.number, order.points, part=part_left_out(order))
        work.tell(events.shortened(order))
    return order


def _ended(handing: Handing, state: HandingState) -> Handing:
    error = CANCELLED_UPSTREAM if state is HandingState.REFUSED else None
    return replace(handing, state=state, error=error)
