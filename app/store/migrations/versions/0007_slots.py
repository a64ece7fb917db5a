"""Slots of work, and who has a place in them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"


def upgrade() -> None:
    """Go on."""
    op.create_table(
        "slots",
        sa.Column("location", sa.String(100), nullable=False),
        sa.Column("begins", sa.BigInteger(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.CheckConstraint("most > 0", name=op.f("ck_slots_some")),
        sa.PrimaryKeyConstraint("location", "begins", name=op.f("pk_slots")),
    )
    op.create_table(
        "slot_places",
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("location", sa.String(100), nullable=False),
        sa.Column("begins", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("owner", "location", "begins", name=op.f("pk_slot_places")),
    )
    op.create_index("ix_slot_places_slot", "slot_places", ["location", "begins"])


def downgrade() -> None:
    """Go back."""
    for table in ("slot_places", "slots"):
        op.drop_table(table)
