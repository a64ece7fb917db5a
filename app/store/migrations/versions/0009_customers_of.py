"""Whose a cart and an order is."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Go on."""
    op.add_column("carts", sa.Column("customer", sa.String(40)))
    op.create_index("ix_carts_customer", "carts", ["customer"])
    op.add_column("orders", sa.Column("customer", sa.String(40)))
    op.create_index("ix_orders_customer", "orders", ["customer", "placed_at"])


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_orders_customer", "orders")
    op.drop_column("orders", "customer")
    op.drop_index("ix_carts_customer", "carts")
    op.drop_column("carts", "customer")
