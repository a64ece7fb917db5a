"""What must hold of the books, whatever has happened?"""

from sqlalchemy import Connection, func, select

from app.loyalty.model import OF_MEMBER
from app.loyalty.tables import entries


def wrongs(connection: Connection) -> list[str]:
    """Transactions that do not sum to zero; accounts of members below zero, in any lot."""
    total = func.sum(entries.c.points).label("points")
    by_transaction = select(entries.c.transaction, total).group_by(entries.c.transaction)
    uneven = connection.execute(by_transaction.having(total != 0))
    of_members = entries.c.account.in_([str(one) for one in OF_MEMBER])
    places = (entries.c.member, entries.c.account, entries.c.lot)
    by_place = select(*places, total).where(of_members).group_by(*places).having(total < 0)
    return [
        *(f"transaction {row.transaction} sums to {row.points}" for row in uneven),
        *(
            f"{row.member} has {row.points} {row.account} in {row.lot}"
            for row in connection.execute(by_place)
        ),
    ]


def in_all(connection: Connection) -> int:
    """All entries together."""
    return int(
        connection.execute(select(func.coalesce(func.sum(entries.c.points), 0))).scalar_one()
    )
