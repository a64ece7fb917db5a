"""Room for every name that somebody else has given: ours have a limit, theirs have none."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
Types = Mapping[str, Mapping[str, tuple[Any, Any]]]
SKU, CODE, NAME, AMOUNT = sa.String(100), sa.String(100), sa.String(40), sa.String(40)
# What each column is, and what it was.
CHANGED: Types = {
    "cart_lines": {"amount": (sa.Text(), AMOUNT)},
    "order_lines": {
        "sku": (sa.Text(), sa.String(80)),
        "location": (CODE, NAME),
        "unit_price": (sa.Text(), AMOUNT),
    },
    "payments": {
        "reference": (sa.Text(), sa.String(80)),
        "reason": (sa.Text(), sa.String(80)),
        "captured": (sa.Text(), AMOUNT),
        "refunded": (sa.Text(), AMOUNT),
    },
    "handings": {"reference": (sa.Text(), sa.String(120))},
    "stock_levels": {"sku": (sa.Text(), SKU)},
    "hold_lines": {"sku": (sa.Text(), SKU)},
    "allocations": {"sku": (sa.Text(), SKU)},
    "assortment_items": {"sku": (sa.Text(), SKU)},
    "market_listings": {
        "sku": (sa.Text(), SKU),
        "price": (sa.Text(), sa.String(60)),
        "wanted_price": (sa.Text(), sa.String(60)),
    },
    "loyalty_receipts": {"total": (sa.Text(), AMOUNT)},
    "loyalty_receipt_cursors": {"cursor": (sa.Text(), sa.String(500))},
    "identities": {"external": (sa.Text(), sa.String(120))},
    "refused_identities": {"external": (sa.Text(), sa.String(120))},
    "privacy_receipts": {"external": (sa.Text(), sa.String(120))},
    "appointments": {"location": (CODE, NAME)},
    "appointment_places": {"location": (CODE, NAME)},
}
# Of these, rows of other tables speak.
NAMED: Types = {
    "orders": {"store": (CODE, NAME)},
    "loyalty_members": {"reference": (sa.Text(), sa.String(120))},
}


def upgrade() -> None:
    """Go on."""
    _become(0)


def downgrade() -> None:
    """Go back; PostgreSQL refuses it where something is kept that has no room then."""
    _become(1)


def _become(which: int) -> None:
    for name, columns in CHANGED.items():
        with op.batch_alter_table(name) as table:
            for column, types in columns.items():
                table.alter_column(column, type_=types[which], existing_type=types[1 - which])
    for name, columns in NAMED.items():
        for column, types in columns.items():
            _anew(name, column, types[which])


def _anew(table: str, column: str, type_: Any) -> None:
    """Give a column another type, without a new table where SQLite could not put up one."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column(table, column, type_=type_)
        return
    op.add_column(table, sa.Column("anew", type_))
    told = sa.table(table, sa.column("anew"), sa.column(column))
    op.execute(sa.update(told).values(anew=told.c[column]))
    op.drop_column(table, column)
    op.alter_column(table, "anew", new_column_name=column)
