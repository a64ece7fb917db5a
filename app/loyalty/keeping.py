"""What do the books keep of people, and how is it told and forgotten?"""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import Connection, select, tuple_, update

from app.loyalty.tables import entries, members, receipts, transactions
from app.store import Work
from app.values import CustomerId


def tell(connection: Connection, selves: Collection[CustomerId]) -> Any:
    """The accounts of a person with what happened to their points, as JSON."""
    theirs = members.c.customer.in_(sorted(selves))
    accounts = connection.execute(select(members.c.card, members.c.enrolled_at).where(theirs))
    happened = connection.execute(
        select(transactions.c.kind, transactions.c.at, entries.c.account, entries.c.points)
        .join(entries, entries.c.transaction == transactions.c.id)
        .where(entries.c.member.in_(sorted(selves)))
        .order_by(transactions.c.at, transactions.c.id, entries.c.place)
    )
    told = {
        "accounts": [{"card": row.card, "enrolled": row.enrolled_at} for row in accounts],
        "entries": [
            {"kind": row.kind, "at": row.at, "account": row.account, "points": row.points}
            for row in happened
        ],
    }
    return msgspec.to_builtins(told)


def forget(work: Work, selves: Collection[CustomerId]) -> bool:
    """Cards, what others call them and what staff wrote go; the books stay as they are.

    A card is on what was sold to them and on refunds of it, and on receipts that earned nothing.
    """
    theirs = sorted(selves)
    sold = select(receipts.c.source, receipts.c.number).where(receipts.c.member.in_(theirs))
    cards = select(members.c.card).where(members.c.customer.in_(theirs))
    for found in (
        receipts.c.member.in_(theirs),
        tuple_(receipts.c.source, receipts.c.refund_of).in_(sold),
        receipts.c.card.in_(cards),
    ):
        work.connection.execute(update(receipts).where(found).values(card=None))
    work.connection.execute(
        update(members).where(members.c.customer.in_(theirs)).values(card=None, reference=None)
    )
    work.connection.execute(
        update(transactions).where(transactions.c.member.in_(theirs)).values(reason=None)
    )
    return True
