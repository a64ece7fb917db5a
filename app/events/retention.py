"""How long is the log kept? By time and by size; how far it was swept stands in the database."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import delete, select, update

from app.store import Store, Work, log
from app.store.rounds import Rounds
from app.store.tables import facts, log_head

EVERY = timedelta(minutes=1)
MOST = 2_000  # facts of one transaction


def sweep(work: Work, *, keep_for: timedelta, keep_at_most: int, most: int = MOST) -> int:
    """Forget some of the oldest facts, and say so, in one transaction; how many they were."""
    head = log.head(work.connection)
    floor = max(head.floor, min(head.last - keep_at_most, head.floor + most))
    columns = facts.c
    question = (
        select(columns.seq, columns.occurred_at)
        .where(columns.seq > floor, columns.seq <= head.floor + most)
        .order_by(columns.seq)
    )
    for seq, at in work.connection.execute(question):
        if at > work.now - keep_for:
            break
        floor = seq
    if floor > head.floor:
        work.connection.execute(delete(facts).where(columns.seq <= floor))
        higher = update(log_head).where(log_head.c.floor < floor)
        work.connection.execute(higher.values(floor=floor))
    return floor - head.floor


async def keep_short(
    store: Store, now: Callable[[], datetime], *, keep_for: timedelta, keep_at_most: int
) -> None:
    """Forget what is too old, or too much, until cancelled."""
    forget = partial(sweep, keep_for=keep_for, keep_at_most=keep_at_most)

    async def once() -> bool:
        return await store.act(forget, now=now()) == MOST

    await Rounds("retention", every=EVERY).run(once)
