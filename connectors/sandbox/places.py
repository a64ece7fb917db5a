"""What do the words of the four systems say of places?"""

from collections.abc import Iterable, Mapping
from typing import Any

from opening_hours import validate as valid_hours

from app.ports import Address, Location, RejectedRow
from app.values import CountryCode, LocationCode, LocationKind, LocationService
from connectors.kit import cells
from connectors.sandbox.answers import Codes, Partly, code
from connectors.sandbox.fields import part, point, rows, yes, zone

SERVICES: Mapping[str, LocationService | None] = {
    "collect": LocationService.PICKUP,
    "collect-2h": LocationService.EXPRESS_PICKUP,
    "hold": LocationService.RESERVE,
    "dispatch": LocationService.SHIP_FROM,
    "returns": LocationService.RETURN,
    "appointments": LocationService.APPOINTMENT,
    "ship": LocationService.SHIP_FROM,
    "accept_returns": LocationService.RETURN,
    "OUTBOUND_PARCEL": LocationService.SHIP_FROM,
    "INBOUND_RETURNS": LocationService.RETURN,
    "STORE_REPLENISHMENT": None,  # known, and nothing a shopper can ask for
}


def depot(row: Any, codes: Codes) -> Partly[Location]:
    """A depot of the shop."""
    own = code(row, "code", codes)
    services, strange = _services(own, rows(row, "can"))
    return Location(
        code=own,
        name=cells.text(row, "title"),
        kind=LocationKind.ECOM_DC,
        address=Address(
            lines=(cells.text(row, "street"),),
            postal_code=cells.text(row, "zip"),
            city=cells.text(row, "town"),
            country=CountryCode(cells.text(row, "country")),
        ),
        position=point(cells.text(row, "lat"), cells.text(row, "lng")),
        time_zone=zone(row, "tz").key,
        services=services,
    ), strange


def store(row: Any, codes: Codes) -> Partly[Location]:
    """A branch; opening hours nobody can read are left out and told."""
    own = code(row, "branchNo", codes)
    services, strange = _services(own, rows(row, "services"))
    hours = cells.text(row, "openingHours")
    if not (readable := valid_hours(hours)):
        strange = (*strange, RejectedRow(own, "openingHours cannot be read, left out"))
    return Location(
        code=own,
        name=cells.text(row, "branchName"),
        kind=LocationKind.STORE,
        address=Address(
            lines=(cells.text(row, "street"),),
            postal_code=cells.text(row, "postcode"),
            city=cells.text(row, "city"),
            region=cells.text(row, "province"),
            country=CountryCode(cells.text(row, "countryIso")),
        ),
        position=point(row["lat"], row["lon"]),
        time_zone=zone(row, "timeZone").key,
        opening_hours=hours if readable else None,
        services=services,
        phone=cells.text(row, "phone"),
    ), strange


def site(row: Any, codes: Codes) -> Partly[Location]:
    """A warehouse."""
    own = code(row, "Code", codes)
    services, strange = _services(own, rows(row, "Processes"))
    address, place = part(row, "Address"), part(row, "Coordinates")
    return Location(
        code=own,
        name=cells.text(row, "Description"),
        kind=LocationKind.WAREHOUSE,
        address=Address(
            lines=(cells.text(address, "Street"),),
            postal_code=cells.text(address, "PostalCode"),
            city=cells.text(address, "City"),
            country=CountryCode(cells.text(address, "CountryCode")),
        ),
        position=point(place["Latitude"], place["Longitude"]),
        time_zone=zone(row, "TimeZone").key,
        services=services,
    ), strange


def supplier(row: Any, codes: Codes) -> Partly[Location]:
    """A supplier; the feed writes its address and its position in one line each."""
    able = {
        LocationService.SHIP_FROM: yes(row, "drop-ship"),
        LocationService.RETURN: yes(row, "takes-returns"),
    }
    latitude, longitude = cells.text(row, "geo").split(",")
    return Location(
        code=code(row, "supplier-id", codes),
        name=cells.text(row, "trading-name"),
        kind=LocationKind.SUPPLIER,
        address=_address(cells.text(row, "postal")),
        position=point(latitude, longitude),
        time_zone=zone(row, "zone").key,
        services=frozenset(service for service, offered in able.items() if offered),
    ), ()


def _address(line: str) -> Address:
    """Street, postcode and town, country: `Via Roma 1, 25080 Padenghe, IT`."""
    street, postcode_and_town, country = (part.strip() for part in line.split(","))
    postcode, town = postcode_and_town.split(" ", 1)
    return Address(lines=(street,), postal_code=postcode, city=town, country=CountryCode(country))


def _services(
    place: LocationCode, words: Iterable[Any]
) -> tuple[frozenset[LocationService], tuple[RejectedRow, ...]]:
    """What we have a word for; a service we do not know is left out and told."""
    named = [str(word) for word in words]
    known = (SERVICES.get(word) for word in named)
    strange = (word for word in named if word not in SERVICES)
    return (
        frozenset(service for service in known if service is not None),
        tuple(RejectedRow(place, f"service {word!r} is not known, left out") for word in strange),
    )
