"""How is a programme that is not ours asked? Guarded, and never in a transaction."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from app.errors import Refusal, UpstreamBroken, UpstreamError, UpstreamRefused
from app.loyalty import program, repository
from app.loyalty.model import Member
from app.loyalty.program import Outcome, Task, Write
from app.loyalty.refusals import NotAMember, NotEnoughPoints, PointsRefused, ProgrammeSilent
from app.ports import (
    Adjustment,
    Earning,
    Enrolment,
    LoyaltyProgram,
    MemberKey,
    MemberReference,
    PointsKey,
    PointsPage,
    ProgramMember,
    Redemption,
    RedemptionState,
)
from app.store import Store
from app.upstream.asking import asked
from app.upstream.handing import DID_NOT_HAPPEN
from app.values import CustomerId

T = TypeVar("T")
REASON = "Order cancelled"
MOST = 20  # writes taken at once


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramDesk:
    """One programme. `timeout` bounds one call of its port."""

    connection: str
    program: LoyaltyProgram
    timeout: timedelta
    store: Store

    async def member(self, member: Member) -> ProgramMember:
        """What the programme says of somebody who takes part.

        Raises:
            UpstreamError: it does not say.
            NotAMember: it does not know them.
        """
        keys = [MemberKey("card", member.card)] if member.card is not None else []
        answer = await self._asked(lambda: self.program.members(keys))
        found = next((row for row in answer.rows if row.reference == member.reference), None)
        if found is None and answer.rejected:
            raise UpstreamBroken("the member may be there, and could not be read")
        if found is None:
            raise NotAMember
        return found

    async def known(self, member: Member) -> ProgramMember:
        """As `member`, where something is to be done about it.

        Raises:
            ProgrammeSilent: it does not say.
        """
        try:
            return await self.member(member)
        except UpstreamError as silent:
            raise ProgrammeSilent from silent

    async def history(self, member: Member, *, first: int, after: str | None) -> PointsPage:
        """A page of what has happened to somebody's points."""
        reference = MemberReference(member.reference or "")
        ask = partial(self.program.points_history, reference, first=first, after=after)
        return await self._asked(ask)

    async def enrol(self, card: str) -> ProgramMember:
        """The programme's account of a card.

        Raises:
            UpstreamRefused: it takes none.
            ProgrammeSilent: it does not say.
        """
        enrolment = Enrolment(key=PointsKey(f"enrol-{card}"), keys=(MemberKey("card", card),))
        return await self._written(lambda: self.program.enrol(enrolment))

    async def adjust(self, member: Member, key: PointsKey, points: int, reason: str) -> None:
        """Points given or taken.

        Raises:
            NotEnoughPoints: there are fewer.
            ProgrammeSilent: it does not say.
        """
        adjustment = Adjustment(
            key=key,
            member=MemberReference(member.reference or ""),
            points=points,
            reason=reason,
        )
        try:
            await self._written(lambda: self.program.adjust_points(adjustment))
        except UpstreamRefused as refusal:
            raise await self._why(member, -points) from refusal

    async def hold(
        self, member: Member, holder: str, points: int, *, until: datetime, now: datetime
    ) -> PointsKey:
        """Points held outside for a holder; what it let go of before is let go of first.

        Raises:
            NotEnoughPoints: there are fewer.
            ProgrammeSilent: it does not say; they are let go in time, if they are held.
        """
        await self.work(now, holder=holder)
        key = PointsKey(secrets.token_hex(12))
        change = partial(
            program.reserve,
            key=key,
            member=member.customer,
            holder=holder,
            points=points,
            until=until,
        )
        kept = await self.store.act(change, now=now)
        redemption = self._redemption(member, kept, points)
        try:
            held = await self._written(lambda: self.program.hold_points(redemption))
        except UpstreamRefused as refusal:
            await self._let_go(holder, now)
            raise await self._why(member, points) from refusal
        if held.state is not RedemptionState.HELD:
            await self._let_go(holder, now)
            raise ProgrammeSilent
        return kept

    async def work(self, now: datetime, *, holder: str | None = None) -> int:
        """Make the writes that are due, those of a holder if one is named; how many there were."""
        lease = 2 * self.timeout
        take = partial(program.take, most=MOST, lease=lease, holder=holder)
        tasks = await self.store.act(take, now=now)
        for task in tasks:
            settle = partial(program.settle, task=task, outcome=await self._done(task))
            await self.store.act(settle, now=now)
        return len(tasks)

    async def _let_go(self, holder: str, now: datetime) -> None:
        change = partial(program.release, holder=holder, unbound=True)
        await self.store.act(change, now=now)

    async def _done(self, task: Task) -> Outcome | None:
        find = partial(repository.find_member, customer=task.member)
        member = await self.store.read(find)
        if member is None or member.reference is None:
            return Outcome.REFUSED
        try:
            await self._asked(lambda: self._write(member, task))
        except UpstreamRefused:
            return Outcome.REFUSED
        except UpstreamError:
            return None
        return Outcome.DONE

    async def _write(self, member: Member, task: Task) -> None:
        reference = MemberReference(member.reference or "")
        if task.kind is Write.EARN:
            await self.program.earn_points(
                Earning(key=task.key, member=reference, points=task.points)
            )
        elif task.kind is Write.ADJUST:
            await self.program.adjust_points(
                Adjustment(key=task.key, member=reference, points=task.points, reason=REASON)
            )
        elif task.outcome is Outcome.CAPTURE:
            await self.program.capture_points(self._redemption(member, task.key, task.points))
        else:
            await self.program.release_points(self._redemption(member, task.key, task.points))

    def _redemption(self, member: Member, key: PointsKey, points: int) -> Redemption:
        reference = MemberReference(member.reference or "")
        return Redemption(key=key, member=reference, points=points)

    async def _why(self, member: Member, points: int) -> Refusal:
        """Why so many points cannot be had: there are too few, or the programme does not say."""
        there = await self.known(member)
        if there.available < points:
            return NotEnoughPoints(asked=points, available=max(0, there.available))
        return PointsRefused("The programme does not let so many points be moved.", "points")

    async def _written(self, call: Callable[[], Awaitable[T]]) -> T:
        """What came of a write; made twice where nobody knows whether it happened."""
        try:
            return await self._asked(call)
        except UpstreamRefused:
            raise
        except DID_NOT_HAPPEN as silent:
            raise ProgrammeSilent from silent
        except UpstreamError:
            return await self._again(call)

    async def _again(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await self._asked(call)
        except UpstreamRefused:
            raise
        except UpstreamError as silent:
            raise ProgrammeSilent from silent

    async def _asked(self, call: Callable[[], Awaitable[T]]) -> T:
        return await asked(self.connection, call, within=self.timeout)


async def member_of(store: Store, customer: CustomerId) -> Member:
    """Who takes part in the programme.

    Raises:
        NotAMember: they do not.
    """
    found = await store.read(partial(repository.find_member, customer=customer))
    if found is None or found.reference is None:
        raise NotAMember
    return found
