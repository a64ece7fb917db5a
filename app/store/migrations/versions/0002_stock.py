"""Stock levels, holds and allocations."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Go on."""
    op.create_table(
        "stock_levels",
        *_spot(),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("damaged", sa.Integer(), nullable=False),
        sa.Column("safety_stock", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sku", "location", name=op.f("pk_stock_levels")),
    )
    op.create_table(
        "holds",
        sa.Column("holder", sa.String(80), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("holder", name=op.f("pk_holds")),
    )
    op.create_table(
        "hold_lines",
        sa.Column("holder", sa.String(80), nullable=False),
        *_spot(),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_hold_lines_some")),
        sa.ForeignKeyConstraint(["holder"], ["holds.holder"], name=op.f("fk_hold_lines_holder")),
        sa.PrimaryKeyConstraint("holder", "sku", "location", name=op.f("pk_hold_lines")),
    )
    op.create_index("ix_hold_lines_spot", "hold_lines", ["sku", "location"])
    op.create_table(
        "allocations",
        sa.Column("order", sa.String(80), nullable=False),
        *_spot(),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_allocations_some")),
        sa.PrimaryKeyConstraint("order", "sku", "location", name=op.f("pk_allocations")),
    )
    op.create_index("ix_allocations_spot", "allocations", ["sku", "location"])


def downgrade() -> None:
    """Go back."""
    for table in ("allocations", "hold_lines", "holds", "stock_levels"):
        op.drop_table(table)


def _spot() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("sku", sa.String(100), nullable=False),
        sa.Column("location", sa.String(100), nullable=False),
    )
