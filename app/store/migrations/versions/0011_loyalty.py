"""Points: members, transactions with their entries, holds, and receipts of tills."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go on."""
    _members()
    _books()
    _receipts()
    op.add_column("carts", sa.Column("points", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("orders", sa.Column("points", sa.JSON()))


def downgrade() -> None:
    """Go back."""
    op.drop_column("orders", "points")
    op.drop_column("carts", "points")
    for table in (
        *("program_writes", "receipt_cursors", "receipts", "holds", "entries", "lots"),
        *("transactions", "members"),
    ):
        op.drop_table(f"loyalty_{table}")


def _members() -> None:
    op.create_table(
        "loyalty_members",
        sa.Column("customer", sa.String(40), nullable=False),
        sa.Column("card", sa.String(40)),
        sa.Column("reference", sa.String(120)),
        sa.Column("enrolled_at", INSTANT, nullable=False),
        sa.Column("merged_into", sa.String(40)),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer", name=op.f("pk_loyalty_members")),
        sa.UniqueConstraint("card", name=op.f("uq_loyalty_members_card")),
    )


def _books() -> None:
    op.create_table(
        "loyalty_transactions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("key", sa.String(160)),
        sa.Column("member", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("posted_at", INSTANT, nullable=False),
        sa.Column("reverses", NUMBER),
        sa.Column("short", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("order", sa.String(20)),
        sa.Column("receipt", sa.String(100)),
        sa.Column("reason", sa.String(200)),
        _of_member("transactions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_transactions")),
        sa.UniqueConstraint("key", name=op.f("uq_loyalty_transactions_key")),
    )
    _index("transactions", "member", "at", "id", name="member")
    _index("transactions", "reverses")
    _index("transactions", "order")
    op.create_table(
        "loyalty_lots",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("member", sa.String(40), nullable=False),
        sa.Column("transaction", NUMBER, nullable=False),
        sa.Column("available_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("moved_from", NUMBER),
        _of_member("lots"),
        _of_transaction("lots"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_lots")),
    )
    _index("lots", "member")
    _index("lots", "transaction")
    op.create_table(
        "loyalty_entries",
        sa.Column("transaction", NUMBER, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("member", sa.String(40)),
        sa.Column("lot", NUMBER),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("points <> 0", name=op.f("ck_loyalty_entries_some")),
        _of_member("entries"),
        _of_transaction("entries"),
        sa.ForeignKeyConstraint(["lot"], ["loyalty_lots.id"], name=op.f("fk_loyalty_entries_lot")),
        sa.PrimaryKeyConstraint("transaction", "place", name=op.f("pk_loyalty_entries")),
    )
    _index("entries", "member", "lot", name="member")
    op.create_table(
        "loyalty_holds",
        sa.Column("holder", sa.String(80), nullable=False),
        sa.Column("member", sa.String(40), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("transaction", NUMBER, nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_loyalty_holds_some")),
        _of_member("holds"),
        _of_transaction("holds"),
        sa.PrimaryKeyConstraint("holder", name=op.f("pk_loyalty_holds")),
    )
    _index("holds", "member")


def _receipts() -> None:
    op.create_table(
        "loyalty_receipts",
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("number", sa.String(100), nullable=False),
        sa.Column("card", sa.String(40)),
        sa.Column("refund_of", sa.String(100)),
        sa.Column("sold_at", INSTANT, nullable=False),
        sa.Column("total", sa.String(40), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("member", sa.String(40)),
        _of_member("receipts"),
        sa.PrimaryKeyConstraint("source", "number", name=op.f("pk_loyalty_receipts")),
    )
    _index("receipts", "card")
    _index("receipts", "source", "refund_of", name="refund_of")
    op.create_table(
        "loyalty_receipt_cursors",
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("cursor", sa.String(500)),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_loyalty_receipt_cursors")),
    )
    op.create_table(
        "loyalty_program_writes",
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("member", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("order", sa.String(20)),
        sa.Column("reverses", sa.String(80)),
        sa.Column("holder", sa.String(80)),
        sa.Column("fence", sa.BigInteger()),
        sa.Column("until", INSTANT),
        sa.Column("due_at", INSTANT),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _of_member("program_writes"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_loyalty_program_writes")),
    )
    _index("program_writes", "order")
    _index("program_writes", "holder")
    _index("program_writes", "due_at")


def _of_member(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_loyalty_{table}_member")
    return sa.ForeignKeyConstraint(["member"], ["loyalty_members.customer"], name=name)


def _of_transaction(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_loyalty_{table}_transaction")
    return sa.ForeignKeyConstraint(["transaction"], ["loyalty_transactions.id"], name=name)


def _index(table: str, *columns: str, name: str | None = None) -> None:
    op.create_index(f"ix_loyalty_{table}_{name or columns[0]}", f"loyalty_{table}", [*columns])
