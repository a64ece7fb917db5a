"""For whose goods an order has a place in a slot of work."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
KEY = "pk_slot_places"


def upgrade() -> None:
    """Go on; what is there is taken for the work on a location's own goods."""
    origin = sa.Column("origin", sa.String(100), nullable=False, server_default="")
    with op.batch_alter_table("slot_places") as table:
        table.add_column(origin)
    op.execute(sa.text("UPDATE slot_places SET origin = location"))
    with op.batch_alter_table("slot_places") as table:
        table.drop_constraint(KEY, type_="primary")
        table.create_primary_key(KEY, ["owner", "location", "begins", "origin"])


def downgrade() -> None:
    """Go back; an order has a place once."""
    places = sa.table("slot_places", *map(sa.column, ("owner", "location", "begins", "origin")))
    same = places.alias("same")
    first = (
        sa.select(sa.func.min(same.c.origin))
        .where(
            same.c.owner == places.c.owner,
            same.c.location == places.c.location,
            same.c.begins == places.c.begins,
        )
        .scalar_subquery()
    )
    op.execute(sa.delete(places).where(places.c.origin > first))
    with op.batch_alter_table("slot_places") as table:
        table.drop_constraint(KEY, type_="primary")
        table.create_primary_key(KEY, ["owner", "location", "begins"])
        table.drop_column("origin")
