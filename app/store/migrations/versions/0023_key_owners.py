"""A row for each owner of API keys, to be locked while one is given out."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Go on."""
    op.create_table("api_key_owners", sa.Column("owner", sa.String(100), primary_key=True))


def downgrade() -> None:
    """Go back."""
    op.drop_table("api_key_owners")
