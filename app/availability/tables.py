"""What do we keep of stock: the last news of every level, and whom units are promised to."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from app.store.instants import Instant
from app.store.tables import metadata

# `as_of` is the upstream's time, `read_at` ours; `version` counts the news that were kept.
stock_levels = Table(
    "stock_levels",
    metadata,
    Column("sku", Text, primary_key=True),
    Column("location", String(100), primary_key=True),
    Column("source", String(40), nullable=False),
    Column("on_hand", Integer, nullable=False),
    Column("reserved", Integer, nullable=False),
    Column("damaged", Integer, nullable=False),
    Column("safety_stock", Integer, nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("read_at", Instant, nullable=False),
    Column("version", BigInteger, nullable=False),
)

# One row for each holder, from its first hold on; `fence` counts its holds. It holds nothing once
# it has no lines, or once `expires_at` has passed.
holds = Table(
    "holds",
    metadata,
    Column("holder", String(80), primary_key=True),
    Column("fence", BigInteger, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

hold_lines = Table(
    "hold_lines",
    metadata,
    Column("holder", String(80), ForeignKey(holds.c.holder), primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("location", String(100), primary_key=True),
    Column("quantity", Integer, CheckConstraint("quantity > 0", name="some"), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_hold_lines_spot", "sku", "location"),
)

# `known_at`: the time, by the upstream's clock, from which on its own figures have them.
allocations = Table(
    "allocations",
    metadata,
    Column("order", String(80), primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("location", String(100), primary_key=True),
    Column("quantity", Integer, CheckConstraint("quantity > 0", name="some"), nullable=False),
    Column("known_at", Instant),
    Index("ix_allocations_spot", "sku", "location"),
)

# One row for each slot of work that was ever taken, by its beginning in seconds since 1970; whoever
# takes a place locks it. `most` is how many orders it takes, as of the last that took a place.
slots = Table(
    "slots",
    metadata,
    Column("location", String(100), primary_key=True),
    Column("begins", BigInteger, primary_key=True, autoincrement=False),
    Column("most", Integer, CheckConstraint("most > 0", name="some"), nullable=False),
)

# Places in slots: a holder's until `expires_at`, with the units of its hold; an order's for good.
# `origin` is where the goods come from that are worked on; an order counts once in a slot.
slot_places = Table(
    "slot_places",
    metadata,
    Column("owner", String(80), primary_key=True),
    Column("location", String(100), primary_key=True),
    Column("begins", BigInteger, primary_key=True, autoincrement=False),
    Column("origin", String(100), primary_key=True, server_default=""),
    Column("expires_at", Instant),
    Index("ix_slot_places_slot", "location", "begins"),
)
