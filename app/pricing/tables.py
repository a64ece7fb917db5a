"""What do we keep of coupons? How often each was redeemed, and by which orders."""

from sqlalchemy import CheckConstraint, Column, Integer, String, Table

from app.store.tables import metadata

EVERYBODY = ""

# `who` is one customer, as the order knew them, or everybody. There is one row for each: whoever
# redeems counts it up, so that two who want the last one wait for each other.
discount_uses = Table(
    "discount_uses",
    metadata,
    Column("promotion", String(40), primary_key=True),
    Column("who", String(80), primary_key=True),
    Column("used", Integer, CheckConstraint("used >= 0", name="counted"), nullable=False),
)

# What was redeemed and not given back.
discount_redemptions = Table(
    "discount_redemptions",
    metadata,
    Column("order", String(20), primary_key=True),
    Column("promotion", String(40), primary_key=True),
    Column("who", String(80), nullable=False),
)
