"""Points in double entry. Nothing here waits, and nothing is changed in place.

A posting moves points from one account to another, so a transaction sums to zero by its making. A
member's points stand in lots: those of one earning, with the time from which they can be spent and
the one at which they are gone. What is due by now (`settled`) is worked out from these times
whenever points are read, and posted by whoever writes next.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from app.values import CustomerId


class Account(StrEnum):
    """Where points are. The first three are of a member, the others of the programme."""

    AVAILABLE = "AVAILABLE"
    PENDING = "PENDING"
    HELD = "HELD"
    LIABILITY = "LIABILITY"
    EXPIRED = "EXPIRED"
    REDEEMED = "REDEEMED"


OF_MEMBER = frozenset({Account.AVAILABLE, Account.PENDING, Account.HELD})


class Kind(StrEnum):
    """What a transaction was."""

    EARN = "EARN"
    MATURE = "MATURE"
    REVERSE = "REVERSE"
    ADJUST = "ADJUST"
    HOLD = "HOLD"
    RELEASE = "RELEASE"
    REDEEM = "REDEEM"
    RESTORE = "RESTORE"
    EXPIRE = "EXPIRE"
    MOVE = "MOVE"


class Place(NamedTuple):
    """An account and, where it is a member's, the lot; and whose, if not of the transaction's."""

    account: Account
    lot: int | None = None
    member: CustomerId | None = None


class Posting(NamedTuple):
    """Points that go from one place to another; more than none."""

    source: Place
    target: Place
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """Points of one earning, by the accounts they are in now."""

    id: int
    available_at: datetime
    expires_at: datetime | None
    points: Mapping[Account, int]

    def of(self, account: Account) -> int:
        """Those in one account."""
        return self.points.get(account, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsHold:
    """Points of a member that are kept for a holder until a time, by lot."""

    holder: str
    fence: int
    points: int
    expires_at: datetime
    transaction: int
    lots: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A transaction that the passing of time asks for, and when it took place."""

    kind: Kind
    at: datetime
    postings: tuple[Posting, ...]
    holder: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiring:
    """Points that are gone at a time, if they are not spent before."""

    points: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What a member has. `expiring` are parts of what is available, the soonest first."""

    available: int = 0
    pending: int = 0
    held: int = 0
    expiring: tuple[Expiring, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """All of a member's lots that have points in them, and their holds."""

    lots: tuple[Lot, ...] = ()
    holds: tuple[PointsHold, ...] = ()

    def total(self, account: Account) -> int:
        """Points in an account."""
        return sum(lot.of(account) for lot in self.lots)

    @property
    def balance(self) -> Balance:
        """As it stands; what is due by now is not in it."""
        by_time: dict[datetime, int] = {}
        for lot in self.lots:
            if lot.expires_at is not None and lot.of(Account.AVAILABLE):
                points = by_time.get(lot.expires_at, 0) + lot.of(Account.AVAILABLE)
                by_time[lot.expires_at] = points
        return Balance(
            available=self.total(Account.AVAILABLE),
            pending=self.total(Account.PENDING),
            held=self.total(Account.HELD),
            expiring=tuple(Expiring(points=by_time[at], at=at) for at in sorted(by_time)),
        )

    def after(self, due: Iterable[Due]) -> "Position":
        """With transactions of its own lots posted."""
        points = {lot.id: dict(lot.points) for lot in self.lots}
        gone = {one.holder for one in due if one.holder is not None}
        for posting in (posting for one in due for posting in one.postings):
            for place, sign in ((posting.source, -1), (posting.target, 1)):
                if place.lot is not None:
                    of = points[place.lot]
                    of[place.account] = of.get(place.account, 0) + sign * posting.points
        return Position(
            lots=tuple(replace(lot, points=points[lot.id]) for lot in self.lots),
            holds=tuple(one for one in self.holds if one.holder not in gone),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody who takes part. `reference` is their name in a programme that is not ours.

    `merged_into` is who has their points now.
    """

    customer: CustomerId
    card: str | None
    enrolled_at: datetime
    reference: str | None = None
    merged_into: CustomerId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A transaction, as its member sees it: what it did to each account of theirs."""

    id: str
    kind: Kind
    at: datetime
    available: int
    pending: int
    held: int
    reason: str | None = None
    order: str | None = None
    receipt: str | None = None


def settled(position: Position, now: datetime) -> tuple[Due, ...]:
    """What time has done by now: holds that ran out, points that can be spent, and are gone.

    In this order, so that what was held when it would have gone, goes when it is let go.
    """
    lapsed = [*_lapsed(position, now)]
    position = position.after(lapsed)
    matured = [*_moved(position, now, Kind.MATURE)]
    position = position.after(matured)
    return (*lapsed, *matured, *_moved(position, now, Kind.EXPIRE))


def fifo(
    position: Position, points: int, source: Account, target: Account, *, first: int | None = None
) -> tuple[Posting, ...]:
    """So many points out of an account, those that are gone the soonest first.

    Fewer where there are fewer. The lot `first` goes before all others. Points that leave the
    member keep their lot at the source only.
    """
    left, postings = points, []
    for lot in sorted(position.lots, key=lambda lot: (lot.id != first, *_soonest(lot))):
        if (taken := min(left, lot.of(source))) > 0:
            kept = lot.id if target in OF_MEMBER else None
            postings.append(Posting(Place(source, lot.id), Place(target, kept), taken))
            left -= taken
    return tuple(postings)


def _soonest(lot: Lot) -> tuple[bool, float, int]:
    at = lot.expires_at
    return at is None, 0.0 if at is None else at.timestamp(), lot.id


def released(hold: PointsHold) -> tuple[Posting, ...]:
    """What was held, back where it was."""
    return tuple(
        Posting(Place(Account.HELD, lot), Place(Account.AVAILABLE, lot), points)
        for lot, points in sorted(hold.lots.items())
    )


def _lapsed(position: Position, now: datetime) -> Iterator[Due]:
    for hold in position.holds:
        if hold.expires_at <= now:
            yield Due(
                kind=Kind.RELEASE,
                at=hold.expires_at,
                postings=released(hold),
                holder=hold.holder,
            )


def _moved(position: Position, now: datetime, kind: Kind) -> Iterator[Due]:
    mature = kind is Kind.MATURE
    source = Account.PENDING if mature else Account.AVAILABLE
    target = Account.AVAILABLE if mature else Account.EXPIRED
    for lot in sorted(position.lots, key=lambda lot: lot.id):
        at = lot.available_at if mature else lot.expires_at
        if at is not None and at <= now and lot.of(source):
            place = Place(target, lot.id if mature else None)
            posting = Posting(Place(source, lot.id), place, lot.of(source))
            yield Due(kind=kind, at=at, postings=(posting,))
