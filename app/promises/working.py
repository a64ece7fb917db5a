"""In which slots is an order worked on? In those of its preparation, from now on, that have room.

A slot that is full is left out of working time when offers are made, and so it is here: the slots
that are told are those that the times of an offer were made of.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.availability.slot_rows import Room
from app.availability.slots import Slot, Taking
from app.promises.calendars import Stretch
from app.promises.model import Leg, Service
from app.promises.offers import Offering
from app.promises.targets import Targets
from app.values import LocationCode

Shift = tuple[LocationCode, list[Stretch]]
EXPRESS = {Service.FROM_SHELF_EXPRESS, Service.RESERVED}


@dataclass(frozen=True, slots=True)
class Working:
    """Where and when legs are worked on, as somebody sees it."""

    targets: Targets
    offering: Offering

    def slots(self, legs: Iterable[Leg], now: int) -> Room:
        """Every slot that has a limit, and for whose goods; an order counts once in each."""
        found: dict[Slot, Taking] = {}
        for leg in legs:
            for slot, most in self._limited(leg, now):
                known = found.get(slot, Taking(most, frozenset()))
                found[slot] = Taking(most, known.origins | {leg.location})
        return found

    def _limited(self, leg: Leg, now: int) -> Iterator[tuple[Slot, int]]:
        for at, stretches in self._shifts(leg, now):
            if (most := self.offering.rules.workplace(at).slot_orders) is not None:
                for begins in _begun(stretches, self._length(at)):
                    yield Slot(at, begins), most

    def _shifts(self, leg: Leg, now: int) -> Iterator[Shift]:
        """Preparation where it comes from; what is brought to a store is received there."""
        place = self.offering.rules.workplace(leg.location)
        preparation = place.express_preparation if leg.service in EXPRESS else place.preparation
        yield self._shift(leg.location, now, int(preparation.total_seconds()))
        moved = self.offering.rules.transfers
        if leg.service is Service.TRANSFER and leg.to is not None and moved is not None:
            receiving, done = int(moved.receiving.total_seconds()), int(leg.latest.timestamp())
            yield self._shift(leg.to, now, receiving, until=done)

    def _shift(
        self, code: LocationCode, now: int, seconds: int, *, until: int | None = None
    ) -> Shift:
        work = self.offering.work(self.targets.store(code), now)
        if work is None:
            return code, []
        since = now if until is None else work.before(until, seconds)
        return code, [] if since is None else work.worked(since, seconds)

    def _length(self, at: LocationCode) -> int:
        return int(self.offering.rules.workplace(at).slot.total_seconds())


def _begun(stretches: Iterable[Stretch], length: int) -> Iterator[int]:
    """The slots that stretches lie in; slots begin at multiples of their length since 1970."""
    for start, end in stretches:
        yield from range(start // length * length, end, length)
