"""Answers: what has somebody, and where does it come from? Enrols, adjusts, and merges."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple, Protocol

from sqlalchemy import Connection

from app.errors import InvalidInputError
from app.loyalty import events, ledger, moving, repository, sums, tills
from app.loyalty.cards import drawn, sound
from app.loyalty.model import Balance, Entry, Member, settled
from app.loyalty.refusals import CardRefused, NotAMember, PointsRefused
from app.loyalty.rules import TierProgress, progress
from app.settings import Loyalty
from app.store import Store, Work
from app.values import CustomerId

MOST_ADJUSTED = 10_000_000  # points
LONGEST_REASON = 200  # characters
TRIES = 3  # to draw a card that is nobody's
NUMBER = re.compile(r"[0-9]{1,18}")  # of a transaction, in 64 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class LoyaltyAccount:
    """What a member has now, and the tier they are in."""

    member: Member
    balance: Balance
    tier: TierProgress


class Placed(NamedTuple):
    """An entry, and where the list goes on behind it."""

    entry: Entry
    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Entries, the latest first; whether more follow."""

    entries: tuple[Placed, ...]
    more: bool


class LoyaltyAnswers(Protocol):
    """What is asked of points, whoever keeps them."""

    async def account(self, customer: CustomerId, *, now: datetime) -> LoyaltyAccount | None:
        """What a customer has now; None where they take no part."""

    async def history(
        self, customer: CustomerId, *, first: int, after: str | None = None, now: datetime
    ) -> Page:
        """What has happened to a member's points, after a cursor of an earlier page."""

    async def enrol(
        self, customer: CustomerId, card: str | None, *, now: datetime
    ) -> LoyaltyAccount:
        """The account of a customer who takes part from now on."""

    async def adjust(
        self, customer: CustomerId, points: int, *, reason: str, key: str, now: datetime
    ) -> LoyaltyAccount:
        """Points given by staff, or taken where below zero; once a key."""

    async def merge(self, source: CustomerId, into: CustomerId, key: str, *, now: datetime) -> bool:
        """All points of one customer to another, when they turn out to be one person."""

    async def unmerge(self, source: CustomerId, key: str, *, now: datetime) -> bool:
        """What is left of points that were merged back to whose they were."""


def sound_adjustment(points: int, reason: str) -> None:
    """Refuse what staff cannot mean.

    Raises:
        PointsRefused: none or too many points, or no reason.
    """
    if points == 0 or abs(points) > MOST_ADJUSTED:
        raise PointsRefused(f"points is not 0, and at most {MOST_ADJUSTED:,}.", "points")
    if not 1 <= len(reason.strip()) <= LONGEST_REASON:
        raise PointsRefused(f"reason has 1 to {LONGEST_REASON} characters.", "reason")


class LoyaltyService:
    """Points in our own books."""

    def __init__(self, store: Store, rules: Loyalty) -> None:
        self._store = store
        self._rules = rules

    async def account(self, customer: CustomerId, *, now: datetime) -> LoyaltyAccount | None:
        """What a customer has now; None where they take no part."""
        return await self._store.read(partial(self._account, customer=customer, now=now))

    async def history(
        self, customer: CustomerId, *, first: int, after: str | None = None, now: datetime
    ) -> Page:
        """What has happened to a member's points, the latest first; what is due is posted first.

        Raises:
            InvalidInputError: `after` is no cursor of it.
        """
        place = _place(after)
        member = await self._store.read(partial(repository.find_member, customer=customer))
        if member is None:
            return Page(entries=(), more=False)
        if after is None and await self._store.read(partial(_due, member=member, now=now)):
            await self._store.act(partial(ledger.account, customer=customer), now=now)
        found = await self._store.read(
            partial(sums.history, member=member.customer, first=first + 1, after=place)
        )
        shown = tuple(Placed(one, f"{one.at.isoformat()}|{one.id}") for one in found[:first])
        return Page(entries=shown, more=len(found) > first)

    async def enrol(
        self, customer: CustomerId, card: str | None, *, now: datetime
    ) -> LoyaltyAccount:
        """The account of a customer who takes part from now on; who does already, is told so.

        Receipts that were made with the card before earn. Without a `card` one is drawn.

        Raises:
            CardRefused: it is no card, another's, or another than the member has.
        """
        number = None if card is None else sound(card)
        if card is not None and number is None:
            raise CardRefused("This is not the number of a card: look at its digits again.")
        enrol = partial(self._enrolled, customer=customer, card=number)
        return await self._store.act(enrol, now=now)

    async def adjust(
        self, customer: CustomerId, points: int, *, reason: str, key: str, now: datetime
    ) -> LoyaltyAccount:
        """Points given by staff, or taken where below zero; once a key.

        Raises:
            NotAMember: there is no account.
            NotEnoughPoints: fewer can be taken.
            KeyReused: the key stands for something else.
        """
        sound_adjustment(points, reason)
        good = self._rules.expires_after

        def change(work: Work) -> LoyaltyAccount:
            until = None if good is None else work.now + good
            ledger.adjust(
                work, customer, f"adjust:{customer}:{key}", points, reason=reason, until=until
            )
            return self._there(work, customer)

        return await self._store.act(change, now=now)

    async def merge(self, source: CustomerId, into: CustomerId, key: str, *, now: datetime) -> bool:
        """All points of one customer to another, when they turn out to be one person."""
        change = partial(moving.merge, source=source, into=into, key=f"merge:{key}")
        return await self._store.act(change, now=now)

    async def unmerge(self, source: CustomerId, key: str, *, now: datetime) -> bool:
        """What is left of points that were merged back to whose they were."""
        change = partial(moving.undo, source=source, key=f"merge:{key}")
        return await self._store.act(change, now=now)

    def _account(
        self, connection: Connection, customer: CustomerId, now: datetime
    ) -> LoyaltyAccount | None:
        member = repository.find_member(connection, customer)
        if member is None:
            return None
        position = repository.position(connection, member.customer)
        since = now - self._rules.tier_window
        points = sums.earned_since(connection, member.customer, since)
        return LoyaltyAccount(
            member=member,
            balance=position.after(settled(position, now)).balance,
            tier=progress(self._rules, points),
        )

    def _there(self, work: Work, customer: CustomerId) -> LoyaltyAccount:
        found = self._account(work.connection, customer, work.now)
        if found is None:
            raise NotAMember
        return found

    def _enrolled(self, work: Work, customer: CustomerId, card: str | None) -> LoyaltyAccount:
        connection = work.connection
        there = repository.find_member(connection, customer)
        if there is None:
            there = self._new(work, customer, card)
        elif there.card is None and card is not None:
            ledger.account(work, there.customer)
            if repository.find_member(connection, card=card) is not None:
                raise CardRefused("The card is somebody else's.")
            repository.set_member(connection, there.customer, card=card)
        elif card is not None and there.card != card:
            raise CardRefused("There is another card already: keep that one.")
        if card is not None:
            tills.claim(work, self._rules, card=card)
        return self._there(work, customer)

    def _new(self, work: Work, customer: CustomerId, card: str | None) -> Member:
        for _ in range(TRIES):
            number = card or drawn()
            member = Member(customer=customer, card=number, enrolled_at=work.now)
            if repository.add_member(work.connection, member):
                work.tell(events.enrolled(customer))
                return member
            there = repository.find_member(work.connection, customer)
            if there is not None and card in {None, there.card}:
                return there
            if card is not None:
                break
        raise CardRefused("The card is somebody else's.")


def _due(connection: Connection, member: Member, now: datetime) -> bool:
    return bool(settled(repository.position(connection, member.customer), now))


def _place(after: str | None) -> tuple[datetime, int] | None:
    if after is None:
        return None
    at, _, number = after.rpartition("|")
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        found = datetime.min  # noqa: DTZ901  no place at all, as any without a zone
    if found.tzinfo is None or not NUMBER.fullmatch(number):
        raise InvalidInputError("after is not a cursor of this list.", argument="after")
    return found, int(number)
