"""What is written of appointments? Fetches and keeps; decides nothing."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, tuple_, update

from app.appointments.model import Appointment, AppointmentId, Place
from app.appointments.tables import appointment_places, appointments
from app.store.statements import inserting
from app.values import CustomerId, LocationCode

PAST = timedelta(days=2)  # no clock is that far behind
Spot = tuple[datetime, AppointmentId]
"""Where an appointment stands in the list of a location."""
NAMES = tuple(column.name for column in appointments.columns)


def add(connection: Connection, one: Appointment) -> None:
    """Write a new one."""
    connection.execute(insert(appointments), [_row(one)])


def put(connection: Connection, one: Appointment) -> None:
    """Write what it is now."""
    mine = update(appointments).where(appointments.c.id == one.id)
    connection.execute(mine.values(_row(one)))


def find(connection: Connection, id_: AppointmentId, *, locked: bool = False) -> Appointment | None:
    """One of them; `locked`: nobody else changes it until the transaction ends."""
    asked = select(appointments).where(appointments.c.id == id_)
    row = connection.execute(asked.with_for_update() if locked else asked).one_or_none()
    return None if row is None else _appointment(row)


def find_all(connection: Connection, ids: Collection[AppointmentId]) -> list[Appointment]:
    """Those of these that there are."""
    asked = select(appointments).where(appointments.c.id.in_(sorted(ids)))
    return [_appointment(row) for row in connection.execute(asked)]


def of(
    connection: Connection, selves: Collection[CustomerId], *, locked: bool = False
) -> list[Appointment]:
    """All that somebody ever had; `locked` in one order."""
    mine = appointments.c.customer.in_(sorted(selves))
    asked = select(appointments).where(mine).order_by(appointments.c.id)
    rows = connection.execute(asked.with_for_update() if locked else asked)
    return [_appointment(row) for row in rows]


def to_come(
    connection: Connection, selves: Collection[CustomerId], *, now: datetime, most: int
) -> list[Appointment]:
    """Those of somebody that take place and are not over, the soonest first."""
    asked = select(appointments).where(_to_come(selves, now))
    rows = connection.execute(asked.order_by(appointments.c.starts, appointments.c.id).limit(most))
    return [_appointment(row) for row in rows]


def count_to_come(connection: Connection, selves: Collection[CustomerId], *, now: datetime) -> int:
    """How many those are."""
    asked = select(func.count()).select_from(appointments).where(_to_come(selves, now))
    counted: int = connection.execute(asked).scalar_one()
    return counted


def between(
    connection: Connection,
    location: LocationCode,
    times: tuple[datetime, datetime],
    *,
    after: Spot | None = None,
    most: int | None = None,
) -> list[Appointment]:
    """Those that begin at a location between two times, in order; of those after a place, some."""
    columns, (begins, ends) = appointments.c, times
    asked = select(appointments).where(
        columns.location == location, columns.starts >= begins, columns.starts < ends
    )
    if after is not None:
        asked = asked.where(tuple_(columns.starts, columns.id) > tuple_(*after))
    rows = connection.execute(asked.order_by(columns.starts, columns.id).limit(most))
    return [_appointment(row) for row in rows]


def drop(connection: Connection, ids: Collection[AppointmentId]) -> None:
    """Forget some of them."""
    connection.execute(delete(appointments).where(appointments.c.id.in_(sorted(ids))))


def taken(
    connection: Connection, location: LocationCode, team: str, begins: int, ends: int
) -> dict[int, int]:
    """How many appointments a team has in each grain between two times; none is left out."""
    columns = appointment_places.c
    asked = select(columns.begins, columns.taken).where(
        columns.location == location,
        columns.team == team,
        columns.begins >= begins,
        columns.begins < ends,
    )
    return {row.begins: row.taken for row in connection.execute(asked)}


def shift(
    connection: Connection,
    let_go: Collection[Place],
    wanted: Collection[Place],
    *,
    most: int,
) -> bool:
    """Take places and let others go, in one statement and in one order.

    False where one of the wanted has `most` already: then the transaction has to be undone.
    """
    changes = [place._asdict() | {"taken": 1} for place in set(wanted) - set(let_go)]
    changes += [place._asdict() | {"taken": -1} for place in set(let_go) - set(wanted)]
    if not changes:
        return True
    columns = appointment_places.c
    rows = sorted(changes, key=lambda row: (row["location"], row["team"], row["begins"]))
    change = inserting(connection, appointment_places).values(rows)
    after = columns.taken + change.excluded.taken
    written = change.on_conflict_do_update(
        index_elements=[columns.location, columns.team, columns.begins],
        set_={"taken": after},
        where=or_(change.excluded.taken < 0, after <= most),
    ).returning(columns.begins)
    return len(connection.execute(written).all()) == len(rows)


def drop_past(connection: Connection, location: LocationCode, *, now: datetime) -> None:
    """Forget what was taken long ago."""
    columns = appointment_places.c
    past = int((now - PAST).timestamp())
    old = delete(appointment_places).where(columns.location == location, columns.begins < past)
    connection.execute(old)


def _to_come(selves: Collection[CustomerId], now: datetime) -> Any:
    columns = appointments.c
    mine = columns.customer.in_(sorted(selves))
    return mine & columns.cancelled_at.is_(None) & (columns.ends > now)


def _row(one: Appointment) -> dict[str, Any]:
    return {name: getattr(one, name) for name in NAMES}


def _appointment(row: Any) -> Appointment:
    return Appointment(**{name: getattr(row, name) for name in NAMES})
