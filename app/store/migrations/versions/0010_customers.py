"""People, their contacts, and who they are elsewhere."""

import sqlalchemy as sa
from alembic import op

from app.store.instants import Instant

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Go on."""
    op.create_table(
        "customers",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("merged_into", sa.String(40), sa.ForeignKey("customers.id")),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("given_name", sa.String(100)),
        sa.Column("family_name", sa.String(100)),
        sa.Column("locale", sa.String(35)),
        sa.Column("addresses", sa.JSON, nullable=False, server_default="[]"),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
    )
    op.create_index("ix_customers_person", "customers", ["person"])
    op.create_table(
        "customer_contacts",
        sa.Column("customer", sa.String(40), sa.ForeignKey("customers.id"), primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("value", sa.String(254), primary_key=True),
        sa.Column("look", sa.String(254), nullable=False),
        sa.Column("verified", sa.Boolean, nullable=False),
    )
    op.create_index("ix_customer_contacts_value", "customer_contacts", ["kind", "value"])
    op.create_index("ix_customer_contacts_look", "customer_contacts", ["kind", "look"])
    op.create_table(
        "identities",
        sa.Column("system", sa.String(80), primary_key=True),
        sa.Column("external", sa.String(120), primary_key=True),
        sa.Column("customer", sa.String(40), sa.ForeignKey("customers.id"), nullable=False),
        sa.Column("evidence", sa.String(30), nullable=False),
        sa.Column("confidence", sa.String(20), nullable=False),
        sa.Column("linked_at", Instant, nullable=False),
    )
    op.create_index("ix_identities_customer", "identities", ["customer"])


def downgrade() -> None:
    """Go back."""
    for table in ("identities", "customer_contacts", "customers"):
        op.drop_table(table)
