"""Keys for programs of partners and operators."""

import sqlalchemy as sa
from alembic import op

from app.store.instants import Instant

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Go on."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("hashed", sa.LargeBinary(32), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("revoked_at", Instant),
    )
    op.create_index("ix_api_keys_owner", "api_keys", ["owner"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("api_keys")
