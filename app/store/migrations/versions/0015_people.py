"""What people say of themselves, wish for and agree to, and what they want of their data."""

import sqlalchemy as sa
from alembic import op

from app.store.instants import Instant

revision = "0015"
down_revision = "0014"
CUSTOMER = "customers.id"


def upgrade() -> None:
    """Go on."""
    op.add_column("customers", sa.Column("sizes", sa.JSON, nullable=False, server_default="{}"))
    op.add_column("customers", sa.Column("notes", sa.Text))
    op.create_table(
        "refused_identities",
        sa.Column("customer", sa.String(40), sa.ForeignKey(CUSTOMER), primary_key=True),
        sa.Column("system", sa.String(80), primary_key=True),
        sa.Column("external", sa.String(120), primary_key=True),
    )
    op.create_table(
        "consents",
        sa.Column("customer", sa.String(40), sa.ForeignKey(CUSTOMER), primary_key=True),
        sa.Column("purpose", sa.String(40), primary_key=True),
        sa.Column("channel", sa.String(20), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("granted", sa.Boolean, nullable=False),
        sa.Column("by", sa.String(20), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("wording", sa.String(200)),
        sa.Column("at", Instant, nullable=False),
    )
    op.create_table(
        "wishes",
        sa.Column("customer", sa.String(40), sa.ForeignKey(CUSTOMER), primary_key=True),
        sa.Column("sku", sa.String(100), primary_key=True),
        sa.Column("wished_at", Instant, nullable=False),
    )
    _requests()


def downgrade() -> None:
    """Go back."""
    for table in (
        *("privacy_receipts", "privacy_requests"),
        *("wishes", "consents", "refused_identities"),
    ):
        op.drop_table(table)
    op.drop_column("customers", "notes")
    op.drop_column("customers", "sizes")


def _requests() -> None:
    op.create_table(
        "privacy_requests",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("asked", sa.String(64), nullable=False, unique=True),
        sa.Column("customer", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("subject", sa.JSON),
        sa.Column("unresolved", sa.Integer, nullable=False),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("done_at", Instant),
        sa.Column("expires_at", Instant),
        sa.Column("due_at", Instant),
        sa.Column("leased_until", Instant),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
    )
    op.create_index("ix_privacy_requests_customer", "privacy_requests", ["customer"])
    op.create_index("ix_privacy_requests_due_at", "privacy_requests", ["due_at"])
    op.create_table(
        "privacy_receipts",
        sa.Column("request", sa.String(40), sa.ForeignKey("privacy_requests.id"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("system", sa.String(80), nullable=False),
        sa.Column("task", sa.String(20), nullable=False),
        sa.Column("external", sa.String(120)),
        sa.Column("done_at", Instant),
        sa.Column("reason", sa.String(60)),
        sa.Column("kept", sa.JSON, nullable=False),
        sa.Column("documents", sa.JSON),
    )
