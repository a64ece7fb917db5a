"""What do we keep of marketplaces: how far we have read, each order's fate, and what was told?"""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from app.store.instants import Instant
from app.store.tables import metadata

# `cursor` is where the reading goes on; `trail` are the ends of earlier rounds with their times,
# from which the next one begins a little earlier. Whoever has the lease reads, and takes orders.
# What was `nudged_at` after a round had `begun_at` is read at once.
market_sources = Table(
    "market_sources",
    metadata,
    Column("connection", String(40), primary_key=True),
    Column("cursor", Text),
    Column("trail", JSON, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("leased_until", Instant),
    Column("fence", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("begun_at", Instant),
    Column("nudged_at", Instant),
    Column("polled_at", Instant),
    Column("reason", String(40)),
)

# What became of each order that a marketplace told of; nothing of a person. `order` is our number.
# `ask_at` is when it is to be read again, `word_at` when the marketplace is to be told that we have
# it; null: never.
market_orders = Table(
    "market_orders",
    metadata,
    Column("connection", String(40), primary_key=True),
    Column("number", String(80), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("status", String(20)),
    Column("order", String(20)),
    Column("reason", String(120)),
    Column("ask_at", Instant),
    Column("word_at", Instant),
    Column("worded_at", Instant),
    Column("attempts", Integer, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("judged_at", Instant),
    Index("ix_market_orders_state", "connection", "state"),
    Index("ix_market_orders_ask_at", "connection", "ask_at"),
    Index("ix_market_orders_word_at", "connection", "word_at"),
)

# Parcels of which the marketplace is to be told, until `told_at`.
market_parcels = Table(
    "market_parcels",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("connection", String(40), nullable=False),
    Column("number", String(80), nullable=False),
    Column("body", JSON, nullable=False),
    Column("due_at", Instant),
    Column("attempts", Integer, nullable=False),
    Column("reason", String(40)),
    Column("told_at", Instant),
    Index("ix_market_parcels_due_at", "connection", "due_at"),
)

# Whoever has the lease looks at what there is, and tells it. `seq` is how far it has followed the
# log; until `paused_until` nothing is told.
market_shelves = Table(
    "market_shelves",
    metadata,
    Column("connection", String(40), primary_key=True),
    Column("leased_until", Instant),
    Column("fence", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("epoch", String(32)),
    Column("seq", BigInteger, nullable=False),
    Column("looked_at", Instant),
    Column("compared_at", Instant),
    Column("paused_until", Instant),
    Column("reason", String(40)),
)

# `quantity` and `price` are what the marketplace has, null while nobody knows; what it refused
# counts as had, so that it is not told again. `wanted_…` is what it is to have, `since` when it
# differs. `version` grows when the marketplace may have changed it by itself. At `again_at` it is
# told once more, since an older word may have come late.
market_listings = Table(
    "market_listings",
    metadata,
    Column("connection", String(40), primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("quantity", Integer),
    Column("price", Text),
    Column("wanted_quantity", Integer),
    Column("wanted_price", Text),
    Column("state", String(20), nullable=False),
    Column("reason", String(120)),
    Column("version", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("since", Instant),
    Column("due_at", Instant),
    Column("again_at", Instant),
    Column("told_at", Instant),
    Column("unknown_since", Instant),
    Column("gone", Boolean, nullable=False),
    Index("ix_market_listings_due_at", "connection", "due_at"),
)
