"""How far are endpoints, and what did they not take? It decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select, update

from app.store.statements import inserting
from app.webhooks.messages import Message
from app.webhooks.tables import webhook_endpoints, webhook_letters

ENDPOINTS, LETTERS = webhook_endpoints.c, webhook_letters.c
UNSEEN = -1  # whether there is more to tell is to be looked at


@dataclass(slots=True)
class Turn:
    """An endpoint in the hands of whoever has its lease; failures are those since a success."""

    name: str
    cursor: str | None
    fence: int
    attempts: int
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that was given up."""

    message: Message
    reason: str
    failed_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How an endpoint is doing."""

    name: str
    cursor: str | None
    delivered_at: datetime | None
    failing_since: datetime | None
    reason: str | None
    disabled_at: datetime | None


def known(connection: Connection, name: str) -> bool:
    """Whether an endpoint has been looked after before."""
    mine = select(ENDPOINTS.name).where(ENDPOINTS.name == name)
    return connection.execute(mine).first() is not None


def add(connection: Connection, name: str, cursor: str | None, at: datetime) -> None:
    """Begin to look after an endpoint, unless somebody has."""
    row = {"name": name, "cursor": cursor, "at": UNSEEN, "due_at": at, "fence": 0, "attempts": 0}
    new = inserting(connection, webhook_endpoints).values(row)
    connection.execute(new.on_conflict_do_nothing(index_elements=[ENDPOINTS.name]))


def due(connection: Connection, name: str, now: datetime, last: int) -> bool:
    """Whether there may be something to tell, and nobody is at it."""
    question = select(ENDPOINTS.name).where(_due(name, now), ENDPOINTS.at != last)
    return connection.execute(question).first() is not None


def is_at(connection: Connection, name: str, last: int) -> bool:
    """Whether an endpoint was told all there was, up to the end of the log."""
    question = select(ENDPOINTS.name).where(ENDPOINTS.name == name, ENDPOINTS.at == last)
    return connection.execute(question).first() is not None


def take(connection: Connection, name: str, now: datetime, until: datetime) -> Turn | None:
    """Take the lease of an endpoint; None where it is not due, or somebody else has it."""
    taken = (
        update(webhook_endpoints)
        .where(_due(name, now))
        .values(leased_until=until, fence=ENDPOINTS.fence + 1)
        .returning(ENDPOINTS.cursor, ENDPOINTS.fence, ENDPOINTS.attempts, ENDPOINTS.failing_since)
    )
    row = connection.execute(taken).first()
    if row is None:
        return None
    return Turn(name, row.cursor, row.fence, row.attempts, row.failing_since)


def put(connection: Connection, turn: Turn, **values: Any) -> bool:
    """Write how far an endpoint is; False where somebody else has its lease by now."""
    mine = and_(ENDPOINTS.name == turn.name, ENDPOINTS.fence == turn.fence)
    return bool(connection.execute(update(webhook_endpoints).where(mine).values(values)).rowcount)


def reset(connection: Connection, name: str, now: datetime, **values: Any) -> None:
    """Write how it is to go on, whoever is at it: that one's lease is over."""
    fresh = {"at": UNSEEN, "due_at": now, "leased_until": None, "attempts": 0}
    mine = update(webhook_endpoints).where(ENDPOINTS.name == name)
    fresh |= {"failing_since": None, "fence": ENDPOINTS.fence + 1, **values}
    connection.execute(mine.values(fresh))


def standing(connection: Connection, name: str) -> Standing:
    """How an endpoint is doing."""
    row = connection.execute(select(webhook_endpoints).where(ENDPOINTS.name == name)).first()
    if row is None:
        return Standing(name, None, None, None, None, None)
    return Standing(
        name, row.cursor, row.delivered_at, row.failing_since, row.reason, row.disabled_at
    )


def give_up(connection: Connection, name: str, letter: Letter) -> None:
    """Keep what was not taken."""
    row = {
        "endpoint": name,
        "id": letter.message.id,
        "kind": letter.message.kind,
        "body": letter.message.body,
        "reason": letter.reason,
        "failed_at": letter.failed_at,
    }
    new = inserting(connection, webhook_letters).values(row)
    connection.execute(new.on_conflict_do_nothing(index_elements=[LETTERS.endpoint, LETTERS.id]))


def letters(connection: Connection, name: str, most: int | None = None) -> Sequence[Letter]:
    """What an endpoint did not take, the oldest first."""
    question = select(webhook_letters).where(LETTERS.endpoint == name)
    return [
        Letter(Message(row.id, row.kind, row.body), row.reason, row.failed_at)
        for row in connection.execute(question.order_by(LETTERS.failed_at, LETTERS.id).limit(most))
    ]


def taken_after_all(connection: Connection, name: str, id_: str) -> None:
    """Forget a letter that was delivered."""
    mine = and_(LETTERS.endpoint == name, LETTERS.id == id_)
    connection.execute(delete(webhook_letters).where(mine))


def _due(name: str, now: datetime) -> ColumnElement[bool]:
    return and_(
        ENDPOINTS.name == name,
        ENDPOINTS.due_at <= now,
        ENDPOINTS.disabled_at.is_(None),
        or_(ENDPOINTS.leased_until.is_(None), ENDPOINTS.leased_until <= now),
    )
