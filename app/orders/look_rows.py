"""When are orders looked at next? A column of theirs; to move it on is to take the look."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, bindparam, exists, func, select, update

from app.orders import repository
from app.orders.model import HandingState, Order, OrderNumber
from app.orders.tables import handings, orders

AHEAD = 60  # looks that are brought forward at once; behind them orders come at their own pace
Later = tuple[OrderNumber, datetime | None]
"""When an order is looked at next; None: it is not any more."""


def any_due(connection: Connection, *, now: datetime) -> bool:
    """Whether there is an order to look at."""
    return connection.execute(_due(now).limit(1)).first() is not None


def claim(
    connection: Connection, *, now: datetime, until: datetime, most: int
) -> tuple[list[Order], list[OrderNumber]]:
    """Orders that are due, which others leave alone `until` then; and those that are unreadable."""
    due = _due(now).order_by(orders.c.look_at).limit(most)
    found = connection.execute(due.with_for_update(skip_locked=True))  # SQLite has one writer
    numbers = [OrderNumber(one) for one in found.scalars()]
    if not numbers:
        return [], []
    mine = orders.c.number.in_(numbers)
    connection.execute(update(orders).where(mine).values(look_at=until))
    return repository.readable(connection, numbers)


def put_off(connection: Connection, looks: Collection[Later], *, until: datetime) -> None:
    """Say when claimed orders are looked at next, but for those that got on meanwhile."""
    mine = update(orders).where(
        orders.c.number == bindparam("of"), orders.c.look_at == bindparam("was")
    )
    rows = [{"of": number, "was": until, "look_at": at} for number, at in _in_order(looks)]
    if rows:
        connection.execute(mine, rows)


def bring_forward(
    connection: Connection, sink: str, *, at: datetime, apart: timedelta, most: int
) -> None:
    """Let the orders that a sink has be looked at from `at` on: so many, and `apart` as many more.

    They keep their order, so saying it again moves nobody who waits; it is said of orders that
    would be looked at before `AHEAD` times `most` others are.
    """
    has = (handings.c.sink == sink, handings.c.state == HandingState.TAKEN)
    theirs = exists().where(handings.c.order == orders.c.number, *has)
    first = (orders.c.look_at, orders.c.number)
    waiting = select(orders.c.number).where(orders.c.look_at >= at, theirs).order_by(*first)
    numbers = connection.execute(waiting.limit(AHEAD * most)).scalars().all()
    for place in range(0, len(numbers), most):
        some = orders.c.number.in_(numbers[place : place + most])
        moved = update(orders).where(some, orders.c.look_at > at).values(look_at=at)
        connection.execute(moved)
        at += apart


def standing(connection: Connection) -> tuple[int, datetime | None]:
    """How many orders are followed, and when the first of them is due."""
    columns: Any = orders.c
    followed = select(func.count(), func.min(columns.look_at)).where(columns.look_at.is_not(None))
    count, first = connection.execute(followed).one()
    return int(count), first


def _in_order(looks: Iterable[Later]) -> list[Later]:
    """So that nobody waits in a circle."""
    return sorted(looks, key=lambda one: one[0])


def _due(now: datetime) -> Select[Any]:
    return select(orders.c.number).where(orders.c.look_at <= now)
