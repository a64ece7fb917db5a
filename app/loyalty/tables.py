"""What do we keep of points? Transactions and their entries; no balance is ever written."""

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

NUMBER = BigInteger().with_variant(Integer, "sqlite")  # which SQLite counts by itself
CUSTOMER, CARD, SOURCE, RECEIPT = String(40), String(40), String(40), String(100)

# Whoever writes of a member's points changes its row first, and so waits for whoever does.
members = Table(
    "loyalty_members",
    metadata,
    Column("customer", CUSTOMER, primary_key=True),
    Column("card", CARD, unique=True),
    Column("reference", Text),
    Column("enrolled_at", Instant, nullable=False),
    Column("merged_into", CUSTOMER, index=True),
    Column("version", BigInteger, nullable=False),
)

# `key` makes a transaction one that is there once. `at` is when it took effect, which may be before
# it was written. `short` points of what it was to take were not there.
transactions = Table(
    "loyalty_transactions",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("key", String(160), unique=True),
    Column("member", CUSTOMER, ForeignKey(members.c.customer), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("at", Instant, nullable=False),
    Column("posted_at", Instant, nullable=False),
    Column("reverses", NUMBER),
    Column("short", BigInteger, nullable=False, server_default="0"),
    Column("order", String(20), index=True),
    Column("receipt", RECEIPT),
    Column("reason", String(200)),
    Index("ix_loyalty_transactions_member", "member", "at", "id"),
    Index("ix_loyalty_transactions_reverses", "reverses"),
)

# Points of one earning; how many are left of it is the sum of its entries.
lots = Table(
    "loyalty_lots",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("member", CUSTOMER, ForeignKey(members.c.customer), nullable=False, index=True),
    Column("transaction", NUMBER, ForeignKey(transactions.c.id), nullable=False, index=True),
    Column("available_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("moved_from", NUMBER, index=True),
)

# Those of one transaction sum to zero. `member` and `lot` are null where it is of the programme.
entries = Table(
    "loyalty_entries",
    metadata,
    Column("transaction", NUMBER, ForeignKey(transactions.c.id), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("account", String(12), nullable=False),
    Column("member", CUSTOMER, ForeignKey(members.c.customer)),
    Column("lot", NUMBER, ForeignKey(lots.c.id)),
    Column("points", BigInteger, CheckConstraint("points <> 0", name="some"), nullable=False),
    Index("ix_loyalty_entries_member", "member", "lot"),
)

# What a holder holds, until a time; its points are the HELD entries of its `transaction`.
points_holds = Table(
    "loyalty_holds",
    metadata,
    Column("holder", String(80), primary_key=True),
    Column("member", CUSTOMER, ForeignKey(members.c.customer), nullable=False, index=True),
    Column("fence", BigInteger, nullable=False),
    Column("points", BigInteger, CheckConstraint("points > 0", name="some"), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("transaction", NUMBER, ForeignKey(transactions.c.id), nullable=False),
)

# Receipts of tills that named a card, and refunds. `points` are what a sale earns, whoever has the
# card; `member` is who has got them. Amounts are decimal texts.
receipts = Table(
    "loyalty_receipts",
    metadata,
    Column("source", SOURCE, primary_key=True),
    Column("number", RECEIPT, primary_key=True),
    Column("card", CARD, index=True),
    Column("refund_of", RECEIPT),
    Column("sold_at", Instant, nullable=False),
    Column("total", Text, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("member", CUSTOMER, ForeignKey(members.c.customer), index=True),
    Index("ix_loyalty_receipts_refund_of", "source", "refund_of"),
)

# How far each source of receipts was read, and when it is read again.
receipt_cursors = Table(
    "loyalty_receipt_cursors",
    metadata,
    Column("source", SOURCE, primary_key=True),
    Column("cursor", Text),
    Column("version", BigInteger, nullable=False),
    Column("due_at", Instant, nullable=False),
)

# What a programme that is not ours is told, the same every time under its `key`. A redemption is
# for a `holder`, under the `fence` of its goods (null until these are held, too). `due_at` is when
# something has to be done about it (null: never).
program_writes = Table(
    "loyalty_program_writes",
    metadata,
    Column("key", String(80), primary_key=True),
    Column("member", CUSTOMER, ForeignKey(members.c.customer), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("order", String(20), index=True),
    Column("reverses", String(80)),
    Column("holder", String(80), index=True),
    Column("fence", BigInteger),
    Column("until", Instant),
    Column("due_at", Instant, index=True),
    Column("attempts", Integer, nullable=False),
)
