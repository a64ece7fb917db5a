"""What is written of points? Fetches and keeps; `ledger` has the rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from app.loyalty import sums
from app.loyalty.model import (
    OF_MEMBER,
    Account,
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
    totals = (
        select(entries.c.lot, entries.c.account, total.label("points"))
        .where(entries.c.member == member)
        .group_by(entries.c.lot, entries.c.account)
        .having(total != 0)
        .subquery()
    )
    question = (
        select(lots.c.id, lots.c.available_at, lots.c.expires_at, totals.c.account, totals.c.points)
        .join_from(totals, lots, lots.c.id == totals.c.lot)
        .order_by(lots.c.id)
    )
    rows = groupby(connection.execute(question), key=lambda row: row.id)
    return Position(lots=tuple(_lot(list(of)) for _, of in rows), holds=_holds(connection, member))


def lots_opened(connection: Connection, transaction: int) -> list[Any]:
    """Lots that a transaction opened: `id`, `moved_from`."""
    question = select(lots).where(lots.c.transaction == transaction).order_by(lots.c.id)
    return list(connection.execute(question))


def of_order(connection: Connection, order: str) -> list[Any]:
    """The transactions that were made for an order, in their order."""
    question = select(transactions).where(transactions.c.order == order)
    return list(connection.execute(question.order_by(transactions.c.id)))


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
            lots=sums.lots_of(connection, row.transaction, Account.HELD),
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
