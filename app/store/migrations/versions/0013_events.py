"""How far the log was swept, who follows one thing in it, and what partners were told."""

import sqlalchemy as sa
from alembic import op

from app.store.instants import Instant

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Go on."""
    op.add_column(
        "log_head", sa.Column("floor", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.create_index("ix_facts_entity", "facts", ["entity", "seq"])
    op.create_table(
        "assortments",
        sa.Column("partner", sa.String(40), primary_key=True),
        sa.Column("leased_until", Instant),
        sa.Column("leased_by", sa.String(32)),
        sa.Column("looked_at", Instant),
        sa.Column("acknowledged", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("acknowledged_at", Instant),
    )
    op.create_table(
        "assortment_items",
        sa.Column("partner", sa.String(40), primary_key=True),
        sa.Column("sku", sa.String(100), primary_key=True),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("available", sa.Integer()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("assortment_items")
    op.drop_table("assortments")
    op.drop_index("ix_facts_entity", "facts")
    op.drop_column("log_head", "floor")
