"""What has long been over is forgotten, a little at a time. Nothing depends on when.

Whether something has expired is decided when it is read; this only makes room, and forgets who
bought nothing. A cart's fence goes with the cart, since its id never comes again.
"""

from datetime import timedelta

from sqlalchemy import delete, select

from app.availability import repository as stock
from app.availability import slot_rows
from app.carts.repository import holder_of
from app.carts.tables import cart_lines, carts, hand_overs
from app.store import Work
from app.store.tables import idempotency_keys

OVER = timedelta(days=1)  # longer than clocks differ
MOST_CARTS = 500  # of one transaction


def sweep(work: Work) -> int:
    """Forget some of what was over a day ago; the number of carts among it."""
    before = work.now - OVER
    for table in (hand_overs, idempotency_keys):
        until = table.c.kept_until if table is idempotency_keys else table.c.expires_at
        work.connection.execute(delete(table).where(until <= before))
    stock.drop_expired(work.connection, before)
    slot_rows.drop_over(work.connection, before)
    question = select(carts.c.id).where(carts.c.expires_at <= before).order_by(carts.c.id)
    locked = question.limit(MOST_CARTS).with_for_update(skip_locked=True)
    gone = list(work.connection.scalars(locked))
    if gone:
        holders = [holder_of(cart) for cart in gone]
        stock.forget_holders(work.connection, holders)
        slot_rows.drop(work.connection, *holders)
        for column in (hand_overs.c.cart, cart_lines.c.cart, carts.c.id):
            work.connection.execute(delete(column.table).where(column.in_(gone)))
    return len(gone)
