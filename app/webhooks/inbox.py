"""What was heard? Kept before it is answered, each message once, and handed on under a lease."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select, update

from app.store import Work
from app.store.statements import inserting
from app.webhooks.tables import webhook_received

COLUMNS = webhook_received.c


@dataclass(frozen=True, slots=True)
class Heard:
    """A message in the hands of whoever has its lease."""

    connection: str
    id: str
    body: bytes
    fence: int
    attempts: int


def keep(work: Work, connection: str, id_: str, body: bytes, remember: timedelta) -> bool:
    """Keep a message to be handed on; False where it came before."""
    row = {
        "connection": connection,
        "id": id_,
        "body": body,
        "received_at": work.now,
        "kept_until": work.now + remember,
        "due_at": work.now,
        "fence": 0,
        "attempts": 0,
    }
    new = inserting(work.connection, webhook_received).values(row)
    once = new.on_conflict_do_nothing(index_elements=[COLUMNS.connection, COLUMNS.id])
    return bool(work.connection.execute(once).rowcount)


def any_due(connection: Connection, now: datetime) -> bool:
    """Whether anything is to be handed on, or to be forgotten."""
    over = and_(COLUMNS.due_at.is_(None), COLUMNS.kept_until <= now)
    question = select(COLUMNS.id).where(or_(_due(now), over)).limit(1)
    return connection.execute(question).first() is not None


def take(work: Work, until: datetime, most: int) -> list[Heard]:
    """Take the leases of some messages, the oldest first; forget those that are over."""
    over = and_(COLUMNS.due_at.is_(None), COLUMNS.kept_until <= work.now)
    work.connection.execute(delete(webhook_received).where(over))
    free = select(COLUMNS.connection, COLUMNS.id).where(_due(work.now)).order_by(COLUMNS.due_at)
    found = work.connection.execute(free.limit(most).with_for_update(skip_locked=True)).all()
    return [one for row in found if (one := _taken(work, row.connection, row.id, until))]


def done(work: Work, heard: Heard) -> None:
    """It was handed on: only its id is kept."""
    _put(work, heard, body=None, due_at=None, leased_until=None)


def failed(work: Work, heard: Heard, again: datetime) -> None:
    """It is to be handed on later."""
    _put(work, heard, due_at=again, leased_until=None, attempts=heard.attempts + 1)


def _taken(work: Work, connection: str, id_: str, until: datetime) -> Heard | None:
    taken = (
        update(webhook_received)
        .where(COLUMNS.connection == connection, COLUMNS.id == id_, _due(work.now))
        .values(leased_until=until, fence=COLUMNS.fence + 1)
        .returning(COLUMNS.body, COLUMNS.fence, COLUMNS.attempts)
    )
    row = work.connection.execute(taken).first()
    return None if row is None else Heard(connection, id_, row.body, row.fence, row.attempts)


def _put(work: Work, heard: Heard, **values: object) -> None:
    mine = and_(
        COLUMNS.connection == heard.connection,
        COLUMNS.id == heard.id,
        COLUMNS.fence == heard.fence,
    )
    work.connection.execute(update(webhook_received).where(mine).values(values))


def _due(now: datetime) -> ColumnElement[bool]:
    free = or_(COLUMNS.leased_until.is_(None), COLUMNS.leased_until <= now)
    return and_(COLUMNS.due_at <= now, free)
