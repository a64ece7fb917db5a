"""Who works for a marketplace now? Whoever has the lease; a fence tells later holders from earlier.

Every change under a lease checks its fence, so a process that wakes up late changes nothing.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, or_, select, update

from app.errors import GatewayError
from app.store import Work
from app.store.statements import inserting


class LeaseLostError(GatewayError):
    """Somebody else is at it by now; nothing was changed."""


def add(connection: Connection, table: Table, name: str, **values: Any) -> None:
    """Begin to work for a marketplace, unless somebody has."""
    row = {"connection": name, "fence": 0, "attempts": 0, **values}
    new = inserting(connection, table).values(row)
    connection.execute(new.on_conflict_do_nothing(index_elements=[table.c.connection]))


def free(connection: Connection, table: Table, name: str, now: datetime) -> Any | None:
    """The row of a marketplace that nobody is at; None while somebody is."""
    until = table.c.leased_until
    mine = (table.c.connection == name, or_(until.is_(None), until <= now))
    return connection.execute(select(table).where(*mine)).one_or_none()


def there(connection: Connection, table: Table, name: str) -> bool:
    """Whether anybody has worked for a marketplace before."""
    return (
        connection.execute(select(table.c.connection).where(table.c.connection == name)).first()
        is not None
    )


def take(connection: Connection, table: Table, name: str, now: datetime, until: datetime) -> Any:
    """Take the lease: the row as it is then, or None while somebody else has it."""
    ends = table.c.leased_until
    mine = (table.c.connection == name, or_(ends.is_(None), ends <= now))
    taken = update(table).where(*mine).values(leased_until=until, fence=table.c.fence + 1)
    return connection.execute(taken.returning(table)).one_or_none()


def put(work: Work, table: Table, name: str, fence: int, **values: Any) -> None:
    """Write, as long as the lease is ours.

    Raises:
        LeaseLostError: it is not.
    """
    mine = (table.c.connection == name, table.c.fence == fence)
    if not work.connection.execute(update(table).where(*mine).values(values)).rowcount:
        raise LeaseLostError(name)
