"""What do orders keep of people, and how is it told and forgotten?"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, func, null, select, update

from app.orders import repository
from app.orders.tables import orders
from app.store import Work
from app.values import CustomerId

NOBODY = {"name": "", "email": "", "phone": None}
EVER = datetime(9999, 1, 1, tzinfo=UTC)
MOST = 10_000


def tell(connection: Connection, selves: Collection[CustomerId]) -> Any:
    """The orders of a person, as JSON."""
    found = repository.bought(connection, selves, until=EVER, most=MOST)
    return [msgspec.to_builtins(order) for order in found]


def forget(work: Work, selves: Collection[CustomerId]) -> bool:
    """Their orders are nobody's; whether all are, as one in progress needs to know whose it is."""
    theirs = orders.c.customer.in_(sorted(selves))
    settled = orders.c.due_at.is_(None)
    work.connection.execute(
        update(orders)
        .where(theirs, settled)
        .values(customer=None, buyer=NOBODY, address=null(), promise_token=None)
    )
    left = select(func.count()).select_from(orders).where(theirs)
    return not work.connection.scalar(left)
