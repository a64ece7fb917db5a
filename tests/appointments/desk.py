"""A desk that gives appointments, in stores of the tests' own."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Connection, select

from app.appointments.changing import Request
from app.appointments.model import GRAIN, Appointment, AppointmentState
from app.appointments.repository import between
from app.appointments.service import AppointmentService
from app.appointments.tables import appointment_places
from app.locations.service import LocationService
from app.principals.model import THE_HOUSE, Viewer
from app.settings import Appointments, Location
from app.store import Store
from app.store.keys import Once
from app.values import CustomerId, LocationCode

ADA, EVE = CustomerId("ada"), CustomerId("eve")
MIL, OFF, FEW = LocationCode("ST-MIL"), LocationCode("ST-OFF"), LocationCode("ST-FEW")
NUMBERS = count()
NOW = datetime.fromisoformat("2026-10-20T08:00:00+00:00")  # a Tuesday, ten o'clock in Milan
WEEKDAYS = "Mo-Sa 10:00-13:00,14:00-19:00; PH off"
TERMS = Appointments.model_validate(
    {
        "notice": "PT2H",
        "ahead": "P30D",
        "most_each": 3,
        "step": 15,
        "teams": {
            "stylists": {"at_once": {"ST-FEW": 1, "ST-*": 2}},
            "tailors": {"at_once": {"ST-MIL": 1}},
        },
        "kinds": {
            "STYLING": {"label": "Styling", "length": "PT45M", "team": "stylists"},
            "BRIDAL": {"label": "Bridal", "length": "PT90M", "team": "stylists"},
            "FITTING": {"label": "Fitting", "length": "PT20M", "team": "stylists"},
            "ALTERATION": {"label": "Alteration", "length": "PT20M", "team": "tailors"},
        },
    }
)


def a_store(hours: str = WEEKDAYS, zone: str = "Europe/Rome", **changes: Any) -> Location:
    return Location.model_validate(
        {
            "kind": "STORE",
            "country": "IT",
            "opening_hours": hours,
            "time_zone": zone,
            "services": ["APPOINTMENT"],
            **changes,
        }
    )


STORES = {MIL: a_store(), FEW: a_store(), OFF: a_store(services=["PICKUP"])}


def a_desk(
    store: Store, terms: Appointments = TERMS, stores: dict[LocationCode, Location] = STORES
) -> AppointmentService:
    places = LocationService({}, configured=stores, timeout=lambda _name: timedelta(seconds=1))
    return AppointmentService(
        store=store, terms=terms, locations=places, selves=lambda _connection, one: {one}
    )


def asked(
    by: CustomerId | None = ADA, *, key: str | None = None, now: datetime = NOW, what: str = ""
) -> Request:
    """Somebody asks; None is the house."""
    viewer = THE_HOUSE if by is None else Viewer(selves=frozenset({by}))
    once = Once(scope=f"appointments:{by}", key=key or f"key-{next(NUMBERS)}", digest=what)
    return Request(now=now, by=viewer, once=once)


def at(local: str) -> datetime:
    """A time with its offset."""
    return datetime.fromisoformat(local)


@dataclass
class Books:
    """What stands in the store."""

    booked: list[Appointment]
    taken: dict[tuple[str, int], int] = field(default_factory=dict)

    def counted(self) -> dict[tuple[str, int], int]:
        """By team and grain, how many appointments take place in it."""
        counts: dict[tuple[str, int], int] = {}
        for one in self.booked:
            for begins in range(int(one.starts.timestamp()), int(one.ends.timestamp()), GRAIN):
                counts[one.team, begins] = counts.get((one.team, begins), 0) + 1
        return counts


async def books(store: Store, location: LocationCode = MIL) -> Books:
    def read(connection: Connection) -> Books:
        ever = (NOW - timedelta(days=400), NOW + timedelta(days=400))
        every = between(connection, location, ever)
        columns = appointment_places.c
        rows = connection.execute(select(appointment_places).where(columns.location == location))
        return Books(
            [one for one in every if one.state is AppointmentState.BOOKED],
            {(row.team, row.begins): row.taken for row in rows if row.taken},
        )

    return await store.read(read)
