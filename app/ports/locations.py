"""Locations: where stock stands and goods change hands."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from app.ports.answer import Answer
from app.values import CountryCode, GeoPoint, LocationCode, LocationKind, LocationService


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address. `lines` is street and number, outermost last."""

    lines: tuple[str, ...] = ()
    postal_code: str | None = None
    city: str | None = None
    region: str | None = None
    country: CountryCode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """What a system knows of one place; None where it does not know.

    `opening_hours` is an expression of the OpenStreetMap opening hours specification, in local time
    of `time_zone` (IANA name); `PH` in it means the public holidays of the address's country.
    """

    code: LocationCode
    name: str
    kind: LocationKind | None = None
    address: Address = Address()
    position: GeoPoint | None = None
    time_zone: str | None = None
    opening_hours: str | None = None
    services: frozenset[LocationService] = frozenset()
    phone: str | None = None


@runtime_checkable
class LocationSource(Protocol):
    """Knows its own locations."""

    async def locations(self) -> Answer[Location]:
        """Every location of the connection, under our codes."""
        ...
