"""Which shipments could be made now, whatever is ordered? By location, with their times and costs.

Offers depend on the place they go to and on the clock, not on the basket: they are put together
once and kept for as long as none of their cut-offs has passed.
"""

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase

from app.availability.model import FulfilmentMethod
from app.locations.hours import Hours
from app.locations.model import Location
from app.promises.calendars import Calendar, calendar, days, visits
from app.promises.capacity import NothingTaken, SlotBook
from app.promises.costs import Costs
from app.promises.emissions import Factors
from app.promises.geography import Area, Geography, lane
from app.promises.model import Destination, Reason, Service
from app.promises.offered import Emitted, Offer, Offers, Rejected, gathered
from app.promises.problem import Tariff
from app.promises.timing import Journey, Timed, at_counter
from app.settings import CarrierService, Lane, Promises, Transfers, Workplace
from app.values import CountryCode
from app.values import LocationService as Offered

ANYWHERE = CountryCode("")


@dataclass(frozen=True)
class Offering:
    """Puts offers together by the retailer's rules; to a `holder` its own places are free."""

    rules: Promises
    factors: Factors
    slots: SlotBook
    holder: str | None = None
    geography: Geography = field(init=False)
    costs: Costs = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "geography", Geography.of(self.rules))
        object.__setattr__(self, "costs", Costs(self.rules))

    def seen_by(self, holder: str | None, *, held: bool) -> "Offering":
        """The same for one who holds something; whose hold has its places, to them all is free."""
        if not held and (holder is None or not self.slots.has(holder)):
            return self
        its = copy(self)
        object.__setattr__(its, "holder", holder)
        object.__setattr__(its, "slots", NothingTaken() if held else self.slots)
        return its

    def delivery(self, places: Iterable[Location], area: Area, now: int) -> Offers:
        """Everything that could be sent to an area."""
        method = FulfilmentMethod.SHIP_TO_HOME
        return gathered((self._sent(one, area, now, method) for one in places), now)

    def collection(self, places: Iterable[Location], store: Location, now: int) -> Offers:
        """Everything that could be collected at a store, from its shelf or brought there."""
        return gathered((self._brought(one, store, now) for one in places), now)

    def reservation(self, store: Location, now: int) -> Offers:
        """What could be put aside in a store."""
        method = FulfilmentMethod.RESERVE_IN_STORE
        return gathered([self._shelf(store, now, method, Offered.RESERVE)], now)

    def _sent(
        self, at: Location, area: Area, now: int, method: FulfilmentMethod
    ) -> list[Offer] | Rejected:
        refused = self._refused(at, method, area.country, Offered.SHIP_FROM)
        if refused is not None:
            return refused
        lanes = list(self._lanes(at, area))
        if not lanes:
            change = f"A service from {at.address.country or 'its country'} to {area.code}."
            return Rejected(at.code, Reason.NO_LANE, change)
        work = self.work(at, now)
        if work is None:
            return _closed(at)
        found = [self._by_carrier(at, area, now, work, each) for each in lanes]
        offers = [offer for offer in found if offer is not None]
        return offers or _full(at)

    def _lanes(self, at: Location, area: Area) -> Iterator[tuple[str, str, CarrierService, Lane]]:
        origin = at.address.country or ANYWHERE
        for carrier, its in self.rules.carriers.items():
            for name, service in its.services.items():
                if (found := lane(service.lanes, origin, area)) is not None:
                    yield carrier, name, service, found

    def _by_carrier(
        self,
        at: Location,
        area: Area,
        now: int,
        work: Calendar,
        by: tuple[str, str, CarrierService, Lane],
    ) -> Offer | None:
        carrier, name, service, its = by
        place = self.rules.workplace(at.code)
        preparation = int(place.preparation.total_seconds())
        zone = self.zone(at)
        collects = visits(
            Hours(expression=service.collects, time_zone=zone, country=at.address.country), now
        )
        delivers = days(
            Hours(expression=service.delivers, time_zone=area.time_zone, country=area.country), now
        )
        timed = Journey(
            preparation=preparation,
            work=work,
            collects=collects,
            delivers=delivers,
            transit=its.days,
            zone=zone,
        ).timed(now)
        if timed is None:
            return None
        km = self.factors.road_km(at.position, area.position)
        emitted = Emitted(
            (("hub.parcel", service.hubs), (service.last_mile, 1)), service.line_haul, km
        )
        return self._offer(
            at, Service(service.speed), timed, self.costs.parcel(its, place), emitted
        )._replace(carrier=carrier, carrier_service=name)

    def _brought(self, at: Location, store: Location, now: int) -> list[Offer] | Rejected:
        method = FulfilmentMethod.PICK_UP_IN_STORE
        if at.code == store.code:
            return self._shelf(store, now, method, Offered.PICKUP)
        country = store.address.country or ANYWHERE
        refused = self._refused(at, method, country, Offered.SHIP_FROM)
        if refused is not None:
            return refused
        moved = self.rules.transfers
        if moved is None or not _together(moved, at, store):
            change = f"Transfers from {at.code} to {store.code}."
            return Rejected(at.code, Reason.NO_LANE, change)
        work, counter, opened = self.work(at, now), self.work(store, now), self._hours(store)
        if work is None or counter is None or opened is None:
            return _closed(at if work is None else store)
        timed = self._moved(moved, at, work, opened, now).timed(now)
        receiving = int(moved.receiving.total_seconds())
        there = None if timed is None else counter.after(timed.earliest, receiving)
        if timed is None or there is None:
            return _full(at if timed is None else store)
        km = self.factors.road_km(at.position, store.position)
        emitted = Emitted((("hub.parcel", 1),), moved.line_haul, km)
        tariff = self.costs.transfer(moved, self.rules.workplace(at.code))
        timed = timed._replace(soonest=there, earliest=there, latest=there)
        return [self._offer(at, Service.TRANSFER, timed, tariff, emitted)._replace(to=store.code)]

    def _moved(
        self, moved: Transfers, at: Location, work: Calendar, opened: Hours, now: int
    ) -> Journey:
        zone, country = self.zone(at), at.address.country
        hours = Hours(expression=moved.collects, time_zone=zone, country=country)
        return Journey(
            preparation=int(self.rules.workplace(at.code).preparation.total_seconds()),
            work=work,
            collects=visits(hours, now),
            delivers=days(opened, now),
            transit=(moved.days, moved.days),
            zone=zone,
        )

    def _shelf(
        self, store: Location, now: int, method: FulfilmentMethod, needed: Offered
    ) -> list[Offer] | Rejected:
        country = store.address.country or ANYWHERE
        if (refused := self._refused(store, method, country, needed)) is not None:
            return refused
        work = self.work(store, now)
        if work is None:
            return _closed(store)
        place = self.rules.workplace(store.code)
        service, preparation = _at_counter(store, place, method)
        holds = int(self.rules.valid_for.total_seconds())
        timed = at_counter(now, int(preparation.total_seconds()), work, holds=holds)
        if timed is None:
            return _full(store)
        tariff = self.costs.shelf(place, method)
        offer = self._offer(store, service, timed, tariff, Emitted((), None, 0))
        return [offer._replace(to=store.code)]

    def _offer(
        self, at: Location, service: Service, timed: Timed, tariff: Tariff, emitted: Emitted
    ) -> Offer:
        each = (self.factors.each(factor) * count for factor, count in emitted.each)
        rate = 0 if emitted.haul is None else self.factors.rate(emitted.haul, emitted.km)
        return Offer(
            at.code,
            at.kind,
            service,
            None,
            None,
            None,
            *timed,
            tariff,
            emitted,
            sum(each) * 1_000,
            rate,
        )

    def _refused(
        self, at: Location, method: FulfilmentMethod, country: CountryCode, needed: Offered
    ) -> Rejected | None:
        for fence in self.rules.fences:
            if (
                any(fnmatchcase(at.code, pattern) for pattern in fence.locations)
                and (not fence.methods or method in fence.methods)
                and (not fence.to or country in fence.to)
            ):
                return Rejected(at.code, Reason.FENCED, f"The rule: {fence.because}")
        if needed in at.services:
            return None
        return Rejected(at.code, Reason.SERVICE_NOT_OFFERED, f"The service {needed} at {at.code}.")

    def zone(self, at: Location) -> str:
        """A location's own time zone, or that of the cell it is in."""
        if at.hours is not None:
            return at.hours.time_zone
        there = Destination(at.address.country or ANYWHERE, at.address.postal_code)
        area = self.geography.area(there)
        return "UTC" if area is None else area.time_zone

    def _hours(self, at: Location) -> Hours | None:
        """When a location works: its own opening hours, else what the rules say."""
        if at.hours is not None:
            return at.hours
        hours = self.rules.workplace(at.code).hours
        if hours is None:
            return None
        return Hours(expression=hours, time_zone=self.zone(at), country=at.address.country)

    def work(self, at: Location, now: int) -> Calendar | None:
        """When orders are worked on there: slots that are full are left out."""
        hours = self._hours(at)
        if hours is None:
            return None
        place, work = self.rules.workplace(at.code), calendar(hours, now)
        if place.slot_orders is None:
            return work
        most, orders = place.slot_orders, self.slots.taken(at.code, holder=self.holder)
        full = [slot for slot, taken in orders.items() if taken >= most]
        return work.without(full, int(place.slot.total_seconds())) if full else work


def _at_counter(
    store: Location, place: Workplace, method: FulfilmentMethod
) -> tuple[Service, timedelta]:
    if method is FulfilmentMethod.RESERVE_IN_STORE:
        return Service.RESERVED, place.express_preparation
    if Offered.EXPRESS_PICKUP in store.services:
        return Service.FROM_SHELF_EXPRESS, place.express_preparation
    return Service.FROM_SHELF, place.preparation


def _together(moved: Transfers, at: Location, store: Location) -> bool:
    """Whether goods are moved between the two countries."""
    countries = {at.address.country, store.address.country}
    return len(countries) == 1 or any(countries <= set(group) for group in moved.within)


def _closed(at: Location) -> Rejected:
    return Rejected(at.code, Reason.NO_OPENING_HOURS, f"Opening hours of {at.code}.")


def _full(at: Location) -> Rejected:
    return Rejected(at.code, Reason.NO_CAPACITY, f"A free slot or an earlier van at {at.code}.")
