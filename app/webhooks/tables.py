"""What do we keep of webhooks? How far each endpoint is, what it never took, and what was heard."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from app.store.instants import Instant
from app.store.tables import metadata

# Everything up to `cursor` was delivered, or is a dead letter; null: nothing yet. `at` is the end
# of the log when there was nothing more to tell; less than nothing: nobody has looked so far.
webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("cursor", Text),
    Column("at", BigInteger, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("leased_until", Instant),
    Column("fence", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("failing_since", Instant),
    Column("reason", String(40)),
    Column("delivered_at", Instant),
    Column("disabled_at", Instant),
)

# What an endpoint did not take for so long that it was given up.
webhook_letters = Table(
    "webhook_letters",
    metadata,
    Column("endpoint", String(40), primary_key=True),
    Column("id", String(60), primary_key=True),
    Column("kind", String(60), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("reason", String(40), nullable=False),
    Column("failed_at", Instant, nullable=False),
    Index("ix_webhook_letters_failed_at", "endpoint", "failed_at"),
)

# What systems outside have sent. The body goes once it has been handed on; the id stays until
# `kept_until`, so that nobody is heard twice.
webhook_received = Table(
    "webhook_received",
    metadata,
    Column("connection", String(40), primary_key=True),
    Column("id", String(128), primary_key=True),
    Column("body", LargeBinary),
    Column("received_at", Instant, nullable=False),
    Column("kept_until", Instant, nullable=False),
    Column("due_at", Instant, index=True),
    Column("leased_until", Instant),
    Column("fence", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
)
