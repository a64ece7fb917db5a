"""Answers: when is staff free, and who comes when? Books, moves and cancels, each in one act."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from app.appointments import changing, events, repository, times
from app.appointments.changing import Request
from app.appointments.model import Appointment, AppointmentId, Free, Offer
from app.appointments.refusals import (
    AppointmentFull,
    AppointmentLimitReached,
    AppointmentsNotOffered,
    InvalidAppointmentInput,
    OutsideOpeningHours,
    TooFar,
    TooSoon,
    UnknownAppointmentKind,
)
from app.appointments.repository import Spot
from app.locations.service import LocationService
from app.settings import Appointments as Terms
from app.store import Store, Work
from app.values import CustomerId, LocationCode
from app.values import LocationService as Offered

WEEK = 7 * 86_400  # seconds
Selves = Callable[[Connection, CustomerId], Collection[CustomerId]]
"""All ids of a person, who stays until the transaction ends; refuses where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentService:
    """Appointments in the stores, at the terms of the retailer."""

    store: Store
    terms: Terms
    locations: LocationService
    selves: Selves

    def offers(self, location: LocationCode) -> list[Offer]:
        """What one may come for to a location."""
        found = (self._offered(location, kind) for kind in self.terms.kinds)
        return [one for one in found if one is not None]

    def offer(self, location: LocationCode, kind: str) -> Offer:
        """A kind of appointment at a location.

        Raises:
            UnknownAppointmentKind: there is no such kind.
            AppointmentsNotOffered: the location has none of them, or is none.
        """
        if kind not in self.terms.kinds:
            raise UnknownAppointmentKind(self.terms.kinds)
        found = self._offered(location, kind)
        if found is None:
            raise AppointmentsNotOffered
        return found

    async def free(
        self, offer: Offer, first: date | None, days: int, *, now: datetime
    ) -> list[Free]:
        """When a shopper can begin, on local days from the first (today if not given)."""
        today = offer.hours.today(now)
        first = max(first or today, today)
        if first > today + self.terms.ahead:
            return []
        begins, ends = times.day_between(offer.hours, first, days)
        earliest, latest = self._bounds(now, house=False)
        return await self._free(offer, max(begins, earliest), min(ends, latest + 1))

    async def book(
        self,
        customer: CustomerId,
        offered: tuple[LocationCode, str],
        start: datetime,
        *,
        asked: Request,
    ) -> Appointment:
        """Somebody's new appointment; of a repeated request the one it was told before.

        Raises:
            Refusal: it cannot be; nothing was done.
        """

        def booked(work: Work) -> Appointment:
            theirs = self.selves(work.connection, customer)
            most = self.terms.most_each
            if repository.count_to_come(work.connection, theirs, now=work.now) >= most:
                raise AppointmentLimitReached(most)
            one = changing.new(work, customer, offer, start)
            changing.take(work, None, one, offer)
            repository.drop_past(work.connection, offer.location, now=work.now)
            repository.add(work.connection, one)
            work.tell(events.booked(one))
            return one

        if (told := await self._again(asked)) is not None:
            return told
        offer = self.offer(*offered)
        await self._may_begin(offer, start, asked)
        return await self._taking(booked, offer, start, asked)

    async def move(
        self,
        id_: AppointmentId,
        version: int,
        to: tuple[LocationCode | None, datetime],
        *,
        asked: Request,
    ) -> Appointment:
        """The appointment at another time, maybe elsewhere; or where it was, and why.

        Raises:
            Refusal: it cannot be; nothing was done.
        """
        location, start = to

        def moved(work: Work) -> Appointment:
            before = changing.changeable(work, id_, version, asked.by)
            after = replace(
                changing.at(before, offer, start), version=before.version + 1, team=offer.team
            )
            changing.take(work, before, after, offer)
            repository.put(work.connection, after)
            work.tell(events.moved(after))
            return after

        if (told := await self._again(asked)) is not None:
            return told
        found = await self.store.read(partial(changing.seen, id_=id_, by=asked.by))
        changing.check(found, version, asked.now)
        offer = self.offer(location or found.location, found.kind)
        await self._may_begin(offer, start, asked)
        return await self._taking(moved, offer, start, asked)

    async def cancel(self, id_: AppointmentId, version: int, *, asked: Request) -> Appointment:
        """The appointment that does not take place.

        Raises:
            Refusal: it cannot be; nothing was done.
        """

        def cancelled(work: Work) -> Appointment:
            before = changing.changeable(work, id_, version, asked.by)
            after = replace(before, version=before.version + 1, cancelled_at=work.now)
            repository.shift(work.connection, before.places, (), most=0)
            repository.put(work.connection, after)
            work.tell(events.cancelled(after))
            return after

        return await self.store.act(
            partial(changing.once, asked=asked, change=cancelled), now=asked.now
        )

    async def of(self, selves: Collection[CustomerId], *, now: datetime) -> list[Appointment]:
        """Somebody's that are not over, the soonest first."""
        most = self.terms.most_each * max(1, len(selves))
        ask = partial(repository.to_come, selves=selves, now=now, most=most)
        return await self.store.read(ask)

    async def find(self, ids: Collection[AppointmentId]) -> list[Appointment]:
        """Those of these that there are, whosever they are."""
        if not ids:
            return []
        return await self.store.read(partial(repository.find_all, ids=ids))

    async def on(
        self, location: LocationCode, day: date, *, first: int, after: Spot | None = None
    ) -> list[Appointment]:
        """The first that begin at a location on a local day, or after one; cancelled ones too.

        Raises:
            AppointmentsNotOffered: there is no such location, or nobody knows when it opens.
            InvalidAppointmentInput: there is no such day.
        """
        place = self.locations.find(location)
        if place is None or place.location.hours is None:
            raise AppointmentsNotOffered
        try:
            begins, ends = map(times.instant, times.day_between(place.location.hours, day))
        except (OverflowError, ValueError) as error:
            raise InvalidAppointmentInput("day is out of range.", path=("day",)) from error
        between = partial(repository.between, location=location, times=(begins, ends))
        return await self.store.read(partial(between, after=after, most=first))

    def _offered(self, location: LocationCode, kind: str) -> Offer | None:
        place, said = self.locations.find(location), self.terms.kinds[kind]
        if place is None or Offered.APPOINTMENT not in place.location.services:
            return None
        hours, most = place.location.hours, self.terms.teams[said.team].many(location)
        if hours is None or not most:
            return None
        return Offer(
            location=location,
            hours=hours,
            kind=kind,
            team=said.team,
            length=int(said.length.total_seconds()),
            step=self.terms.step,
            most=most,
        )

    def _bounds(self, now: datetime, *, house: bool) -> tuple[int, int]:
        """The earliest and the latest start, as seconds since 1970."""
        notice = timedelta() if house else self.terms.notice
        earliest, latest = now + notice, now + self.terms.ahead
        return -int(-earliest.timestamp() // 1), int(latest.timestamp())

    async def _may_begin(self, offer: Offer, start: datetime, asked: Request) -> None:
        """Whether one may begin then, if there is room.

        Raises:
            Refusal: no.
        """
        if start.tzinfo is None:
            raise InvalidAppointmentInput("start needs an offset.", path=("start",))
        earliest, latest = self._bounds(asked.now, house=asked.by.house)
        if start > times.instant(latest):
            raise TooFar(times.instant(latest))
        if start < times.instant(earliest):
            raise TooSoon(await self._next(offer, earliest, asked))
        at = int(start.timestamp())
        on_the_clock = times.on_the_clock(at, ZoneInfo(offer.hours.time_zone), offer.step)
        if start != times.instant(at) or not on_the_clock:
            message = f"start is at a minute that is a multiple of {offer.step}."
            raise InvalidAppointmentInput(message, path=("start",))
        if not times.fits(offer, at):
            raise OutsideOpeningHours(await self._next(offer, at, asked))

    async def _taking(
        self,
        change: Callable[[Work], Appointment],
        offer: Offer,
        start: datetime,
        asked: Request,
    ) -> Appointment:
        """What came of a change that takes places.

        Raises:
            Refusal: nothing was changed; where there is no room, with the next time there is.
        """
        act = partial(changing.once, asked=asked, change=change)
        queue = ("appointments", offer.location, offer.team)
        try:
            return await self.store.act(act, now=asked.now, queue=queue)
        except AppointmentFull as full:
            at = int(start.timestamp())
            raise AppointmentFull(await self._next(offer, at, asked)) from full

    async def _again(self, asked: Request) -> Appointment | None:
        """What a repeated request was told."""
        return await self.store.read(partial(changing.told_before, asked=asked))

    async def _next(self, offer: Offer, begins: int, asked: Request) -> datetime | None:
        """The first free start from a time on."""
        earliest, latest = self._bounds(asked.now, house=asked.by.house)
        for week in range(max(begins, earliest), latest + 1, WEEK):
            found = await self._free(offer, week, min(week + WEEK, latest + 1))
            if found:
                return found[0].starts
        return None

    async def _free(self, offer: Offer, begins: int, ends: int) -> list[Free]:
        """Every start with room between two times."""
        if begins >= ends:
            return []
        until = ends + offer.length
        ask = partial(
            repository.taken, location=offer.location, team=offer.team, begins=begins, ends=until
        )
        taken = await self.store.read(ask)
        starts = times.starts(offer, begins, ends)
        return list(_with_room(offer, taken, starts))


def _with_room(offer: Offer, taken: dict[int, int], starts: Iterator[int]) -> Iterator[Free]:
    zone = ZoneInfo(offer.hours.time_zone)
    for start in starts:
        if left := offer.left(taken, start):
            yield Free(
                starts=datetime.fromtimestamp(start, zone),
                ends=datetime.fromtimestamp(start + offer.length, zone),
                left=left,
            )
