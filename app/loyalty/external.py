"""Answers about points that a programme of others keeps: the same questions, asked outside."""

import re
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from app.errors import InvalidInputError, UpstreamRefused
from app.loyalty import events, program, repository
from app.loyalty.cards import drawn, sound
from app.loyalty.desk import ProgramDesk, member_of
from app.loyalty.model import Balance, Entry, Expiring, Kind, Member
from app.loyalty.refusals import CardRefused, NotAMember
from app.loyalty.rules import progress
from app.loyalty.service import LoyaltyAccount, Page, Placed, sound_adjustment
from app.ports import PointsEntry, PointsKey, PointsMove, ProgramMember
from app.settings import Loyalty
from app.store import Store, Work
from app.store.keys import Once, claim
from app.values import CustomerId

KINDS = {
    PointsMove.EARNED: Kind.EARN,
    PointsMove.HELD: Kind.HOLD,
    PointsMove.REDEEMED: Kind.REDEEM,
    PointsMove.RELEASED: Kind.RELEASE,
    PointsMove.ADJUSTED: Kind.ADJUST,
    PointsMove.EXPIRED: Kind.EXPIRE,
    PointsMove.OTHER: Kind.ADJUST,
}
MOST = 100  # entries asked for at once
PLACE = re.compile(r"[0-9]{1,3}")  # on a page
KEPT = timedelta(days=7)  # what the key of an adjustment stands for


class ExternalLoyalty:
    """Points in the books of others. Of ours is only who has which card there."""

    def __init__(self, store: Store, rules: Loyalty, desk: ProgramDesk) -> None:
        self._store = store
        self._rules = rules
        self._desk = desk

    async def account(self, customer: CustomerId, *, now: datetime) -> LoyaltyAccount | None:
        """See `LoyaltyService`."""
        del now  # the programme has a clock of its own
        try:
            member = await member_of(self._store, customer)
            return await self._told(member, await self._desk.member(member))
        except NotAMember:
            return None

    async def history(
        self, customer: CustomerId, *, first: int, after: str | None = None, now: datetime
    ) -> Page:
        """See `LoyaltyService`. A cursor is that of the programme's page and a place on it."""
        del now
        try:
            member = await member_of(self._store, customer)
        except NotAMember:
            return Page(entries=(), more=False)
        begun, skip = _place(after)
        asked = min(MOST, first + skip)
        page = await self._desk.history(member, first=asked, after=begun)
        placed = [
            Placed(_entry(entry), f"{begun or ''}|{place + 1}")
            for place, entry in enumerate(page.entries)
        ]
        shown = placed[skip : skip + first]
        if page.after is not None and len(shown) == len(placed) - skip and shown:
            shown[-1] = Placed(shown[-1].entry, f"{page.after}|0")
        more = page.after is not None or len(placed) > skip + first
        return Page(entries=tuple(shown), more=more)

    async def enrol(
        self, customer: CustomerId, card: str | None, *, now: datetime
    ) -> LoyaltyAccount:
        """See `LoyaltyService`."""
        number = None if card is None else sound(card)
        if card is not None and number is None:
            raise CardRefused("This is not the number of a card: look at its digits again.")
        try:
            member = await member_of(self._store, customer)
        except NotAMember:
            member = await self._new(customer, number or drawn(), now)
        if number is not None and member.card != number:
            raise CardRefused("There is another card already: keep that one.")
        return await self._told(member, await self._desk.known(member))

    async def adjust(
        self, customer: CustomerId, points: int, *, reason: str, key: str, now: datetime
    ) -> LoyaltyAccount:
        """See `LoyaltyService`. The programme knows the key, but does not say what it stood for."""
        sound_adjustment(points, reason)
        member = await member_of(self._store, customer)
        hashed = sha256(f"{customer}:{key}".encode()).hexdigest()[:40]
        digest = sha256(f"{points}:{reason}".encode()).hexdigest()
        once = Once(scope="adjust", key=hashed, digest=digest)
        await self._store.act(partial(claim, once=once, kept_for=KEPT), now=now)
        await self._desk.adjust(member, PointsKey(f"adjust-{hashed}"), points, reason)
        return await self._told(member, await self._desk.known(member))

    async def merge(self, source: CustomerId, into: CustomerId, key: str, *, now: datetime) -> bool:
        """The programme's accounts are its own: nothing is moved."""
        del source, into, key, now
        return False

    async def unmerge(self, source: CustomerId, key: str, *, now: datetime) -> bool:
        """As `merge`."""
        del source, key, now
        return False

    async def _new(self, customer: CustomerId, card: str, now: datetime) -> Member:
        try:
            told = await self._desk.enrol(card)
        except UpstreamRefused as refusal:
            raise CardRefused("The programme does not take this card.") from refusal
        member = Member(
            customer=customer, card=card, enrolled_at=now, reference=str(told.reference)
        )

        def change(work: Work) -> Member:
            if repository.add_member(work.connection, member):
                work.tell(events.enrolled(customer))
                return member
            there = repository.find_member(work.connection, customer)
            if there is None or there.reference is None:
                raise CardRefused("The card is somebody else's.")
            return there

        return await self._store.act(change, now=now)

    async def _told(self, member: Member, told: ProgramMember) -> LoyaltyAccount:
        """What the programme says, and what it will be told once it can be spent."""
        waiting = await self._store.read(partial(program.waiting, member=member.customer))
        balance = Balance(
            available=max(0, told.available),
            pending=(told.pending or 0) + waiting,
            held=told.held or 0,
            expiring=tuple(Expiring(points=one.points, at=one.expires_at) for one in told.expiring),
        )
        return LoyaltyAccount(
            member=member, balance=balance, tier=progress(self._rules, told.lifetime or 0)
        )


def _entry(entry: PointsEntry) -> Entry:
    return Entry(
        id=entry.reference,
        kind=KINDS[entry.move],
        at=entry.at,
        available=entry.points,
        pending=0,
        held=0,
    )


def _place(after: str | None) -> tuple[str | None, int]:
    """The programme's own cursor, and how many entries behind it."""
    if after is None:
        return None, 0
    begun, bar, skip = after.rpartition("|")
    if not bar or not PLACE.fullmatch(skip) or int(skip) > MOST:
        raise InvalidInputError("after is not a cursor of this list.", argument="after")
    return begun or None, int(skip)
