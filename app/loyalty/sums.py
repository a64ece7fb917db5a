"""What do entries come to? Sums of them, and what they say in their order; nothing is written."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, tuple_

from app.loyalty.model import Account, Entry, Kind
from app.loyalty.tables import entries, lots, members, transactions
from app.values import CustomerId

EARNING = (Kind.EARN, Kind.REVERSE)


def lots_of(connection: Connection, transaction: int, account: Account) -> dict[int, int]:
    """Points by lot that a transaction put into an account, or took out of it (below zero)."""
    question = (
        select(entries.c.lot, func.sum(entries.c.points).label("points"))
        .where(entries.c.transaction == transaction, entries.c.account == account)
        .group_by(entries.c.lot)
    )
    return {row.lot: int(row.points) for row in connection.execute(question)}


def deadlines(connection: Connection, numbers: Iterable[int]) -> dict[int, datetime | None]:
    """Until when the points of lots are good."""
    question = select(lots.c.id, lots.c.expires_at).where(lots.c.id.in_(sorted(numbers)))
    return {row.id: row.expires_at for row in connection.execute(question)}


def undone(connection: Connection, transaction: int) -> int:
    """Points of a transaction that others have undone, or were to, as far as there were any."""
    undoing = transactions.c.reverses == transaction
    posted = (
        select(func.coalesce(func.sum(entries.c.points), 0))
        .join_from(entries, transactions, transactions.c.id == entries.c.transaction)
        .where(undoing, entries.c.points > 0)
    )
    return int(connection.execute(posted).scalar_one()) + short_of(connection, transaction)


def adjusted(connection: Connection, transaction: int) -> tuple[int, str | None]:
    """Points that an adjustment gave, or took where below zero, and why."""
    given = (
        select(-func.sum(entries.c.points), transactions.c.reason)
        .join_from(entries, transactions, transactions.c.id == entries.c.transaction)
        .where(entries.c.transaction == transaction, entries.c.account == Account.LIABILITY)
        .group_by(transactions.c.reason)
    )
    points, reason = connection.execute(given).one()
    return int(points), reason


def short_of(connection: Connection, transaction: int) -> int:
    """Points that those who were to undo a transaction did not find."""
    short = func.coalesce(func.sum(transactions.c.short), 0)
    question = select(short).where(transactions.c.reverses == transaction)
    return int(connection.execute(question).scalar_one())


def moved_on(connection: Connection, numbers: Iterable[int]) -> dict[int, int]:
    """Lots and all that their points were moved on to, each with the one of these it comes from."""
    found = {one: one for one in numbers}
    ahead = sorted(found)
    while ahead:
        question = select(lots.c.id, lots.c.moved_from).where(lots.c.moved_from.in_(ahead))
        further = {row.id: found[row.moved_from] for row in connection.execute(question)}
        found |= further
        ahead = sorted(further)
    return found


def expired_of(connection: Connection, numbers: Iterable[int]) -> int:
    """Points of lots that have expired."""
    question = (
        select(func.coalesce(func.sum(entries.c.points), 0))
        .join_from(entries, transactions, transactions.c.id == entries.c.transaction)
        .where(entries.c.lot.in_(sorted(numbers)), transactions.c.kind == Kind.EXPIRE)
    )
    return -int(connection.execute(question).scalar_one())


def earned_since(connection: Connection, member: CustomerId, since: datetime) -> int:
    """Points earned since a time, less those reversed; also by whom the member was before."""
    theirs = select(members.c.customer).where(members.c.customer == member)
    records = theirs.cte("records", recursive=True)
    merged = select(members.c.customer).where(members.c.merged_into == records.c.customer)
    records = records.union(merged)
    question = (
        select(func.coalesce(func.sum(entries.c.points), 0))
        .join_from(entries, transactions, transactions.c.id == entries.c.transaction)
        .where(
            transactions.c.member.in_(select(records.c.customer)),
            transactions.c.kind.in_([str(kind) for kind in EARNING]),
            transactions.c.at > since,
            entries.c.account == Account.LIABILITY,
        )
    )
    return -int(connection.execute(question).scalar_one())


def expired_since(connection: Connection, member: CustomerId, since: datetime) -> int:
    """Points that expired since a time."""
    question = (
        select(func.coalesce(func.sum(entries.c.points), 0))
        .join_from(entries, transactions, transactions.c.id == entries.c.transaction)
        .where(
            transactions.c.member == member,
            transactions.c.at > since,
            entries.c.account == Account.EXPIRED,
        )
    )
    return int(connection.execute(question).scalar_one())


def history(
    connection: Connection,
    member: CustomerId,
    *,
    first: int,
    after: tuple[datetime, int] | None = None,
) -> list[Entry]:
    """A member's transactions, the latest first."""
    latest = (transactions.c.at.desc(), transactions.c.id.desc())
    theirs = select(entries.c.transaction).where(entries.c.member == member)
    some = select(transactions).where(transactions.c.id.in_(theirs))
    if after is not None:
        some = some.where(tuple_(transactions.c.at, transactions.c.id) < tuple_(*after))
    rows = list(connection.execute(some.order_by(*latest).limit(first)))
    sums = _sums(connection, member, [row.id for row in rows])
    return [_entry(row, sums.get(row.id, {})) for row in rows]


def _sums(
    connection: Connection, member: CustomerId, numbers: Sequence[int]
) -> dict[int, dict[str, int]]:
    """What transactions did to a member's accounts."""
    found: dict[int, dict[str, int]] = {}
    question = (
        select(entries.c.transaction, entries.c.account, func.sum(entries.c.points).label("points"))
        .where(entries.c.transaction.in_(numbers), entries.c.member == member)
        .group_by(entries.c.transaction, entries.c.account)
    )
    for row in connection.execute(question):
        found.setdefault(row.transaction, {})[row.account] = int(row.points)
    return found


def _entry(row: Any, sums: Mapping[str, int]) -> Entry:
    return Entry(
        id=str(row.id),
        kind=Kind(row.kind),
        at=row.at,
        available=sums.get(Account.AVAILABLE, 0),
        pending=sums.get(Account.PENDING, 0),
        held=sums.get(Account.HELD, 0),
        reason=row.reason,
        order=row.order,
        receipt=row.receipt,
    )
