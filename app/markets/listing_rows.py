"""How is what a marketplace shows kept, and what it is to show? It decides nothing."""

from collections.abc import Collection, Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, or_, select, update

from app.markets.model import ListingState, Shown
from app.markets.tables import market_listings
from app.store.statements import inserting
from app.values import Sku

ROWS = market_listings.c
FIELDS = tuple(one.name for one in fields(Shown))
LONGEST_REASON = 120
AT_ONCE = 500


def shown(connection: Connection, name: str, skus: Collection[Sku]) -> dict[Sku, Shown]:
    """What is kept of some SKUs; the rows stay as they are until the transaction ends."""
    mine = (ROWS.connection == name, ROWS.sku.in_(sorted(skus)))
    question = select(market_listings).where(*mine).order_by(ROWS.sku).with_for_update()
    return {Sku(row.sku): _shown(row) for row in connection.execute(question)}


def page(connection: Connection, name: str, *, after: str, first: int) -> list[Shown]:
    """Listings in the order of their SKUs, after one of them."""
    mine = (ROWS.connection == name, ROWS.sku > after)
    found = select(market_listings).where(*mine).order_by(ROWS.sku).limit(first)
    return [_shown(row) for row in connection.execute(found)]


def due(connection: Connection, name: str, now: datetime, most: int) -> list[Shown]:
    """Listings that are to be told, those that differ for the longest time first; as above."""
    mine = (ROWS.connection == name, ROWS.due_at <= now)
    question = select(market_listings).where(*mine).order_by(ROWS.since, ROWS.sku).limit(most)
    return [_shown(row) for row in connection.execute(question.with_for_update())]


def any_due(connection: Connection, name: str, now: datetime) -> bool:
    """Whether there is any of those."""
    question = select(ROWS.sku).where(ROWS.connection == name, ROWS.due_at <= now).limit(1)
    return connection.execute(question).first() is not None


def behind(connection: Connection, name: str) -> tuple[int, datetime | None]:
    """How many listings are to be told, and since when the first of them."""
    mine = (ROWS.connection == name, ROWS.due_at.is_not(None))
    count, since = connection.execute(select(func.count(), func.min(ROWS.since)).where(*mine)).one()
    return count, since


def counted(connection: Connection, name: str) -> dict[str, int]:
    """How many listings there are in each state."""
    question = select(ROWS.state, func.count()).where(ROWS.connection == name)
    found = connection.execute(question.group_by(ROWS.state)).all()
    return {row[0]: row[1] for row in found}


def troubled(connection: Connection, name: str) -> list[Shown]:
    """Listings that the marketplace does not take as they are, or has yet to hear of."""
    refused = (ROWS.state == ListingState.REFUSED) | ROWS.due_at.is_not(None)
    question = select(market_listings).where(ROWS.connection == name, refused).order_by(ROWS.sku)
    return [_shown(row) for row in connection.execute(question)]


def put(connection: Connection, name: str, rows: Iterable[Shown]) -> None:
    """Keep listings in the place of those that were."""
    told = [{"connection": name, **_row(one)} for one in rows]
    if told:
        insert = inserting(connection, market_listings)
        keys = [ROWS.connection, ROWS.sku]
        news = {key: insert.excluded[key] for key in FIELDS if key != "sku"}
        connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=news), told)


def drop(connection: Connection, name: str, skus: Collection[Sku]) -> None:
    """Forget listings."""
    mine = (ROWS.connection == name, ROWS.sku.in_(sorted(skus)))
    connection.execute(delete(market_listings).where(*mine))


def leave(connection: Connection, name: str, seen: Collection[Sku], now: datetime) -> None:
    """Let nothing be sold of what is not among those that were seen."""
    there = {sku for (sku,) in connection.execute(select(ROWS.sku).where(ROWS.connection == name))}
    gone = sorted(there - set(seen))
    for start in range(0, len(gone), AT_ONCE):
        mine = (ROWS.connection == name, ROWS.sku.in_(gone[start : start + AT_ONCE]))
        late = update(market_listings).where(*mine, ROWS.again_at <= now)
        connection.execute(late.values(quantity=None, again_at=None))
        over = (ROWS.quantity == 0, ROWS.again_at.is_(None), ROWS.due_at.is_(None))
        connection.execute(delete(market_listings).where(*mine, *over))
        some = or_(ROWS.quantity.is_(None), ROWS.quantity != 0)
        since, due_at = func.coalesce(ROWS.since, now), func.coalesce(ROWS.due_at, now)
        out = update(market_listings).where(*mine, some)
        connection.execute(out.values(wanted_quantity=0, since=since, due_at=due_at, gone=True))


def unsettle(connection: Connection, name: str, skus: Collection[Sku], now: datetime) -> None:
    """Nobody knows any more how many of these a marketplace shows: let them be told anew."""
    if not skus:
        return
    mine = (ROWS.connection == name, ROWS.sku.in_(sorted(skus)))
    out = update(market_listings).where(*mine)
    since, late = func.coalesce(ROWS.since, now), func.coalesce(ROWS.due_at, now)
    values = {"quantity": None, "version": ROWS.version + 1, "since": since, "due_at": late}
    connection.execute(out.values(values))


def forget(connection: Connection, name: str, now: datetime) -> int:
    """Nobody knows any more what a marketplace shows: let all of it be told anew."""
    values: dict[str, Any] = {"quantity": None, "price": None, "version": ROWS.version + 1}
    values |= {"since": func.coalesce(ROWS.since, now), "due_at": now, "attempts": 0}
    out = update(market_listings).where(ROWS.connection == name).values(values)
    return connection.execute(out).rowcount


def _shown(row: Row[Any]) -> Shown:
    told = {key: getattr(row, key) for key in FIELDS}
    return Shown(**{**told, "sku": Sku(row.sku), "state": ListingState(row.state)})


def _row(one: Shown) -> dict[str, Any]:
    told = {key: getattr(one, key) for key in FIELDS}
    reason = one.reason
    return {**told, "reason": None if reason is None else reason[:LONGEST_REASON]}
