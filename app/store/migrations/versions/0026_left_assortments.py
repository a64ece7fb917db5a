"""From which versions the items go on that left an assortment and come back."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Go on."""
    op.create_table(
        "assortment_left",
        sa.Column("partner", sa.String(40), primary_key=True),
        sa.Column("sku", sa.Text(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("assortment_left")
