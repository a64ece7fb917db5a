"""What do we keep of people, and of who they are elsewhere?"""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table

from app.store.instants import Instant
from app.store.tables import metadata

# `person` is the record that speaks for this one: itself, or the one it was merged into, at the
# end of all mergers. What is merged stays as it is, so that a merger can be taken back.
customers = Table(
    "customers",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("person", String(40), nullable=False, index=True),
    Column("merged_into", String(40), ForeignKey("customers.id")),
    Column("version", Integer, nullable=False),
    Column("given_name", String(100)),
    Column("family_name", String(100)),
    Column("locale", String(35)),
    Column("addresses", JSON, nullable=False, server_default="[]"),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

# `look` is what the value can be taken for: two that look the same are not the same.
customer_contacts = Table(
    "customer_contacts",
    metadata,
    Column("customer", String(40), ForeignKey(customers.c.id), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("value", String(254), primary_key=True),
    Column("look", String(254), nullable=False),
    Column("verified", Boolean, nullable=False),
    Index("ix_customer_contacts_value", "kind", "value"),
    Index("ix_customer_contacts_look", "kind", "look"),
)

# One customer of a system is one person of ours; a person may be several there.
identities = Table(
    "identities",
    metadata,
    Column("system", String(80), primary_key=True),
    Column("external", String(120), primary_key=True),
    Column("customer", String(40), ForeignKey(customers.c.id), nullable=False, index=True),
    Column("evidence", String(30), nullable=False),
    Column("confidence", String(20), nullable=False),
    Column("linked_at", Instant, nullable=False),
)
