"""The nouns of locations."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from msgspec import Struct

from app.locations.hours import Hours
from app.ports import Address
from app.ports import Location as Told
from app.upstream.readings import Faces
from app.values import GeoPoint, LocationCode, LocationKind, LocationService


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place of the retailer's, merged from what systems and the retailer say of it.

    `source` is the connection that told of it, None when only the settings do.
    """

    code: LocationCode
    name: str
    kind: LocationKind
    address: Address
    position: GeoPoint | None
    hours: Hours | None
    services: frozenset[LocationService]
    phone: str | None
    source: str | None

    @classmethod
    def of(cls, told: Told, *, source: str | None) -> Self:
        """A location as told; an unknown kind counts as WAREHOUSE: nobody is sent there."""
        hours = None
        if told.opening_hours is not None and told.time_zone is not None:
            hours = Hours(
                expression=told.opening_hours,
                time_zone=told.time_zone,
                country=told.address.country,
            )
        return cls(
            code=told.code,
            name=told.name,
            kind=told.kind or LocationKind.WAREHOUSE,
            address=told.address,
            position=told.position,
            hours=hours,
            services=told.services,
            phone=told.phone,
            source=source,
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A location as one caller sees it, with how far away it is where they said where they are."""

    location: Location
    distance_km: float | None = None
    faces: Faces = field(default_factory=Faces, compare=False, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Some places, in an order: the same object for as long as they are the same."""

    all: tuple[Place, ...]
    codes: tuple[LocationCode, ...]
    faces: Faces = field(default_factory=Faces, repr=False)

    @classmethod
    def of(cls, places: Iterable[Place]) -> Self:
        """These places."""
        every = tuple(places)
        return cls(every, tuple(place.location.code for place in every))

    def first(self, count: int) -> "Places":
        """The first of them."""
        if count >= len(self.all):
            return self
        return self.faces.kept(count, lambda: Places.of(self.all[:count]))


class Search(Struct, frozen=True, kw_only=True):
    """Which locations are wanted; all conditions hold at once.

    Without `near` the order is by code; with it by distance, and a location without a position
    comes last (and is left out when `within_km` is given).
    """

    near: GeoPoint | None = None
    within_km: float | None = None
    kinds: frozenset[LocationKind] = frozenset()
    services: frozenset[LocationService] = frozenset()
    codes: frozenset[LocationCode] | None = None

    def finds(self, place: Place) -> bool:
        """Whether the place is wanted."""
        location = place.location
        return (
            (not self.kinds or location.kind in self.kinds)
            and self.services <= location.services
            and (self.codes is None or location.code in self.codes)
            and (self.within_km is None or self._within(place.distance_km))
        )

    def seen(self, place: Place) -> Place:
        """The same place, with how far away it is from here."""
        position = place.location.position
        if self.near is None or position is None:
            return place
        return Place(place.location, round(self.near.distance_km(position), 3))

    def _within(self, distance: float | None) -> bool:
        return distance is not None and self.within_km is not None and distance <= self.within_km
