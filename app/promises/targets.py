"""Where may an order go, and what could be sent there? Offers are kept until a cut-off passes."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from cachetools import LRUCache

from app.availability.model import NEEDED_SERVICE, FulfilmentMethod
from app.locations.model import Location, Place, Search
from app.locations.service import LocationService
from app.promises.geography import Area
from app.promises.model import Destination, Reason
from app.promises.offered import Offers
from app.promises.offers import Offering
from app.promises.question import Look, Question
from app.promises.quoting import Target
from app.promises.refusals import DestinationRefused, StoreRefused
from app.values import LocationCode

MOST_KEPT = 200  # places for which offers are kept
Method = FulfilmentMethod


@dataclass(frozen=True)
class Targets:
    """Finds the targets of a question, and the offers for each."""

    offering: Offering
    locations: LocationService
    _kept: LRUCache[object, Offers] = field(default_factory=lambda: LRUCache(MOST_KEPT))

    def area(self, question: Question) -> Area | None:
        """Where the shopper is; None when nobody asks to know.

        Raises:
            DestinationRefused: it is not told and needed, in no cell, or the channel sends nothing.
        """
        destination = question.destination
        if destination is None:
            if Method.SHIP_TO_HOME in question.methods:
                message = "A delivery needs a destination."
                raise DestinationRefused(message, "input", "destination", known=False)
            if not question.stores and question.in_store is None:
                message = "Without a destination, name stores."
                raise DestinationRefused(message, "input", "stores", known=False)
            return None
        area = self.offering.geography.area(destination)
        if area is None:
            message = f"No zone covers {_address(destination)}."
            raise DestinationRefused(message, "input", "destination", known=False)
        to, ships_to = destination.country, question.selling.ships_to
        if Method.SHIP_TO_HOME in question.methods and ships_to and to not in ships_to:
            message = f"{question.channel.code} sends nothing to {to}."
            raise DestinationRefused(message, "input", "destination", "country", known=True)
        return area

    def of(self, question: Question, area: Area | None) -> list[Target]:
        """One for each method, and each store where it ends in one; they share the steps there are.

        Raises:
            StoreRefused: there is no such store.
        """
        found = list(self._each(question, area))
        return [replace(target, share=len(found)) for target in found]

    def _each(self, question: Question, area: Area | None) -> Iterator[Target]:
        for method in dict.fromkeys(question.methods):
            if method is Method.SHIP_TO_HOME:
                yield Target(method=method, beside=question.in_store)
                continue
            for store in self._stores(question, method, area):
                trip = 0 if area is None else self._km(area, store)
                yield Target(
                    method=method,
                    store=store.code,
                    trip_km=None if store.code == question.in_store else trip,
                )

    def _km(self, area: Area, store: Location) -> int:
        return self.offering.factors.road_km(area.position, store.position)

    def _stores(self, question: Question, method: Method, area: Area | None) -> list[Location]:
        named = question.stores or (() if question.in_store is None else (question.in_store,))
        if named:
            return [self.store(code) for code in dict.fromkeys(named)]
        near = None if area is None else area.position
        search = Search(near=near, services=frozenset({NEEDED_SERVICE[method]}))
        found = self.locations.search(search)
        return [place.location for place in found[: self.offering.rules.nearest_stores]]

    def store(self, code: LocationCode) -> Location:
        """The store with that code.

        Raises:
            StoreRefused: there is none.
        """
        found: Place | None = self.locations.find(code)
        if found is None:
            raise StoreRefused(f"There is no location {code!r}.", "input", "stores")
        return found.location

    def offers(self, target: Target, look: Look, now: int) -> Offers:
        """What could be sent to a target; made once until a cut-off passes.

        For who has places in slots it is made anew: to nobody else are they free.
        """
        if self._seen_by(look.question) is not self.offering:
            return self.fresh(target, look, now)
        key = (
            target.method,
            target.store,
            None if look.area is None else look.area.code,
            look.places.codes,
            self.locations.edition,
            self.offering.slots.edition,
        )
        offers: Offers | None = self._kept.get(key)
        if offers is None or not offers.made <= now <= offers.order_by:
            offers = self.fresh(target, look, now)
            self._kept[key] = offers
        return offers

    def fresh(self, target: Target, look: Look, now: int) -> Offers:
        """The same, made anew for any moment."""
        places, offering = [one.location for one in look.places.all], self._seen_by(look.question)
        if target.method is Method.SHIP_TO_HOME:
            assert look.area is not None  # noqa: S101  asked for before
            return offering.delivery(places, look.area, now)
        assert target.store is not None  # noqa: S101  such a target has one
        store = self.store(target.store)
        if target.method is Method.RESERVE_IN_STORE:
            return offering.reservation(store, now)
        return offering.collection(places, store, now)

    def _seen_by(self, question: Question) -> Offering:
        return self.offering.seen_by(question.holder, held=question.held)


def unserved(offers: Offers) -> bool:
    """Whether nothing goes there because no carrier does."""
    return not offers.all and any(one.reason is Reason.NO_LANE for one in offers.rejected)


def _address(destination: Destination) -> str:
    """Country and the first two signs of the postal code: enough to see what is meant."""
    postal = (destination.postal_code or "")[:2]
    return f"{destination.country} {postal}…" if postal else destination.country
