"""What rules take off carts and orders, and how often coupons were redeemed."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Go on."""
    op.add_column("carts", sa.Column("codes", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("carts", sa.Column("standing", sa.JSON, nullable=False, server_default="{}"))
    for table in ("cart_lines", "order_lines"):
        op.add_column(table, sa.Column("discounts", sa.JSON, nullable=False, server_default="[]"))
        op.add_column(table, sa.Column("price_list", sa.String(40)))
    op.add_column(
        "cart_lines", sa.Column("categories", sa.JSON, nullable=False, server_default="[]")
    )
    op.create_table(
        "discount_uses",
        sa.Column("promotion", sa.String(40), nullable=False),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("used", sa.Integer, nullable=False),
        sa.CheckConstraint("used >= 0", name="ck_discount_uses_counted"),
        sa.PrimaryKeyConstraint("promotion", "who", name="pk_discount_uses"),
    )
    op.create_table(
        "discount_redemptions",
        sa.Column("order", sa.String(20), nullable=False),
        sa.Column("promotion", sa.String(40), nullable=False),
        sa.Column("who", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("order", "promotion", name="pk_discount_redemptions"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("discount_redemptions")
    op.drop_table("discount_uses")
    op.drop_column("cart_lines", "categories")
    for table in ("order_lines", "cart_lines"):
        op.drop_column(table, "price_list")
        op.drop_column(table, "discounts")
    op.drop_column("carts", "standing")
    op.drop_column("carts", "codes")
