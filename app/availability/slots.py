"""How many orders has each slot of work? All of them in memory; holds that ran out do not count."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from heapq import heappop, heappush
from typing import NamedTuple

from app.availability.book import FOR_EVER
from app.values import LocationCode


class Slot(NamedTuple):
    """A stretch of work at a location, by its beginning in seconds since 1970."""

    location: LocationCode
    begins: int


class Taking(NamedTuple):
    """How many orders a slot takes, and for whose goods an order is worked on in it: `origins`."""

    most: int
    origins: frozenset[LocationCode]


class Place(NamedTuple):
    """A place in a slot: a holder's `until` a time, an order's for good."""

    owner: str
    slot: Slot
    until: datetime = FOR_EVER


class SlotsTaken:
    """The places of every owner, as the log tells of them; `edition` grows with each change."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._edition = 0
        self._places: dict[str, list[Place]] = {}
        self._counts: dict[LocationCode, dict[int, int]] = {}
        self._ends: list[tuple[datetime, str]] = []

    @property
    def edition(self) -> int:
        """Another whenever an answer may have changed, be it that a hold ran out."""
        self._drop_over()
        return self._edition

    def has(self, holder: str) -> bool:
        """Whether a holder has places."""
        self._drop_over()
        return holder in self._places

    def taken(self, location: LocationCode, *, holder: str | None = None) -> Mapping[int, int]:
        """Orders by the beginning of their slot, without those of a `holder`."""
        self._drop_over()
        counts = self._counts.get(location, {})
        mine = self._places.get(holder, ()) if holder is not None else ()
        own = {place.slot.begins for place in mine if place.slot.location == location}
        return {begins: count - (begins in own) for begins, count in counts.items()}

    def replace(self, owners: Iterable[str] | None, places: Collection[Place]) -> None:
        """Owners have these places now, and no others; None: nobody else has any."""
        before = list(self._places if owners is None else owners)
        changed = [self._drop(owner) for owner in before]
        if any(changed) or places:
            self._edition += 1
        for place in places:
            self._places.setdefault(place.owner, []).append(place)
            self._count(place.slot, 1)
            if place.until < FOR_EVER:
                heappush(self._ends, (place.until, place.owner))

    def drop_past(self, before: datetime) -> None:
        """Forget owners all of whose slots began before a time."""
        at = before.timestamp()
        past = [
            owner
            for owner, places in self._places.items()
            if all(place.slot.begins <= at for place in places)
        ]
        for owner in past:
            self._drop(owner)

    def _drop_over(self) -> None:
        now = self._now()
        while self._ends and self._ends[0][0] <= now:
            _, owner = heappop(self._ends)
            if any(place.until <= now for place in self._places.get(owner, ())):
                self._drop(owner)
                self._edition += 1

    def _drop(self, owner: str) -> bool:
        places = self._places.pop(owner, [])
        for place in places:
            self._count(place.slot, -1)
        return bool(places)

    def _count(self, slot: Slot, change: int) -> None:
        counts = self._counts.setdefault(slot.location, {})
        counts[slot.begins] = counts.get(slot.begins, 0) + change
        if not counts[slot.begins]:
            del counts[slot.begins]
