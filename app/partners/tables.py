"""What do we keep of partners: what each was told that there is, and how far it says it is."""

from sqlalchemy import JSON, BigInteger, Column, Integer, String, Table, Text

from app.store.instants import Instant
from app.store.tables import metadata

# Whoever has the lease looks at what there is, so that one process does for each partner.
assortments = Table(
    "assortments",
    metadata,
    Column("partner", String(40), primary_key=True),
    Column("leased_until", Instant),
    Column("leased_by", String(32)),
    Column("looked_at", Instant),
    Column("acknowledged", BigInteger, nullable=False, server_default="0"),
    Column("acknowledged_at", Instant),
)

# `available` is null while nobody knows. `version` grows with every change; `prices` has an amount
# and its currency for each currency that the partner buys in.
assortment_items = Table(
    "assortment_items",
    metadata,
    Column("partner", String(40), primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("status", String(20), nullable=False),
    Column("available", Integer),
    Column("prices", JSON, nullable=False, server_default="[]"),
    Column("version", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

# What has left: it goes on from this version should it come back.
assortment_left = Table(
    "assortment_left",
    metadata,
    Column("partner", String(40), primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("version", Integer, nullable=False),
)
