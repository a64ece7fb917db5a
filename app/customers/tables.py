"""What do we keep of people, and of who they are elsewhere?"""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

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
    Column("sizes", JSON, nullable=False, server_default="{}"),
    Column("notes", Text),
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
    Column("external", Text, primary_key=True),
    Column("customer", String(40), ForeignKey(customers.c.id), nullable=False, index=True),
    Column("evidence", String(30), nullable=False),
    Column("confidence", String(20), nullable=False),
    Column("linked_at", Instant, nullable=False),
)

# What staff has said is somebody else: it is not linked again by itself.
refused_identities = Table(
    "refused_identities",
    metadata,
    Column("customer", String(40), ForeignKey(customers.c.id), primary_key=True),
    Column("system", String(80), primary_key=True),
    Column("external", Text, primary_key=True),
)

# Every word of it stays: the last one counts. `by` is who said it, `wording` what was shown.
consents = Table(
    "consents",
    metadata,
    Column("customer", String(40), ForeignKey(customers.c.id), primary_key=True),
    Column("purpose", String(40), primary_key=True),
    Column("channel", String(20), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("granted", Boolean, nullable=False),
    Column("by", String(20), nullable=False),
    Column("source", String(100), nullable=False),
    Column("wording", String(200)),
    Column("at", Instant, nullable=False),
)

wishes = Table(
    "wishes",
    metadata,
    Column("customer", String(40), ForeignKey(customers.c.id), primary_key=True),
    Column("sku", String(100), primary_key=True),
    Column("wished_at", Instant, nullable=False),
)

# By the word of our staff; what systems say is asked of them.
customer_groups = Table(
    "customer_groups",
    metadata,
    Column("customer", String(40), ForeignKey(customers.c.id), primary_key=True),
    Column("group", String(40), primary_key=True),
    Column("since", Instant, nullable=False),
)

# What somebody wants of their data. `subject` is by what others know them, until all have answered;
# `asked` is a hash of who asked under which key. Due and leased as orders are.
privacy_requests = Table(
    "privacy_requests",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("asked", String(64), nullable=False, unique=True),
    Column("customer", String(40), nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("by", String(40), nullable=False),
    Column("subject", JSON),
    Column("unresolved", Integer, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("expires_at", Instant),
    Column("due_at", Instant, index=True),
    Column("leased_until", Instant),
    Column("fence", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
)

# One for each part of it. `external` is whom a system is asked about; null: whom it knows by the
# subject, or, of our own store, everything. It is forgotten when the part is done.
privacy_receipts = Table(
    "privacy_receipts",
    metadata,
    Column("request", String(40), ForeignKey(privacy_requests.c.id), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("system", String(80), nullable=False),
    Column("task", String(20), nullable=False),
    Column("external", Text),
    Column("done_at", Instant),
    Column("reason", String(60)),
    Column("kept", JSON, nullable=False),
    Column("documents", JSON),
)
