"""Orders, their lines, payments and handings."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

AMOUNT = 40


def upgrade() -> None:
    """Go on."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "orders",
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("asked", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("access", sa.String(64), nullable=False),
        sa.Column("cart", sa.String(80)),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("state", sa.String(30), nullable=False),
        sa.Column("reason", sa.String(40)),
        sa.Column("placed_at", instant, nullable=False),
        sa.Column("buyer", sa.JSON(), nullable=False),
        sa.Column("address", sa.JSON()),
        sa.Column("method", sa.String(30), nullable=False),
        sa.Column("promised_from", instant),
        sa.Column("promised_until", instant),
        sa.Column("promise_token", sa.Text()),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("delivery", sa.String(AMOUNT), nullable=False),
        sa.Column("total", sa.String(AMOUNT), nullable=False),
        sa.Column("due_at", instant),
        sa.Column("leased_until", instant),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_orders")),
        sa.UniqueConstraint("asked", name=op.f("uq_orders_asked")),
    )
    op.create_index("ix_orders_due_at", "orders", ["due_at"])
    op.create_index("ix_orders_placed_at", "orders", ["placed_at", "number"])
    op.create_table(
        "order_lines",
        sa.Column("order", sa.String(20), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(80), nullable=False),
        sa.Column("location", sa.String(40), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.String(AMOUNT), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_lines_some")),
        sa.ForeignKeyConstraint(["order"], ["orders.number"], name=op.f("fk_order_lines_order")),
        sa.PrimaryKeyConstraint("order", "line", name=op.f("pk_order_lines")),
    )
    op.create_table(
        "payments",
        sa.Column("order", sa.String(20), nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("status", sa.String(20)),
        sa.Column("reference", sa.String(80)),
        sa.Column("reason", sa.String(80)),
        sa.Column("amount", sa.String(AMOUNT), nullable=False),
        sa.Column("captured", sa.String(AMOUNT), nullable=False),
        sa.Column("refunded", sa.String(AMOUNT), nullable=False),
        sa.ForeignKeyConstraint(["order"], ["orders.number"], name=op.f("fk_payments_order")),
        sa.PrimaryKeyConstraint("order", name=op.f("pk_payments")),
        sa.UniqueConstraint("key", name=op.f("uq_payments_key")),
    )
    op.create_table(
        "handings",
        sa.Column("order", sa.String(20), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("sink", sa.String(40), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("tried", sa.Boolean(), nullable=False),
        sa.Column("reference", sa.String(120)),
        sa.Column("error", sa.String(40)),
        sa.ForeignKeyConstraint(["order"], ["orders.number"], name=op.f("fk_handings_order")),
        sa.PrimaryKeyConstraint("order", "place", name=op.f("pk_handings")),
    )


def downgrade() -> None:
    """Go back."""
    for table in ("handings", "payments", "order_lines", "orders"):
        op.drop_table(table)
