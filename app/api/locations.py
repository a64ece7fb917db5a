"""GraphQL face of locations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Self

import strawberry

from app.api.context import Context, Info
from app.api.hints import AS_ITS_OWNER, PLACES, kept
from app.api.hours import OpeningHours
from app.api.nodes import Node, global_id
from app.api.paging import (
    AfterArgument,
    FirstArgument,
    PageInfo,
    decode_cursor,
    encode_cursor,
    page_size,
)
from app.engine.unchanging import Unchanging
from app.errors import InvalidInputError
from app.locations import model
from app.locations.hours import Hours
from app.locations.service import nearest_first
from app.ports import Address as PostalAddress
from app.values import (
    CountryCode,
    GeoPoint,
    Locale,
    LocationCode,
    LocationKind,
    LocationService,
)

FAR = 1e9  # km: where locations without a position stand in the order by distance
EARTH = 20_038.0  # km, the longest great-circle distance, rounded up


@strawberry.input(name="GeoPointInput", description="A position on WGS 84, in decimal degrees.")
class GeoPointInput:
    """Where the caller is."""

    latitude: float = strawberry.field(description="Degrees north, -90 to 90.")
    longitude: float = strawberry.field(description="Degrees east, -180 to 180.")

    def point(self) -> GeoPoint:
        """The position.

        Raises:
            InvalidInputError: it is not on the globe.
        """
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180):  # noqa: PLR2004
            raise InvalidInputError(
                "near needs a latitude of -90 to 90 and a longitude of -180 to 180 degrees.",
                argument="near",
            )
        return GeoPoint(self.latitude, self.longitude)


@strawberry.type(
    name="GeoPoint",
    description="A position on WGS 84, in decimal degrees.",
    directives=AS_ITS_OWNER,
)
class Position:
    """Where a location is."""

    latitude: float = strawberry.field(description="Degrees north.")
    longitude: float = strawberry.field(description="Degrees east.")

    @classmethod
    def of(cls, point: GeoPoint) -> Self:
        """Dress a position."""
        return cls(latitude=point.latitude, longitude=point.longitude)


@strawberry.type(description="A postal address.", directives=AS_ITS_OWNER)
class Address:
    """Where post arrives."""

    lines: list[str] = strawberry.field(description="Street and number, as written on a letter.")
    postal_code: str | None = strawberry.field(description="Postal code.")
    city: str | None = strawberry.field(description="Town or city.")
    region: str | None = strawberry.field(description="State, province or region.")
    country: CountryCode | None = strawberry.field(description="Country.")

    @classmethod
    def of(cls, address: PostalAddress) -> Self:
        """Dress an address."""
        return cls(
            lines=list(address.lines),
            postal_code=address.postal_code,
            city=address.city,
            region=address.region,
            country=address.country,
        )


@strawberry.type(
    description="A place where stock stands or goods change hands.", directives=kept(PLACES)
)
class Location(Node, Unchanging):
    """A location as one caller sees it."""

    code: LocationCode = strawberry.field(description="The retailer's own code.")
    name: str = strawberry.field(description="The name on the door.")
    kind: LocationKind = strawberry.field(description="What it is.")
    address: Address = strawberry.field(description="Where it is, for post.")
    position: Position | None = strawberry.field(description="Where it is, on the map.")
    distance_km: float | None = strawberry.field(
        description="Great-circle distance in kilometres, where the caller said near what."
    )
    services: list[LocationService] = strawberry.field(description="What it does.")
    phone: str | None = strawberry.field(description="Phone number, as its system writes it.")
    source: str | None = strawberry.field(
        description="Connection that told of it; null when only the settings do."
    )
    told_hours: strawberry.Private[Hours | None]
    language: strawberry.Private[Locale]

    @strawberry.field(description="When it is open; null if nobody says.")
    def hours(self, info: Info) -> OpeningHours | None:
        """Dress the hours only when they are asked for."""
        if self.told_hours is None:
            return None
        return OpeningHours.of(self.told_hours, now=info.context.now, language=self.language)

    @classmethod
    def of(cls, place: model.Place, *, language: Locale) -> Self:
        """Dress a place, once for each language."""
        known: Self | None = place.faces.get(language)
        return place.faces.keep(language, cls._of(place, language)) if known is None else known

    @classmethod
    def _of(cls, place: model.Place, language: Locale) -> Self:
        location = place.location
        position = location.position
        return cls(
            id=global_id("Location", location.code),
            code=location.code,
            name=location.name,
            kind=location.kind,
            address=Address.of(location.address),
            position=None if position is None else Position.of(position),
            distance_km=place.distance_km,
            services=sorted(location.services),
            phone=location.phone,
            source=location.source,
            told_hours=location.hours,
            language=language,
        )


@strawberry.type(description="A location and its place in the list.", directives=AS_ITS_OWNER)
class LocationEdge:
    """See the Relay cursor connections specification."""

    cursor: str = strawberry.field(description="Place in the list.")
    node: Location = strawberry.field(description="The location.")


@strawberry.type(description="A page of locations.", directives=kept(PLACES))
class LocationConnection:
    """See the Relay cursor connections specification."""

    edges: list[LocationEdge] = strawberry.field(description="The locations of this page.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(description="How many the search finds in all.")


@dataclass(frozen=True, slots=True, eq=False)
class Dressed:
    """Places dressed in one language: the same object for as long as they are the same."""

    locations: list[Location]
    by_code: Mapping[LocationCode, Location]

    @classmethod
    def of(cls, places: model.Places, *, language: Locale) -> Self:
        """Dress places, once for each language."""
        known: Self | None = places.faces.get((cls, language))
        if known is not None:
            return known
        locations = [Location.of(place, language=language) for place in places.all]
        dressed = cls(locations, dict(zip(places.codes, locations, strict=True)))
        return places.faces.keep((cls, language), dressed)


def location_by_key(context: Context, code: str, language: Locale) -> Location | None:
    """The location with that code, as the caller sees it."""
    found = context.services.locations.find(LocationCode(code))
    context.seen.places.append(LocationCode(code))
    return None if found is None else Location.of(found, language=language)


Near = Annotated[
    GeoPointInput | None, strawberry.argument(description="Sort by distance from here.")
]
Kinds = Annotated[list[LocationKind] | None, strawberry.argument(description="Only these kinds.")]


@strawberry.type
class LocationRoot:
    """The root fields of locations."""

    @strawberry.field(description="The location with a code; null if there is none.")
    def location(
        self,
        info: Info,
        code: Annotated[LocationCode, strawberry.argument(description="The retailer's code.")],
        locale: Annotated[
            Locale | None, strawberry.argument(description="Language of texts.")
        ] = None,
    ) -> Location | None:
        """One location."""
        return location_by_key(info.context, code, info.context.languages(locale)[0])

    @strawberry.field(
        description="Locations by code, or by distance when near is given; all filters hold."
    )
    def locations(
        self,
        info: Info,
        near: Near = None,
        within_km: Annotated[
            float | None, strawberry.argument(description="Only within this radius of near.")
        ] = None,
        kinds: Kinds = None,
        services: Annotated[
            list[LocationService] | None,
            strawberry.argument(description="Only those with all of these services."),
        ] = None,
        first: FirstArgument = None,
        after: AfterArgument = None,
        locale: Annotated[
            Locale | None, strawberry.argument(description="Language of texts.")
        ] = None,
    ) -> LocationConnection:
        """A page of locations."""
        search = model.Search(
            near=near.point() if near is not None else None,
            within_km=_radius(within_km, near),
            kinds=frozenset(kinds or ()),
            services=frozenset(services or ()),
        )
        context = info.context
        context.services.locations.tell_missing(context.inquiry.report)
        places = context.services.locations.search(search)
        page = _page(places, page_size(first), after, context.languages(locale)[0])
        context.seen.places.extend(edge.node.code for edge in page.edges)
        return page


def _radius(within_km: float | None, near: GeoPointInput | None) -> float | None:
    if within_km is None:
        return None
    if near is None:
        raise InvalidInputError("withinKm needs near.", argument="withinKm")
    if not 0 < within_km <= EARTH:
        raise InvalidInputError(f"withinKm is above 0 and at most {EARTH}.", argument="withinKm")
    return within_km


def _page(
    places: Sequence[model.Place], first: int, after: str | None, language: Locale
) -> LocationConnection:
    """Keyset paging by distance and code."""
    key = decode_cursor(after, float, str)
    following = (p for p in places if key is None or _key(p) > key)
    page = list(islice(following, first + 1))
    edges = [
        LocationEdge(cursor=encode_cursor(*_key(p)), node=Location.of(p, language=language))
        for p in page[:first]
    ]
    return LocationConnection(
        edges=edges,
        page_info=PageInfo(
            has_next_page=len(page) > first,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
        total_count=len(places),
    )


def _key(place: model.Place) -> tuple[float, str]:
    distance, code = nearest_first(place)
    return (min(distance, FAR), code)
