"""Loyalty: how many points does a member of a programme have that is not ours, and what moves them?

The laws of writes are those of orders: every write carries its key and has one effect, however
often it is made; after `UpstreamRefused`, `UpstreamUnauthorized` and `UpstreamThrottled` it *did
not happen*; after `UpstreamUnavailable` and `UpstreamBroken` it is *unknown whether it happened*,
and whoever is unsure makes it again, the same under the same key. So a programme need not be able
to look a write up by our key.

Points are whole. A write names the member by the programme's own reference, as `members` told it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple, NewType, Protocol, runtime_checkable

from app.ports.answer import Answer, RejectedRow
from app.values import LocationCode

PointsKey = NewType("PointsKey", str)
"""Our key of one write about points: letters, digits and hyphens, 80 characters at most."""
MemberReference = NewType("MemberReference", str)
"""The programme's own name of a member's account."""


class MemberKey(NamedTuple):
    """What a member is found by. Personal data.

    The number of a card, a phone number (E.164), or the id that the programme's own system has for
    the customer.
    """

    by: Literal["card", "phone", "customer"]
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiringPoints:
    """So many of the available points are gone at a time, if they are not spent before."""

    points: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramMember:
    """A member's account. `keys` are all that the programme says the member is found by.

    `available` can be spent now; it may be below zero where a programme lets it. `pending` will be
    available later, `held` is kept for something that is not paid yet, and neither is part of
    `available`. `lifetime` is all that was ever earned. None where the programme does not say.
    `expiring` has the soonest first.
    """

    reference: MemberReference
    keys: frozenset[MemberKey]
    available: int
    pending: int | None = None
    held: int | None = None
    lifetime: int | None = None
    expiring: tuple[ExpiringPoints, ...] = ()


class PointsMove(StrEnum):
    """What an entry of the history was."""

    EARNED = "EARNED"
    HELD = "HELD"
    REDEEMED = "REDEEMED"
    RELEASED = "RELEASED"
    ADJUSTED = "ADJUSTED"
    EXPIRED = "EXPIRED"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsEntry:
    """One entry: `points` is what it did to what is available, below zero where it took some."""

    reference: str
    move: PointsMove
    points: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsPage:
    """Entries, the latest first. `after` asks for those that follow; None: there are no more."""

    entries: tuple[PointsEntry, ...]
    after: str | None
    as_of: datetime
    rejected: tuple[RejectedRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """Somebody who joins. The programme takes those of the `keys` that it has a place for."""

    key: PointsKey
    keys: tuple[MemberKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Earning:
    """Points for a purchase, more than none. `location` is where it was made, if at a place."""

    key: PointsKey
    member: MemberReference
    points: int
    location: LocationCode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """Points given, or taken where below zero; never none. `reason` is for people to read."""

    key: PointsKey
    member: MemberReference
    points: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """Points that are to be spent. It is the same, in all its parts, for hold, capture and release.

    `location` is where it is spent, if at a place.
    """

    key: PointsKey
    member: MemberReference
    points: int
    location: LocationCode | None = None


class RedemptionState(StrEnum):
    """Whether the points are still on their way."""

    HELD = "HELD"
    CAPTURED = "CAPTURED"
    RELEASED = "RELEASED"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeemedPoints:
    """A redemption as the programme knows it; `reference` is its own name for it."""

    key: PointsKey
    reference: str
    state: RedemptionState
    points: int


@runtime_checkable
class LoyaltyProgram(Protocol):
    """Keeps members' points. Captured is for good: to give such points back, adjust."""

    async def members(self, keys: Collection[MemberKey]) -> Answer[ProgramMember]:
        """The accounts that any of the keys finds, each once; of keys nobody has, nothing."""
        ...

    async def points_history(
        self, member: MemberReference, *, first: int, after: str | None = None
    ) -> PointsPage:
        """At most `first` entries of a member; `after` is from an earlier page.

        Raises:
            InvalidInputError: `after` is not of this history.
        """
        ...

    async def enrol(self, enrolment: Enrolment) -> ProgramMember:
        """The account of a new member; where one of the keys finds one already, that one.

        Raises:
            UpstreamRefused: it has no place for any of the keys, or they are of several members;
                also see `earn_points`.
        """
        ...

    async def earn_points(self, earning: Earning) -> PointsEntry:
        """Give points; the first request of a key counts.

        Raises:
            UpstreamRefused, UpstreamUnauthorized, UpstreamThrottled: it did not happen.
            UpstreamUnavailable, UpstreamBroken: unknown whether it happened.
        """
        ...

    async def adjust_points(self, adjustment: Adjustment) -> PointsEntry:
        """Give or take points; the first request of a key counts.

        Raises:
            UpstreamRefused: fewer are available; also see `earn_points`.
        """
        ...

    async def hold_points(self, redemption: Redemption) -> RedeemedPoints:
        """Keep points for something that is not paid yet; nobody else can spend them meanwhile.

        A key that was captured or released, known before or not, is told as it stands.

        Raises:
            UpstreamRefused: fewer are available, or not so many can be redeemed at once; also see
                `earn_points`.
        """
        ...

    async def capture_points(self, redemption: Redemption) -> RedeemedPoints:
        """They are spent. What was never held is held and captured at once.

        Raises:
            UpstreamRefused: it was released; also see `hold_points`.
        """
        ...

    async def release_points(self, redemption: Redemption) -> RedeemedPoints | None:
        """They can be spent again; None where nothing is known by the key.

        A programme that can only know what was held may hold and release at once.

        Raises:
            UpstreamRefused: it was captured; also see `earn_points`.
        """
        ...
