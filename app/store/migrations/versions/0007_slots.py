"""Slots of work, who has a place in them, and bundles."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


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
    op.add_column("carts", sa.Column("held", sa.JSON(), nullable=False, server_default="[]"))
    parts = sa.Column("components", sa.JSON(), nullable=False, server_default="[]")
    op.add_column("order_lines", parts)


def downgrade() -> None:
    """Go back."""
    op.drop_column("order_lines", "components")
    op.drop_column("carts", "held")
    for table in ("slot_places", "slots"):
        op.drop_table(table)
