"""Two customers were one person: whose are the points? One transaction, and one that undoes it."""

from app.loyalty import repository, sums
from app.loyalty.ledger import Standing, account, release
from app.loyalty.model import Account, Kind, Lot, Member, Place, Posting
from app.loyalty.repository import About
from app.store import Work
from app.values import CustomerId

MOVED = (Account.PENDING, Account.AVAILABLE)


def merge(work: Work, source: CustomerId, into: CustomerId, key: str) -> bool:
    """All points of one customer to another, lot by lot; False where the one has no account.

    What was held for carts of the one is let go first. Asked again under the key, nothing happens.
    From now on the card of the one is the other's.
    """
    connection = work.connection
    if repository.find_key(connection, key) is not None:
        return True
    if repository.find_member(connection, source) is None:
        return False
    joined = Member(customer=into, card=None, enrolled_at=work.now)
    repository.add_member(connection, joined)
    opened = {one: account(work, one) for one in sorted({source, into})}
    giver, taker = opened[source], opened[into]
    if giver.customer == taker.customer:
        return False  # they are one already
    for hold in giver.position.holds:
        release(work, hold.holder)
    giver = account(work, giver.customer)
    _move(work, giver, taker, key)
    repository.set_member(connection, giver.customer, merged_into=taker.customer)
    return True


def undo(work: Work, source: CustomerId, key: str) -> bool:
    """What is left of moved points back to where they came from; False where none were moved."""
    connection = work.connection
    done = repository.find_key(connection, key)
    if done is None or repository.find_key(connection, f"{key}:back") is not None:
        return False
    taker = account(work, CustomerId(done.member))
    repository.lock_member(connection, source)
    repository.set_member(connection, source, merged_into=None)
    lots = {lot.id: lot for lot in taker.position.lots}
    opened = {row.id: row.moved_from for row in repository.lots_opened(connection, done.id)}
    postings = [
        Posting(Place(kind, lot), Place(kind, opened[first], source), lots[lot].of(kind))
        for lot, first in sums.moved_on(connection, opened).items()
        for kind in MOVED
        if lot in lots and lots[lot].of(kind)
    ]
    taker.post(Kind.MOVE, postings, key=f"{key}:back", reverses=done.id)
    return True


def _move(work: Work, giver: Standing, taker: Standing, key: str) -> None:
    connection = work.connection
    about = About(kind=Kind.MOVE, key=key, at=work.now, posted_at=work.now)
    number = repository.add_head(connection, taker.customer, about)
    postings = [
        posting
        for lot in giver.position.lots
        for posting in _lot_moved(work, giver, taker, lot, number)
    ]
    repository.add_entries(connection, taker.customer, number, postings)
    taker.told(Kind.MOVE, number, postings)


def _lot_moved(
    work: Work, giver: Standing, taker: Standing, lot: Lot, number: int
) -> list[Posting]:
    there = [kind for kind in MOVED if lot.of(kind)]
    if not there:
        return []
    new = repository.add_lot(
        work.connection,
        taker.customer,
        number,
        available_at=lot.available_at,
        expires_at=lot.expires_at,
        moved_from=lot.id,
    )
    return [
        Posting(Place(kind, lot.id, giver.customer), Place(kind, new), lot.of(kind))
        for kind in there
    ]
