"""What do appointments keep of people, and how is it told and forgotten?"""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.appointments import events, repository
from app.store import Work
from app.values import CustomerId


def tell(connection: Connection, selves: Collection[CustomerId]) -> Any:
    """All that a person ever had, as JSON."""
    return [msgspec.to_builtins(asdict(one)) for one in repository.of(connection, selves)]


def forget(work: Work, selves: Collection[CustomerId]) -> bool:
    """Those to come are cancelled, and all of them go; what past ones took is nobody's."""
    found = repository.of(work.connection, selves, locked=True)
    coming = [one for one in found if one.cancelled_at is None and one.starts > work.now]
    for one in coming:
        repository.shift(work.connection, one.places, (), most=0)
        work.tell(events.cancelled(one))
    repository.drop(work.connection, [one.id for one in found])
    return True
