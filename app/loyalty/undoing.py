"""What was earned is taken back, and what was spent is given back: acts, once a key."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from app.loyalty import repository, sums
from app.loyalty.ledger import account
from app.loyalty.ledger import known as known_to
from app.loyalty.model import Account, Kind, Place, Position, Posting, fifo
from app.loyalty.repository import About
from app.store import Work
from app.values import CustomerId


def reverse(work: Work, transaction: int, customer: CustomerId, key: str, points: int) -> int:
    """Points of an earning taken back: out of its own lot, wherever that was moved, then of others.

    What has expired of it is not taken from others, and what is not there any more is not taken at
    all; how many that were is written as `short`.
    """
    found = account(work, customer)
    if (there := known_to(found, key, Kind.REVERSE)) is not None:
        return there
    opened = repository.lots_opened(work.connection, transaction)
    own = sums.moved_on(work.connection, [row.id for row in opened])
    mine = Position(lots=tuple(lot for lot in found.position.lots if lot.id in own))
    wanted = _still_there(work, transaction, own, points)
    postings: list[Posting] = []
    for part, source in (
        (mine, Account.PENDING),
        (mine, Account.AVAILABLE),
        (found.position, Account.AVAILABLE),
        (found.position, Account.PENDING),
    ):
        left = wanted - sum(one.points for one in postings)
        gone = [(one.source, one.points) for one in postings]
        postings += fifo(_without(part, gone), left, source, Account.LIABILITY)
    short = points - sum(one.points for one in postings)
    return found.post(Kind.REVERSE, postings, key=key, reverses=transaction, short=short)


def restore(
    work: Work, transaction: int, customer: CustomerId, key: str, points: int, *, good: timedelta
) -> int:
    """Points that were spent given back to where they came from, the last to go first.

    Those whose time is over are `good` for a while.
    """
    found = account(work, customer)
    if (there := known_to(found, key, Kind.RESTORE)) is not None:
        return there
    connection = work.connection
    spent = sums.lots_of(connection, transaction, Account.REDEEMED)
    ends = sums.deadlines(connection, spent)
    done = sums.undone(connection, transaction)
    back: list[tuple[int, int]] = []
    for lot in sorted(spent, key=lambda lot: (ends[lot] is None, ends[lot] or work.now, lot))[::-1]:
        skipped = min(done, spent[lot])
        done -= skipped
        taken = min(points - sum(count for _, count in back), spent[lot] - skipped)
        if taken > 0:
            back.append((lot, taken))
    about = About(kind=Kind.RESTORE, key=key, at=work.now, posted_at=work.now, reverses=transaction)
    number = repository.add_head(connection, found.customer, about)
    postings = []
    for lot, count in back:
        end = ends[lot]
        to = lot
        if found.customer != customer or (end is not None and end <= work.now):
            until = None if end is None else max(end, work.now + good)
            to = repository.add_lot(
                connection, found.customer, number, available_at=work.now, expires_at=until
            )
        target = Place(Account.AVAILABLE, to)
        postings.append(Posting(Place(Account.REDEEMED, lot), target, count))
    repository.add_entries(connection, found.customer, number, postings)
    found.told(Kind.RESTORE, number, postings)
    return number


def _still_there(work: Work, transaction: int, lots: Collection[int], points: int) -> int:
    """How many of so many points of an earning are to be taken, as some of it has expired."""
    if not lots:
        return points
    connection = work.connection
    undone = sums.undone(connection, transaction)
    taken = undone - sums.short_of(connection, transaction)
    expired = sums.expired_of(connection, lots)
    return max(0, min(points, undone + points - expired - taken))


def _without(position: Position, gone: list[tuple[Place, int]]) -> Position:
    """The lots without points that were taken already."""
    lots = []
    for lot in position.lots:
        points = dict(lot.points)
        for place, count in gone:
            if place.lot == lot.id:
                points[place.account] = points.get(place.account, 0) - count
        lots.append(replace(lot, points=points))
    return Position(lots=tuple(lots), holds=position.holds)
