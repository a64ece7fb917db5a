"""Webhooks: how far endpoints are, what they never took, and what was heard."""

import sqlalchemy as sa
from alembic import op

from app.store.instants import Instant

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Go on."""
    op.create_table(
        "webhook_endpoints",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("cursor", sa.Text),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("leased_until", Instant),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("failing_since", Instant),
        sa.Column("reason", sa.String(40)),
        sa.Column("delivered_at", Instant),
        sa.Column("disabled_at", Instant),
    )
    op.create_table(
        "webhook_letters",
        sa.Column("endpoint", sa.String(40), primary_key=True),
        sa.Column("id", sa.String(60), primary_key=True),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("failed_at", Instant, nullable=False),
    )
    op.create_index("ix_webhook_letters_failed_at", "webhook_letters", ["endpoint", "failed_at"])
    op.create_table(
        "webhook_received",
        sa.Column("connection", sa.String(40), primary_key=True),
        sa.Column("id", sa.String(128), primary_key=True),
        sa.Column("body", sa.LargeBinary),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("kept_until", Instant, nullable=False),
        sa.Column("due_at", Instant),
        sa.Column("leased_until", Instant),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
    )
    op.create_index("ix_webhook_received_due_at", "webhook_received", ["due_at"])


def downgrade() -> None:
    """Go back."""
    for table in ("webhook_received", "webhook_letters", "webhook_endpoints"):
        op.drop_table(table)
