"""Appointments in stores, and the time of staff that they take."""

import sqlalchemy as sa
from alembic import op

from app.store.instants import Instant

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Go on."""
    op.create_table(
        "appointments",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("customer", sa.String(40), nullable=False),
        sa.Column("location", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("team", sa.String(40), nullable=False),
        sa.Column("starts", Instant, nullable=False),
        sa.Column("ends", Instant, nullable=False),
        sa.Column("booked_at", Instant, nullable=False),
        sa.Column("cancelled_at", Instant),
    )
    op.create_index("ix_appointments_customer", "appointments", ["customer", "starts"])
    op.create_index("ix_appointments_location", "appointments", ["location", "starts"])
    op.create_table(
        "appointment_places",
        sa.Column("location", sa.String(40), primary_key=True),
        sa.Column("team", sa.String(40), primary_key=True),
        sa.Column("begins", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("taken", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("appointment_places")
    op.drop_table("appointments")
