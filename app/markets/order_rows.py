"""How are the fates of a marketplace's orders kept? It decides nothing."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, update

from app.markets.model import TROUBLED, Fate, Known
from app.markets.tables import market_orders
from app.orders.tables import orders
from app.ports import MarketOrderNumber, MarketOrderStatus
from app.store.statements import inserting

ORDERS = market_orders.c
LONGEST_REASON = 120
STOPPED = ("CANCELLED", "CANCELLING", "REFUSED")


def known(
    connection: Connection, name: str, numbers: Collection[str]
) -> dict[MarketOrderNumber, Known]:
    """What is kept of these orders."""
    mine = (ORDERS.connection == name, ORDERS.number.in_(sorted(numbers)))
    found = connection.execute(select(market_orders).where(*mine))
    return {MarketOrderNumber(row.number): _known(row) for row in found}


def to_ask(connection: Connection, name: str, now: datetime, most: int) -> list[Known]:
    """Orders that are to be read again, the longest due first."""
    due = (ORDERS.connection == name, ORDERS.ask_at <= now)
    question = select(market_orders).where(*due).order_by(ORDERS.ask_at, ORDERS.number)
    return [_known(row) for row in connection.execute(question.limit(most))]


def to_word(connection: Connection, name: str, now: datetime, most: int) -> list[Known]:
    """Orders of which the marketplace waits to hear that we have them."""
    due = (ORDERS.connection == name, ORDERS.word_at <= now)
    question = select(market_orders).where(*due).order_by(ORDERS.word_at, ORDERS.number)
    return [_known(row) for row in connection.execute(question.limit(most))]


def any_due(connection: Connection, name: str, now: datetime) -> bool:
    """Whether there is any of those."""
    due = or_(ORDERS.ask_at <= now, ORDERS.word_at <= now)
    question = select(ORDERS.number).where(ORDERS.connection == name, due).limit(1)
    return connection.execute(question).first() is not None


def put(connection: Connection, name: str, number: str, now: datetime, **values: Any) -> None:
    """Keep what is known of an order."""
    if values.get("reason") is not None:
        values["reason"] = values["reason"][:LONGEST_REASON]
    row = {"connection": name, "number": number, "attempts": 0, "first_at": now, **values}
    new = inserting(connection, market_orders).values(row)
    keys = [ORDERS.connection, ORDERS.number]
    connection.execute(new.on_conflict_do_update(index_elements=keys, set_=values))


def change(connection: Connection, name: str, number: str, **values: Any) -> None:
    """Keep something else of an order that is known."""
    mine = (ORDERS.connection == name, ORDERS.number == number)
    connection.execute(update(market_orders).where(*mine).values(values))


def ask(connection: Connection, name: str, numbers: Iterable[str], now: datetime) -> None:
    """Let orders be read, at once."""
    for number in numbers:
        row = {"connection": name, "number": number, "state": Fate.NEW, "first_at": now}
        new = inserting(connection, market_orders).values({**row, "attempts": 0, "ask_at": now})
        keys = [ORDERS.connection, ORDERS.number]
        connection.execute(new.on_conflict_do_update(index_elements=keys, set_={"ask_at": now}))


def ask_again(
    connection: Connection, name: str, now: datetime, number: str | None = None
) -> list[str]:
    """Let what could not be taken be read at once: all of it, or one; which that is."""
    mine = [ORDERS.connection == name, ORDERS.state.notin_([Fate.TAKEN, Fate.OVER])]
    if number is not None:
        mine = [ORDERS.connection == name, ORDERS.number == number]
    asked = update(market_orders).where(*mine).values(ask_at=now, attempts=0)
    return sorted(connection.scalars(asked.returning(ORDERS.number)))


def put_aside(connection: Connection, name: str, number: str) -> bool:
    """Let an order that could not be taken be over; whether there is such a one."""
    mine = (ORDERS.connection == name, ORDERS.number == number)
    aside = update(market_orders).where(*mine, ORDERS.state.in_(sorted(TROUBLED)))
    return bool(connection.execute(aside.values(state=Fate.OVER, ask_at=None)).rowcount)


def counted(
    connection: Connection, name: str, fates: Collection[Fate] = tuple(Fate)
) -> dict[str, int]:
    """How many orders there are of each fate; of those that stay, that is a long question."""
    mine = (ORDERS.connection == name, ORDERS.state.in_(sorted(fates)))
    question = select(ORDERS.state, func.count()).where(*mine).group_by(ORDERS.state)
    return {row[0]: row[1] for row in connection.execute(question)}


def troubled(connection: Connection, name: str) -> list[tuple[Known, str | None]]:
    """Orders that somebody has to look at, with the state of ours, the oldest first.

    They could not be taken; or we could not carry out what the marketplace still waits for, or
    still carry out what it has cancelled.
    """
    status, state = ORDERS.status, orders.c.state
    lost = (state.in_(STOPPED)) & (status != MarketOrderStatus.CANCELLED)
    going = (state.notin_(STOPPED)) & (status == MarketOrderStatus.CANCELLED)
    unheard = (ORDERS.state == Fate.TAKEN) & ORDERS.reason.is_not(None)
    question = (
        select(market_orders, state.label("ours"))
        .join(orders, orders.c.number == ORDERS.order, isouter=True)
        .where(ORDERS.connection == name)
        .where(or_(ORDERS.state.in_(sorted(TROUBLED)), lost, going, unheard))
        .order_by(ORDERS.first_at, ORDERS.number)
    )
    return [(_known(row), row.ours) for row in connection.execute(question)]


def _known(row: Row[Any]) -> Known:
    return Known(
        number=MarketOrderNumber(row.number),
        fate=Fate(row.state),
        status=None if row.status is None else MarketOrderStatus(row.status),
        order=row.order,
        reason=row.reason,
        attempts=row.attempts,
        first_at=row.first_at,
        worded=row.worded_at is not None,
    )
