"""Which part of an order its lines belong to, parts that took the place of others, closed carts."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Go on."""
    instant = sa.DateTime(timezone=True)
    op.add_column("orders", sa.Column("store", sa.String(40)))
    op.create_index("ix_orders_access", "orders", ["access"])
    op.add_column(
        "order_lines", sa.Column("part", sa.Integer(), nullable=False, server_default="0")
    )
    for column in (
        sa.Column("attempt", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("with_fee", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("expected_from", instant),
        sa.Column("expected_until", instant),
    ):
        op.add_column("handings", column)
    op.execute(sa.text("UPDATE handings SET with_fee = TRUE WHERE place = 0"))
    op.add_column("carts", sa.Column("order", sa.String(20)))


def downgrade() -> None:
    """Go back."""
    op.drop_column("carts", "order")
    for column in ("expected_until", "expected_from", "with_fee", "attempt"):
        op.drop_column("handings", column)
    op.drop_column("order_lines", "part")
    op.drop_index("ix_orders_access", "orders")
    op.drop_column("orders", "store")
