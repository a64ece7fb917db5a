"""Groups of customers, by the word of staff."""

import sqlalchemy as sa
from alembic import op

from app.store.instants import Instant

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Go on."""
    op.create_table(
        "customer_groups",
        sa.Column("customer", sa.String(40), sa.ForeignKey("customers.id"), primary_key=True),
        sa.Column("group", sa.String(40), primary_key=True),
        sa.Column("since", Instant, nullable=False),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("customer_groups")
