"""How far the log was swept, and who follows one thing in it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0009"


def upgrade() -> None:
    """Go on."""
    op.add_column(
        "log_head", sa.Column("floor", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.create_index("ix_facts_entity", "facts", ["entity", "seq"])


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_facts_entity", "facts")
    op.drop_column("log_head", "floor")
