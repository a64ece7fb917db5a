"""Addresses of buyers as they are compared; indices of whose points and receipts are."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.ports import compared_email
from app.store.statements import inserting

revision = "0025"
down_revision = "0024"
BATCH = 1000  # rows
COMPARED = ("compared_email", sa.String(320))

carts = sa.table("carts", sa.column("id"), sa.column("buyer_email"), sa.column(*COMPARED))
orders = sa.table("orders", sa.column("number"), sa.column("buyer", sa.JSON), sa.column(*COMPARED))
uses = sa.Table(
    "discount_uses", sa.MetaData(), *map(sa.Column, ("promotion", "who")), sa.Column("used")
)
redemptions = sa.table("discount_redemptions", *map(sa.column, ("order", "promotion", "who")))


def upgrade() -> None:
    """Go on; rows of before are brought to the form, and coupons counted by it."""
    connection = op.get_bind()
    for table, key, typed in (
        (carts, carts.c.id, carts.c.buyer_email),
        (orders, orders.c.number, orders.c.buyer["email"].as_string()),
    ):
        op.add_column(table.name, sa.Column(*COMPARED))
        for rows in _batches(connection, key, typed):
            known = [(one, text, compared_email(text)) for one, text in rows]
            _fill(connection, table, key, known)
            if table is orders:
                for number, text, compared in known:
                    _count_by_form(connection, number, text, compared)
        op.create_index(f"ix_{table.name}_compared_email", table.name, ["compared_email"])
    connection.execute(sa.delete(uses).where(uses.c.used == 0))  # they count nothing
    op.create_index("ix_loyalty_members_merged_into", "loyalty_members", ["merged_into"])
    op.create_index("ix_loyalty_receipts_member", "loyalty_receipts", ["member"])
    op.create_index("ix_loyalty_lots_moved_from", "loyalty_lots", ["moved_from"])


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_loyalty_receipts_member", "loyalty_receipts")
    op.drop_index("ix_loyalty_lots_moved_from", "loyalty_lots")
    op.drop_index("ix_loyalty_members_merged_into", "loyalty_members")
    for table in ("orders", "carts"):
        op.drop_index(f"ix_{table}_compared_email", table)
        op.drop_column(table, "compared_email")


def _batches(connection: sa.Connection, key: Any, typed: Any) -> Iterator[list[tuple[str, str]]]:
    """Keys of rows and the addresses that were typed."""
    last = ""
    question = sa.select(key, typed).where(typed.is_not(None)).order_by(key).limit(BATCH)
    while rows := connection.execute(question.where(key > last)).all():
        yield [(row[0], row[1]) for row in rows]
        last = rows[-1][0]


def _fill(connection: sa.Connection, table: Any, key: Any, known: Any) -> None:
    filled = [{"of": one, "form": form} for one, _, form in known if form is not None]
    if filled:
        row = sa.update(table).where(key == sa.bindparam("of"))
        connection.execute(row.values(compared_email=sa.bindparam("form")), filled)


def _count_by_form(
    connection: sa.Connection, number: str, typed: str, compared: str | None
) -> None:
    """What a guest's order has redeemed counts by the form; only strange letters made others."""
    old, new = _digest(typed.strip().casefold()), compared and _digest(compared)
    if new is None or new == old:
        return
    theirs = sa.and_(redemptions.c.order == number, redemptions.c.who == old)
    moved = sa.update(redemptions).where(theirs).values(who=new)
    for promotion in connection.scalars(moved.returning(redemptions.c.promotion)).all():
        counted = sa.update(uses).where(uses.c.promotion == promotion, uses.c.who == old)
        counted = counted.where(uses.c.used > 0)
        connection.execute(counted.values(used=uses.c.used - 1))
        row = inserting(connection, uses).values(promotion=promotion, who=new, used=1)
        more = row.on_conflict_do_update(
            index_elements=["promotion", "who"], set_={"used": uses.c.used + 1}
        )
        connection.execute(more)


def _digest(address: str) -> str:
    return f"email:{sha256(address.encode()).hexdigest()}"
