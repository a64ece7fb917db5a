"""What is written of points? Fetches and keeps; `ledger` has the rules."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, tuple_, update

from app.loyalty.model import (
    OF_MEMBER,
    Account,
    Entry,
    Kind,
    Lot,
    Member,
    PointsHold,
    Position,
    Posting,
)
from app.loyalty.tables import entries, lots, members, points_holds, transactions
from app.store.statements import inserting
from app.values import CustomerId

EARNING = (Kind.EARN, Kind.REVERSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is written of a transaction beside its postings."""

    kind: Kind
    at: datetime
    posted_at: datetime
    key: str | None = None
    reverses: int | None = None
    short: int = 0
    order: str | None = None
    receipt: str | None = None
    reason: str | None = None


def add_member(connection: Connection, member: Member) -> bool:
    """Keep a new member; False where there is one by this id or this card."""
    row = {
        "customer": member.customer,
        "card": member.card,
        "reference": member.reference,
        "enrolled_at": member.enrolled_at,
        "version": 1,
    }
    new = inserting(connection, members).values(row).on_conflict_do_nothing()
    return connection.execute(new.returning(members.c.customer)).first() is not None


def find_member(
    connection: Connection, customer: CustomerId | None = None, *, card: str | None = None
) -> Member | None:
    """Who has an id or a card; of somebody who was merged, who has the points now."""
    by = members.c.customer == customer if card is None else members.c.card == card
    row = connection.execute(select(members).where(by)).one_or_none()
    while row is not None and row.merged_into is not None:
        question = select(members).where(members.c.customer == row.merged_into)
        row = connection.execute(question).one_or_none()
    return None if row is None else _member(row)


def lock_member(connection: Connection, customer: CustomerId) -> Member | None:
    """Exactly this member, whom nobody else writes of until the transaction ends."""
    mine = update(members).where(members.c.customer == customer)
    taken = mine.values(version=members.c.version + 1).returning(*members.c)
    row = connection.execute(taken).one_or_none()
    return None if row is None else _member(row)


def set_member(connection: Connection, customer: CustomerId, **values: Any) -> None:
    """Write something of a member."""
    connection.execute(update(members).where(members.c.customer == customer).values(values))


def find_key(connection: Connection, key: str) -> Any | None:
    """The transaction of a key: `id`, `member`, `kind`, `short`."""
    return connection.execute(select(transactions).where(transactions.c.key == key)).one_or_none()


def add_transaction(
    connection: Connection, member: CustomerId, about: About, postings: Sequence[Posting]
) -> int:
    """Write a transaction; its number."""
    number = add_head(connection, member, about)
    add_entries(connection, member, number, postings)
    return number


def add_head(connection: Connection, member: CustomerId, about: About) -> int:
    """Write a transaction that has no entries yet; its number."""
    row = {name: getattr(about, name) for name in About.__slots__}
    new = insert(transactions).values(member=member, **row)
    number: int = connection.execute(new.returning(transactions.c.id)).scalar_one()
    return number


def add_entries(
    connection: Connection, member: CustomerId, number: int, postings: Sequence[Posting]
) -> None:
    """Write both sides of each posting."""
    sides = [
        (place, sign * posting.points)
        for posting in postings
        for place, sign in ((posting.source, -1), (posting.target, 1))
    ]
    rows = [
        {
            "transaction": number,
            "place": at,
            "account": place.account,
            "member": (place.member or member) if place.account in OF_MEMBER else None,
            "lot": place.lot,
            "points": points,
        }
        for at, (place, points) in enumerate(sides)
    ]
    if rows:
        connection.execute(insert(entries), rows)


def add_lot(
    connection: Connection,
    member: CustomerId,
    transaction: int,
    *,
    available_at: datetime,
    expires_at: datetime | None,
    moved_from: int | None = None,
) -> int:
    """Open a lot; its number."""
    row = {
        "member": member,
        "transaction": transaction,
        "available_at": available_at,
        "expires_at": expires_at,
        "moved_from": moved_from,
    }
    number: int = connection.execute(insert(lots).values(row).returning(lots.c.id)).scalar_one()
    return number


def position(connection: Connection, member: CustomerId) -> Position:
    """All that a member has, as it was posted."""
    total = func.sum(entries.c.points)
    sums = (
        select(entries.c.lot, entries.c.account, total.label("points"))
        .where(entries.c.member == member)
        .group_by(entries.c.lot, entries.c.account)
        .having(total != 0)
        .subquery()
    )
    question = (
        select(lots.c.id, lots.c.available_at, lots.c.expires_at, sums.c.account, sums.c.points)
        .join_from(sums, lots, lots.c.id == sums.c.lot)
        .order_by(lots.c.id)
    )
    rows = groupby(connection.execute(question), key=lambda row: row.id)
    return Position(lots=tuple(_lot(list(of)) for _, of in rows), holds=_holds(connection, member))


def lots_of(connection: Connection, transaction: int, account: Account) -> dict[int, int]:
    """Points by lot that a transaction put into an account, or took out of it (below zero)."""
    question = (
        select(entries.c.lot, func.sum(entries.c.points).label("points"))
        .where(entries.c.transaction == transaction, entries.c.account == account)
        .group_by(entries.c.lot)
    )
    return {row.lot: int(row.points) for row in connection.execute(question)}


def lots_opened(connection: Connection, transaction: int) -> list[Any]:
    """Lots that a transaction opened: `id`, `moved_from`."""
    question = select(lots).where(lots.c.transaction == transaction).order_by(lots.c.id)
    return list(connection.execute(question))


def deadlines(connection: Connection, numbers: Iterable[int]) -> dict[int, datetime | None]:
    """Until when the points of lots are good."""
    question = select(lots.c.id, lots.c.expires_at).where(lots.c.id.in_(sorted(numbers)))
    return {row.id: row.expires_at for row in connection.execute(question)}


def of_order(connection: Connection, order: str) -> list[Any]:
    """The transactions that were made for an order, in their order."""
    question = select(transactions).where(transactions.c.order == order)
    return list(connection.execute(question.order_by(transactions.c.id)))


def undone(connection: Connection, transaction: int) -> int:
    """Points of a transaction that others have undone, or were to, as far as there were any."""
    undoing = transactions.c.reverses == transaction
    posted = (
        select(func.coalesce(func.sum(entries.c.points), 0))
        .join_from(entries, transactions, transactions.c.id == entries.c.transaction)
        .where(undoing, entries.c.points > 0)
    )
    return int(connection.execute(posted).scalar_one()) + short_of(connection, transaction)


def short_of(connection: Connection, transaction: int) -> int:
    """Points that those who were to undo a transaction did not find."""
    short = func.coalesce(func.sum(transactions.c.short), 0)
    question = select(short).where(transactions.c.reverses == transaction)
    return int(connection.execute(question).scalar_one())


def expired_of(connection: Connection, lot: int) -> int:
    """Points of a lot that have expired."""
    question = (
        select(func.coalesce(func.sum(entries.c.points), 0))
        .join_from(entries, transactions, transactions.c.id == entries.c.transaction)
        .where(entries.c.lot == lot, transactions.c.kind == Kind.EXPIRE)
    )
    return -int(connection.execute(question).scalar_one())


def put_hold(connection: Connection, member: CustomerId, hold: PointsHold) -> None:
    """Write what a holder holds."""
    row = {
        "holder": hold.holder,
        "member": member,
        "fence": hold.fence,
        "points": hold.points,
        "expires_at": hold.expires_at,
        "transaction": hold.transaction,
    }
    connection.execute(insert(points_holds).values(row))


def drop_hold(connection: Connection, holder: str) -> None:
    """Forget what a holder holds."""
    connection.execute(delete(points_holds).where(points_holds.c.holder == holder))


def hold_row(connection: Connection, holder: str) -> Any | None:
    """What is written of a holder, expired or not: `member`, `fence`, `points`, `expires_at`."""
    question = select(points_holds).where(points_holds.c.holder == holder)
    return connection.execute(question).one_or_none()


def earned_since(connection: Connection, member: CustomerId, since: datetime) -> int:
    """Points earned since a time, less those of them that were reversed."""
    question = (
        select(func.coalesce(func.sum(entries.c.points), 0))
        .join_from(entries, transactions, transactions.c.id == entries.c.transaction)
        .where(
            transactions.c.member == member,
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


def _holds(connection: Connection, member: CustomerId) -> tuple[PointsHold, ...]:
    question = select(points_holds).where(points_holds.c.member == member)
    rows = connection.execute(question.order_by(points_holds.c.holder)).all()
    return tuple(
        PointsHold(
            holder=row.holder,
            fence=row.fence,
            points=row.points,
            expires_at=row.expires_at,
            transaction=row.transaction,
            lots=lots_of(connection, row.transaction, Account.HELD),
        )
        for row in rows
    )


def _member(row: Any) -> Member:
    return Member(
        customer=CustomerId(row.customer),
        card=row.card,
        enrolled_at=row.enrolled_at,
        reference=row.reference,
        merged_into=row.merged_into and CustomerId(row.merged_into),
    )


def _lot(rows: Sequence[Any]) -> Lot:
    row = rows[0]
    return Lot(
        id=row.id,
        available_at=row.available_at,
        expires_at=row.expires_at,
        points={Account(one.account): int(one.points) for one in rows},
    )


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
