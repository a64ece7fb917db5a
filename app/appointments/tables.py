"""What do we keep of appointments, and of the time that they take?"""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from app.store.instants import Instant
from app.store.tables import metadata
from app.values import LONGEST_CODE

appointments = Table(
    "appointments",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("customer", String(40), nullable=False),
    Column("location", String(LONGEST_CODE), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("team", String(40), nullable=False),
    Column("starts", Instant, nullable=False),
    Column("ends", Instant, nullable=False),
    Column("booked_at", Instant, nullable=False),
    Column("cancelled_at", Instant),
    Index("ix_appointments_customer", "customer", "starts"),
    Index("ix_appointments_location", "location", "starts"),
)

# How many appointments a team has in each five minutes. Whoever takes some changes the rows only
# where there is room, so that there are never more than its staff can see to.
appointment_places = Table(
    "appointment_places",
    metadata,
    Column("location", String(LONGEST_CODE), primary_key=True),
    Column("team", String(40), primary_key=True),
    Column("begins", BigInteger, primary_key=True, autoincrement=False),
    Column("taken", Integer, nullable=False),
)
