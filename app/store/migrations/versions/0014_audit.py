"""Who did what, and who read what of whom."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0010"
ENTRIES = "audit_entries"
REFUSED = "entries of the audit log are neither changed nor taken away"


def upgrade() -> None:
    """Go on."""
    op.create_table(
        ENTRIES,
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("who", sa.String(40), nullable=False),
        sa.Column("what", sa.String(60), nullable=False),
        sa.Column("entity", sa.String(120), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("seal", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_who", ENTRIES, ["who", "seq"])
    op.create_index("ix_audit_entries_entity", ENTRIES, ["entity", "seq"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("seal", sa.String(64), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.bulk_insert(head, [{"id": 1, "last": 0, "seal": "0" * 64}])
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {ENTRIES}_{act.lower()} BEFORE {act} ON {ENTRIES}"
                f" BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {ENTRIES}_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{REFUSED}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {ENTRIES}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {ENTRIES}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {ENTRIES}_refuse()"
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("audit_head")
    op.drop_table(ENTRIES)
    if op.get_bind().dialect.name != "sqlite":
        op.execute(f"DROP FUNCTION {ENTRIES}_refuse()")
