"""Which tables do we own? Each noun adds its own to one `metadata`."""

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from app.store.instants import Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# One row. Whoever tells facts takes their numbers here, last in the transaction, and holds the row
# until the commit: so the numbers are dense and in the order of the commits.
log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="only_one"), primary_key=True),
    Column("epoch", String(32), nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("floor", BigInteger, nullable=False, server_default="0"),
)

# `party` is the partner that follows what happens there, where one does.
facts = Table(
    "facts",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(60), nullable=False),
    Column("entity", String(120), nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("body", JSON, nullable=False),
    Column("party", String(40)),
    Index("ix_facts_entity", "entity", "seq"),
    Index(
        "ix_facts_party",
        "party",
        "seq",
        sqlite_where=text("party IS NOT NULL"),
        postgresql_where=text("party IS NOT NULL"),
    ),
)

# What came of a mutation that may be repeated. `scope` is what it was asked of, `digest` stands
# for what was asked; a row without a result belongs to a transaction in progress. It counts until
# `kept_until`.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("scope", String(80), primary_key=True),
    Column("key", String(100), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("result", JSON),
    Column("kept_until", Instant, nullable=False),
)

# Who did what, and who read what of whom. Triggers forbid that an entry is changed or taken away.
audit_entries = Table(
    "audit_entries",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("who", String(40), nullable=False),
    Column("what", String(60), nullable=False),
    Column("entity", String(120), nullable=False),
    Column("fields", Text, nullable=False),
    Column("seal", String(64), nullable=False),
    Index("ix_audit_entries_who", "who", "seq"),
    Index("ix_audit_entries_entity", "entity", "seq"),
)

# One row: where the log ends. Whoever adds to it holds the row until the commit.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="only_one"), primary_key=True),
    Column("last", BigInteger, nullable=False),
    Column("seal", String(64), nullable=False),
)
