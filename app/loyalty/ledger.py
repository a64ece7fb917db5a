"""Whose are how many points? Every change is an act: a transaction in double entry, once a key.

Whoever writes of a member has its row first, so that no two of them count the same points. What
time has done by then (`model.settled`) is posted before anything else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.loyalty import events, repository, sums
from app.loyalty.model import (
    Account,
    Kind,
    Member,
    Place,
    PointsHold,
    Position,
    Posting,
    fifo,
    released,
    settled,
)
from app.loyalty.refusals import NotAMember, NotEnoughPoints, PointsExpired
from app.loyalty.repository import About
from app.store import Work
from app.store.keys import KeyReused
from app.values import CustomerId

LATELY = timedelta(days=30)  # expired within it, points are missed by whoever wants to spend them
PROGRAMME = Place(Account.LIABILITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """Points of one purchase, made at a time; from when they can be spent, until when."""

    points: int
    at: datetime
    available_at: datetime
    expires_at: datetime | None
    order: str | None = None
    receipt: str | None = None
    reason: str | None = None


@dataclass(slots=True)
class Standing:
    """A member whose row is ours until the transaction ends, with what is due by now posted."""

    work: Work
    member: Member
    position: Position

    @property
    def customer(self) -> CustomerId:
        """Whose it is."""
        return self.member.customer

    @property
    def available(self) -> int:
        """Points that can be spent."""
        return self.position.total(Account.AVAILABLE)

    def post(self, kind: Kind, postings: Sequence[Posting], **about: object) -> int:
        """Write a transaction and tell of it; its number. What is known of the lots follows."""
        work = self.work
        told = {"at": work.now, "posted_at": work.now, **about}
        head = About(kind=kind, **told)  # type: ignore[arg-type]  # as the fields are called
        number = repository.add_transaction(work.connection, self.customer, head, postings)
        self.told(kind, number, postings, order=head.order)
        return number

    def told(
        self, kind: Kind, number: int, postings: Sequence[Posting], *, order: str | None = None
    ) -> None:
        """Tell of a transaction, and look at the lots again."""
        points = sum(one.points for one in postings)
        more = {} if order is None else {"order": order}
        self.work.tell(events.posted(self.customer, kind, number, points, **more))
        self.position = repository.position(self.work.connection, self.customer)

    def refuse(self, asked: int) -> NotEnoughPoints:
        """Why so many points cannot be had."""
        since = self.work.now - LATELY
        gone = sums.expired_since(self.work.connection, self.customer, since)
        kind = PointsExpired if self.available + gone >= asked else NotEnoughPoints
        return kind(asked=asked, available=self.available)


def account(work: Work, customer: CustomerId) -> Standing:
    """A member, for a change; of one that was merged, who has the points.

    Raises:
        NotAMember: nobody by this id takes part.
    """
    connection = work.connection
    member = repository.lock_member(connection, customer)
    while member is not None and member.merged_into is not None:
        member = repository.lock_member(connection, member.merged_into)
    if member is None:
        raise NotAMember
    found = Standing(work, member, repository.position(connection, member.customer))
    for due in settled(found.position, work.now):
        if due.holder is not None:
            repository.drop_hold(connection, due.holder)
        found.post(due.kind, due.postings, at=due.at)
    return found


def earn(work: Work, customer: CustomerId, key: str, earned: Earned) -> int:
    """Points for a purchase; the transaction of the key, there once. Nothing earns nothing.

    What is late is what it would have been: it may be there to be spent, or gone, already.
    """
    found = account(work, customer)
    if (there := known(found, key, Kind.EARN)) is not None:
        return there
    about = About(
        kind=Kind.EARN,
        key=key,
        at=earned.at,
        posted_at=work.now,
        order=earned.order,
        receipt=earned.receipt,
        reason=earned.reason,
    )
    number = _given(found, about, earned, Account.PENDING)
    _settle(found)
    return number


def adjust(
    work: Work, customer: CustomerId, key: str, points: int, *, reason: str, until: datetime | None
) -> int:
    """Points given, good `until` then, or taken where below zero.

    Raises:
        NotEnoughPoints: fewer can be taken; nothing is.
        KeyReused: the key stands for something else.
    """
    found = account(work, customer)
    if (there := known(found, key, Kind.ADJUST)) is not None:
        if sums.adjusted(work.connection, there) != (points, reason):
            raise KeyReused
        return there
    if points > 0:
        about = About(kind=Kind.ADJUST, key=key, at=work.now, posted_at=work.now, reason=reason)
        given = Earned(points=points, at=work.now, available_at=work.now, expires_at=until)
        return _given(found, about, given, Account.AVAILABLE)
    if found.available < -points:
        raise found.refuse(-points)
    postings = fifo(found.position, -points, Account.AVAILABLE, Account.LIABILITY)
    return found.post(Kind.ADJUST, postings, key=key, reason=reason)


def hold(
    work: Work, customer: CustomerId, holder: str, points: int, *, fence: int, until: datetime
) -> None:
    """Keep points for a holder, in the place of what it held before; or nothing.

    Raises:
        NotEnoughPoints: fewer can be spent; what was held before stays held.
    """
    found = account(work, customer)
    if (before := repository.hold_row(work.connection, holder)) is not None:
        if before.member != found.customer:
            release(work, holder)
        _let_go(found, holder)
    if found.available < points:
        raise found.refuse(points)
    postings = fifo(found.position, points, Account.AVAILABLE, Account.HELD)
    number = found.post(Kind.HOLD, postings)
    kept = PointsHold(
        holder=holder,
        fence=fence,
        points=points,
        expires_at=until,
        transaction=number,
        lots={},
    )
    repository.put_hold(work.connection, found.customer, kept)


def release(work: Work, holder: str) -> bool:
    """Keep nothing for a holder any more; whether anything was."""
    row = repository.hold_row(work.connection, holder)
    if row is None:
        return False
    return _let_go(account(work, CustomerId(row.member)), holder)


def commit(work: Work, holder: str, fence: int, order: str, *, points: int) -> bool:
    """Points that are held are spent on an order; False where they are not held any more.

    They have to be as many as the order says, and held under the same `fence` as its goods.
    """
    row = repository.hold_row(work.connection, holder)
    if row is None:
        return False
    found = account(work, CustomerId(row.member))
    holding = next((one for one in found.position.holds if one.holder == holder), None)
    if holding is None or (holding.fence, holding.points) != (fence, points):
        return False
    postings = [
        Posting(Place(Account.HELD, lot), Place(Account.REDEEMED, lot), count)
        for lot, count in sorted(holding.lots.items())
    ]
    repository.drop_hold(work.connection, holder)
    found.post(Kind.REDEEM, postings, key=f"order:{order}:redeem", order=order)
    return True


def _given(found: Standing, about: About, earned: Earned, target: Account) -> int:
    """Points out of the programme into a lot of their own."""
    connection = found.work.connection
    number = repository.add_head(connection, found.customer, about)
    if not earned.points:
        return number
    lot = repository.add_lot(
        connection,
        found.customer,
        number,
        available_at=earned.available_at,
        expires_at=earned.expires_at,
    )
    postings = [Posting(PROGRAMME, Place(target, lot), earned.points)]
    repository.add_entries(connection, found.customer, number, postings)
    found.told(about.kind, number, postings, order=about.order)
    return number


def _settle(found: Standing) -> None:
    for due in settled(found.position, found.work.now):
        found.post(due.kind, due.postings, at=due.at)


def known(found: Standing, key: str, kind: Kind) -> int | None:
    """The transaction that has the key already.

    Raises:
        KeyReused: it is another's, or of another kind.
    """
    row = repository.find_key(found.work.connection, key)
    if row is None:
        return None
    if row.kind != kind:
        raise KeyReused
    number: int = row.id
    return number


def _let_go(found: Standing, holder: str) -> bool:
    holding = next((one for one in found.position.holds if one.holder == holder), None)
    if holding is None:
        return False
    repository.drop_hold(found.work.connection, holder)
    found.post(Kind.RELEASE, released(holding))
    return True
