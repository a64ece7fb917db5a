"""What do we keep of the keys that we give out? Never the keys."""

from sqlalchemy import Column, Index, LargeBinary, String, Table

from app.store.instants import Instant
from app.store.tables import metadata

# `id` is the part of a key that finds it; of the secret part there is a SHA-256, which is enough
# for 256 bits of chance. A key that is taken back stays, so that it is known to be.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("hashed", LargeBinary(32), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("owner", String(100), nullable=False),
    Column("name", String(40)),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
    Index("ix_api_keys_owner", "owner"),
)

# Locked while a key of theirs is given out; a key that is not there yet cannot be.
api_key_owners = Table("api_key_owners", metadata, Column("owner", String(100), primary_key=True))
