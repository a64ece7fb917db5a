"""What do we keep of orders: what was agreed, the payment, and who has which part."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from app.store.instants import Instant
from app.store.tables import metadata
from app.values import LONGEST_CODE

AMOUNT = 40  # characters of an exact decimal
FOLLOWED_NOW = text("look_at IS NOT NULL")  # a few of all orders there ever were

# `asked` is a hash of who asked and under which idempotency key, `digest` one of what was asked.
# `compared_email` is the buyer's address in the form that is compared (null: it is no address).
# `partner` is who sells it for us, and `reference` what that partner calls it.
# `due_at` is when something has to be done for it (null: never), by whoever has the lease: until
# `leased_until`, and no longer once `fence` has grown. `look_at` is when its systems are asked next
# how far they are (null: they are not); who asks moves it on first, so that others leave it alone.
orders = Table(
    "orders",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("asked", String(64), nullable=False, unique=True),
    Column("digest", String(64), nullable=False),
    Column("access", String(64), nullable=False),
    Column("cart", String(80)),
    Column("customer", String(40)),
    Column("channel", String(40), nullable=False),
    Column("state", String(30), nullable=False),
    Column("reason", String(40)),
    Column("placed_at", Instant, nullable=False),
    Column("buyer", JSON, nullable=False),
    Column("compared_email", String(320)),
    Column("address", JSON),
    Column("method", String(30), nullable=False),
    Column("store", String(LONGEST_CODE)),
    Column("promised_from", Instant),
    Column("promised_until", Instant),
    Column("promise_token", Text),
    Column("currency", String(3), nullable=False),
    Column("delivery", String(AMOUNT), nullable=False),
    Column("total", String(AMOUNT), nullable=False),
    Column("points", JSON),
    Column("partner", String(40)),
    Column("reference", String(80)),
    Column("due_at", Instant),
    Column("look_at", Instant),
    Column("leased_until", Instant),
    Column("fence", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Index("ix_orders_due_at", "due_at"),
    Index("ix_orders_look_at", "look_at", sqlite_where=FOLLOWED_NOW, postgresql_where=FOLLOWED_NOW),
    Index("ix_orders_placed_at", "placed_at", "number"),
    Index("ix_orders_access", "access"),
    Index("ix_orders_customer", "customer", "placed_at"),
    Index("ix_orders_compared_email", "compared_email"),
    Index("ix_orders_partner_reference", "partner", "reference", unique=True),
    Index("ix_orders_partner_placed_at", "partner", "placed_at"),
)

# `part` is the place of the handing that a line belongs to; lines are never changed.
order_lines = Table(
    "order_lines",
    metadata,
    Column("order", String(20), ForeignKey(orders.c.number), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("part", Integer, nullable=False),
    Column("sku", Text, nullable=False),
    Column("location", String(LONGEST_CODE), nullable=False),
    Column("quantity", Integer, CheckConstraint("quantity > 0", name="some"), nullable=False),
    Column("components", JSON, nullable=False, server_default="[]"),
    Column("unit_price", Text, nullable=False),
    Column("discounts", JSON, nullable=False, server_default="[]"),
    Column("price_list", String(40)),
)

# `status` is null while nobody knows. What was captured and refunded never becomes less.
payments = Table(
    "payments",
    metadata,
    Column("order", String(20), ForeignKey(orders.c.number), primary_key=True),
    Column("key", String(40), nullable=False, unique=True),
    Column("status", String(20)),
    Column("reference", Text),
    Column("reason", Text),
    Column("amount", String(AMOUNT), nullable=False),
    Column("captured", Text, nullable=False),
    Column("refunded", Text, nullable=False),
)

# `expected_from` and `expected_until` are null where it is as the order was promised.
handings = Table(
    "handings",
    metadata,
    Column("order", String(20), ForeignKey(orders.c.number), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("sink", String(40), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("with_fee", Boolean, nullable=False),
    Column("expected_from", Instant),
    Column("expected_until", Instant),
    Column("state", String(20), nullable=False),
    Column("tried", Boolean, nullable=False),
    Column("reference", Text),
    Column("error", String(40)),
)
