"""What partners order, at what prices; whom a fact is told to, and when a key was last used."""

import sqlalchemy as sa
from alembic import op

from app.store.instants import Instant

revision = "0020"
down_revision = "0019"
TOLD = sa.text("party IS NOT NULL")


def upgrade() -> None:
    """Go on."""
    op.add_column("facts", sa.Column("party", sa.String(40)))
    op.create_index(
        "ix_facts_party", "facts", ["party", "seq"], sqlite_where=TOLD, postgresql_where=TOLD
    )
    op.add_column("orders", sa.Column("partner", sa.String(40)))
    op.add_column("orders", sa.Column("reference", sa.String(80)))
    op.create_index("ix_orders_partner_reference", "orders", ["partner", "reference"], unique=True)
    op.create_index("ix_orders_partner_placed_at", "orders", ["partner", "placed_at"])
    op.add_column(
        "assortment_items", sa.Column("prices", sa.JSON(), nullable=False, server_default="[]")
    )
    op.add_column("api_keys", sa.Column("name", sa.String(40)))
    op.add_column("api_keys", sa.Column("last_used_at", Instant))


def downgrade() -> None:
    """Go back."""
    op.drop_column("api_keys", "last_used_at")
    op.drop_column("api_keys", "name")
    op.drop_column("assortment_items", "prices")
    op.drop_index("ix_orders_partner_placed_at", "orders")
    op.drop_index("ix_orders_partner_reference", "orders")
    op.drop_column("orders", "reference")
    op.drop_column("orders", "partner")
    op.drop_index("ix_facts_party", "facts")
    op.drop_column("facts", "party")
