"""When the systems of an order are asked next how far they are."""

import sqlalchemy as sa
from alembic import op

from app.store.instants import Instant

revision = "0022"
down_revision = "0021"
FOLLOWED = sa.text("look_at IS NOT NULL")


def upgrade() -> None:
    """Go on; what systems have by now is looked at soon, if it is not too old."""
    op.add_column("orders", sa.Column("look_at", Instant))
    op.execute("UPDATE orders SET look_at = placed_at WHERE state IN ('SOURCED', 'IN_FULFILMENT')")
    op.create_index(
        "ix_orders_look_at",
        "orders",
        ["look_at"],
        sqlite_where=FOLLOWED,
        postgresql_where=FOLLOWED,
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_orders_look_at", "orders")
    op.drop_column("orders", "look_at")
