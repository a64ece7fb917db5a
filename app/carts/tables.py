"""What do we keep of carts, and of the codes that hand them over?"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
)

from app.store.instants import Instant
from app.store.tables import metadata

# Whoever changes anything of a cart locks its row first. `held` is what its last hold was placed
# for; what a hold keeps stands in its own lines, where a bundle is its components. `compared_email`
# is `buyer_email` in the form that is compared (null: it is no address).
carts = Table(
    "carts",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("channel", String(100), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("status", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("last_line", Integer, nullable=False),
    Column("buyer_email", String(254)),
    Column("compared_email", String(320), index=True),
    Column("buyer_phone", String(40)),
    Column("buyer_country", String(2)),
    Column("buyer_postal_code", String(16)),
    Column("customer", String(40), index=True),
    Column("points", BigInteger, nullable=False, server_default="0"),
    Column("merged_into", String(24)),
    Column("order", String(20)),
    Column("promises", JSON, nullable=False, server_default="[]"),
    Column("held", JSON, nullable=False, server_default="[]"),
    Column("codes", JSON, nullable=False, server_default="[]"),
    Column("standing", JSON, nullable=False, server_default="{}"),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

# Amounts are decimal texts: exact on both databases.
cart_lines = Table(
    "cart_lines",
    metadata,
    Column("cart", String(24), ForeignKey(carts.c.id), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sku", String(100), nullable=False),
    Column("quantity", Integer, CheckConstraint("quantity > 0", name="some"), nullable=False),
    Column("amount", Text, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("tax_included", Boolean, nullable=False),
    Column("price_as_of", Instant),
    Column("price_taken_at", Instant, nullable=False),
    Column("price_list", String(40)),
    Column("categories", JSON, nullable=False, server_default="[]"),
    Column("discounts", JSON, nullable=False, server_default="[]"),
)

# `selector` is the part of a code that finds it; of the rest there is only a hash.
hand_overs = Table(
    "hand_overs",
    metadata,
    Column("selector", String(4), primary_key=True),
    Column("hashed", String(64), nullable=False),
    Column("cart", String(24), ForeignKey(carts.c.id), nullable=False, index=True),
    Column("failures", Integer, nullable=False),
    Column("expires_at", Instant, nullable=False),
)
