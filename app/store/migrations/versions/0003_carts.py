"""Carts, the codes that hand them over, and the keys of what was asked once."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Go on."""
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.String(80), nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("result", sa.JSON()),
        sa.Column("kept_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "carts",
        sa.Column("id", sa.String(24), nullable=False),
        sa.Column("channel", sa.String(100), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("last_line", sa.Integer(), nullable=False),
        sa.Column("buyer_email", sa.String(254)),
        sa.Column("buyer_phone", sa.String(40)),
        sa.Column("buyer_country", sa.String(2)),
        sa.Column("buyer_postal_code", sa.String(16)),
        sa.Column("merged_into", sa.String(24)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carts")),
    )
    op.create_table(
        "cart_lines",
        sa.Column("cart", sa.String(24), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sku", sa.String(100), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount", sa.String(40), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("tax_included", sa.Boolean(), nullable=False),
        sa.Column("price_as_of", sa.DateTime(timezone=True)),
        sa.Column("price_taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_cart_lines_some")),
        sa.ForeignKeyConstraint(["cart"], ["carts.id"], name=op.f("fk_cart_lines_cart")),
        sa.PrimaryKeyConstraint("cart", "number", name=op.f("pk_cart_lines")),
    )
    op.create_table(
        "hand_overs",
        sa.Column("selector", sa.String(4), nullable=False),
        sa.Column("hashed", sa.String(64), nullable=False),
        sa.Column("cart", sa.String(24), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["cart"], ["carts.id"], name=op.f("fk_hand_overs_cart")),
        sa.PrimaryKeyConstraint("selector", name=op.f("pk_hand_overs")),
    )
    op.create_index(op.f("ix_hand_overs_cart"), "hand_overs", ["cart"])


def downgrade() -> None:
    """Go back."""
    for table in ("hand_overs", "cart_lines", "carts", "idempotency_keys"):
        op.drop_table(table)
