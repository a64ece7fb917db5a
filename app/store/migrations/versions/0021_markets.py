"""Marketplaces: how far they were read, what became of each order, and what they were told."""

import sqlalchemy as sa
from alembic import op

from app.store.instants import Instant

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Go on."""
    op.create_table(
        "market_sources",
        sa.Column("connection", sa.String(40), primary_key=True),
        sa.Column("cursor", sa.Text),
        sa.Column("trail", sa.JSON, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("leased_until", Instant),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("begun_at", Instant),
        sa.Column("nudged_at", Instant),
        sa.Column("polled_at", Instant),
        sa.Column("reason", sa.String(40)),
    )
    op.create_table(
        "market_orders",
        sa.Column("connection", sa.String(40), primary_key=True),
        sa.Column("number", sa.String(80), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20)),
        sa.Column("order", sa.String(20)),
        sa.Column("reason", sa.String(120)),
        sa.Column("ask_at", Instant),
        sa.Column("word_at", Instant),
        sa.Column("worded_at", Instant),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("first_at", Instant, nullable=False),
        sa.Column("judged_at", Instant),
    )
    for name in ("state", "ask_at", "word_at"):
        op.create_index(f"ix_market_orders_{name}", "market_orders", ["connection", name])
    op.create_table(
        "market_parcels",
        sa.Column("key", sa.String(40), primary_key=True),
        sa.Column("connection", sa.String(40), nullable=False),
        sa.Column("number", sa.String(80), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("due_at", Instant),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(40)),
        sa.Column("told_at", Instant),
    )
    op.create_index("ix_market_parcels_due_at", "market_parcels", ["connection", "due_at"])
    op.create_table(
        "market_shelves",
        sa.Column("connection", sa.String(40), primary_key=True),
        sa.Column("leased_until", Instant),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("epoch", sa.String(32)),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("looked_at", Instant),
        sa.Column("compared_at", Instant),
        sa.Column("paused_until", Instant),
        sa.Column("reason", sa.String(40)),
    )
    op.create_table(
        "market_listings",
        sa.Column("connection", sa.String(40), primary_key=True),
        sa.Column("sku", sa.String(100), primary_key=True),
        sa.Column("quantity", sa.Integer),
        sa.Column("price", sa.String(60)),
        sa.Column("wanted_quantity", sa.Integer),
        sa.Column("wanted_price", sa.String(60)),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(120)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("since", Instant),
        sa.Column("due_at", Instant),
        sa.Column("again_at", Instant),
        sa.Column("told_at", Instant),
        sa.Column("unknown_since", Instant),
        sa.Column("gone", sa.Boolean, nullable=False),
    )
    op.create_index("ix_market_listings_due_at", "market_listings", ["connection", "due_at"])


def downgrade() -> None:
    """Go back."""
    for table in ("listings", "shelves", "parcels", "orders", "sources"):
        op.drop_table(f"market_{table}")
