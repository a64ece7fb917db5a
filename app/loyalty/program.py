"""What is a programme that is not ours yet to be told? Written with what it follows from.

A write outside can happen and its answer be lost, so it is written down before it is made, with a
key under which it may be made again. Points of a cart are held outside before its goods are, and
bound to them by the same fence; what is not bound or bought by its time is let go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, or_, select, update

from app.loyalty.rules import part_of
from app.loyalty.tables import program_writes as writes
from app.ports import PointsKey
from app.store import Work
from app.store.statements import inserting
from app.values import CustomerId

FIRST_WAIT, LONGEST_WAIT = timedelta(milliseconds=500), timedelta(minutes=5)


class Write(StrEnum):
    """What is written outside."""

    REDEEM = "REDEEM"
    EARN = "EARN"
    ADJUST = "ADJUST"


class Outcome(StrEnum):
    """How far it is. HOLD, CAPTURE, RELEASE and WANTED are what is to be had."""

    HOLD = "HOLD"
    CAPTURE = "CAPTURE"
    RELEASE = "RELEASE"
    WANTED = "WANTED"
    DONE = "DONE"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One write, and what is to be had of it."""

    key: PointsKey
    member: CustomerId
    kind: Write
    points: int
    outcome: Outcome
    attempts: int


def reserve(
    work: Work, key: PointsKey, member: CustomerId, holder: str, points: int, until: datetime
) -> PointsKey:
    """Write that points are about to be held; the key of what the holder has of them already."""
    mine = _held(holder) & (writes.c.points == points) & (writes.c.until > work.now)
    known = work.connection.execute(select(writes.c.key).where(mine)).scalars().first()
    if known is not None:
        return PointsKey(known)
    _add(
        work,
        key,
        member,
        Write.REDEEM,
        points,
        outcome=Outcome.HOLD,
        due_at=until,
        holder=holder,
        until=until,
    )
    return key


def bind(work: Work, key: PointsKey, holder: str, fence: int, until: datetime) -> bool:
    """Keep held points as long as the goods, under their fence; others of the holder are let go.

    False where they were let go meanwhile.
    """
    others = update(writes).where(_held(holder), writes.c.key != key)
    work.connection.execute(others.values(outcome=Outcome.RELEASE, due_at=work.now))
    mine = update(writes).where(_held(holder), writes.c.key == key)
    bound = mine.values(fence=fence, until=until, due_at=until)
    return bool(work.connection.execute(bound).rowcount)


def release(work: Work, holder: str, *, unbound: bool = False) -> None:
    """Let go of what a holder holds; only of what was not bound, if that is said."""
    mine = update(writes).where(_held(holder))
    if unbound:
        mine = mine.where(writes.c.fence.is_(None))
    work.connection.execute(mine.values(outcome=Outcome.RELEASE, due_at=work.now))


def commit(work: Work, holder: str, fence: int, order: str, *, points: int) -> bool:
    """Points that are held are to be captured for an order; False where they are not any more."""
    mine = update(writes).where(
        _held(holder),
        writes.c.fence == fence,
        writes.c.points == points,
        writes.c.until > work.now,
    )
    spent = mine.values(outcome=Outcome.CAPTURE, order=order, due_at=work.now)
    return bool(work.connection.execute(spent).rowcount)


def earn(work: Work, order: str, member: CustomerId, points: int, due_at: datetime) -> None:
    """An order earns; the programme is told when these points can be spent."""
    key = PointsKey(f"{order}-earn")
    _add(work, key, member, Write.EARN, points, order=order, due_at=due_at)


def undone(work: Work, order: str, part: Decimal) -> None:
    """So much of an order is over, all told: as much of what it spent and earned is undone.

    What is not earned there yet is earned first, and then taken back.
    """
    connection = work.connection
    made = (writes.c.order == order) & writes.c.kind.in_([Write.REDEEM, Write.EARN])
    made &= writes.c.outcome != Outcome.REFUSED
    for row in connection.execute(select(writes).where(made)).all():
        target = part_of(row.points, part, Decimal(1))
        left = target - _undone(connection, row.key)
        if left > 0:
            points = left if row.kind == Write.REDEEM else -left
            key = PointsKey(f"{order}-{row.kind.lower()}-back-{target}")
            member = CustomerId(row.member)
            due_at = max(work.now, row.due_at or work.now) if points < 0 else work.now
            more = {"order": order, "reverses": row.key, "due_at": due_at}
            _add(work, key, member, Write.ADJUST, points, **more)


def take(work: Work, *, most: int, lease: timedelta, holder: str | None = None) -> list[Task]:
    """Writes that are due, for as long as the lease lasts; those of a holder at once."""
    due = select(writes.c.key).where(writes.c.due_at <= work.now)
    if holder is not None:
        due = due.where(writes.c.holder == holder)
    # Of what is due at the same time, what is earned goes before what is taken back.
    due = (
        due.order_by(writes.c.due_at, writes.c.points.desc())
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    keys: Sequence[str] = work.connection.execute(due).scalars().all()
    if not keys:
        return []
    # What is held until a time, and that is over, is to be let go.
    mine = update(writes).where(writes.c.key.in_(keys))
    over = mine.where(writes.c.outcome == Outcome.HOLD)
    work.connection.execute(over.values(outcome=Outcome.RELEASE))
    taken = mine.values(due_at=work.now + lease, attempts=writes.c.attempts + 1)
    rows = {row.key: row for row in work.connection.execute(taken.returning(*writes.c))}
    return [_task(rows[key]) for key in keys]


def settle(work: Work, task: Task, outcome: Outcome | None) -> None:
    """What came of it; None: nobody knows yet, and it is made again later."""
    mine = update(writes).where(writes.c.key == task.key, writes.c.outcome == task.outcome)
    if outcome is not None:
        work.connection.execute(mine.values(outcome=outcome, due_at=None))
        return
    wait = min(FIRST_WAIT * 2 ** min(task.attempts, 16), LONGEST_WAIT)
    work.connection.execute(mine.values(due_at=work.now + wait))


def holds(connection: Connection, holder: str, now: datetime) -> int:
    """Points that are held for a holder."""
    mine = select(writes.c.points).where(_held(holder), writes.c.until > now)
    return sum(connection.scalars(mine))


def waiting(connection: Connection, member: CustomerId) -> int:
    """Points that orders have earned, and the programme is to be told of later."""
    mine = (writes.c.member == member) & (writes.c.outcome == Outcome.WANTED)
    earned = or_(writes.c.kind == Write.EARN, writes.c.reverses.like("%-earn"))
    return sum(connection.scalars(select(writes.c.points).where(mine, earned)))


def _held(holder: str) -> Any:
    return (writes.c.holder == holder) & (writes.c.outcome == Outcome.HOLD)


def _undone(connection: Connection, key: str) -> int:
    undoing = select(writes.c.points).where(writes.c.reverses == key)
    return sum(abs(points) for points in connection.scalars(undoing))


def _add(
    work: Work, key: PointsKey, member: CustomerId, kind: Write, points: int, **more: Any
) -> None:
    row = {
        "key": key,
        "member": member,
        "kind": kind,
        "points": points,
        "outcome": Outcome.WANTED,
        "due_at": work.now,
        "attempts": 0,
        **more,
    }
    new = inserting(work.connection, writes).values(row)
    work.connection.execute(new.on_conflict_do_nothing())


def _task(row: Any) -> Task:
    return Task(
        key=PointsKey(row.key),
        member=CustomerId(row.member),
        kind=Write(row.kind),
        points=row.points,
        outcome=Outcome(row.outcome),
        attempts=row.attempts,
    )
