"""Answers: which places are there, and which are near?

Locations are reference data: they are read at start and again every few minutes, and answered from
memory, so that a field that names a location never costs a call.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from math import inf
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opening_hours import validate as valid_opening_hours

from app.errors import UpstreamError
from app.locations.model import Location, Place, Search
from app.ports import Address, Answer, LocationSource
from app.ports import Location as Told
from app.settings import Location as Configured
from app.upstream.asking import asked
from app.upstream.health import Health
from app.upstream.report import Report
from app.values import LONGEST_CODE, CountryCode, GeoPoint, LocationCode

Sources = Mapping[str, tuple[LocationSource, Health]]


class LocationService:
    """Keeps the directory of locations; `sources` in order of precedence.

    `edition` is another whenever the directory may have changed; while it is the same, so are the
    places.
    """

    def __init__(
        self,
        sources: Sources,
        *,
        configured: Mapping[LocationCode, Configured],
        timeout: Callable[[str], timedelta],
    ) -> None:
        self._sources = sources
        self._configured = configured
        self._timeout = timeout
        self._told: dict[str, tuple[Told, ...]] = {}
        self._missing: dict[str, UpstreamError] = {}
        self._all: dict[LocationCode, Place] = {}
        self.edition = 0
        self._merge()

    async def refresh(self) -> frozenset[LocationCode]:
        """Ask every source again; one that fails keeps what it told before. What has changed."""
        before = self._all
        await asyncio.gather(*(self._ask(name) for name in self._sources))
        self._merge()
        every = before.keys() | self._all.keys()
        return frozenset(code for code in every if before.get(code) != self._all.get(code))

    @property
    def incomplete(self) -> bool:
        """Whether a source has not answered yet."""
        return any(name not in self._told for name in self._sources)

    @property
    def codes(self) -> Collection[LocationCode]:
        """The codes of all locations, sorted."""
        return self._all.keys()

    def find(self, code: LocationCode) -> Place | None:
        """The location with that code."""
        return self._all.get(code)

    def search(self, search: Search) -> list[Place]:
        """Every location that is wanted, in order."""
        places = filter(search.finds, map(search.seen, self._all.values()))
        return list(places) if search.near is None else sorted(places, key=nearest_first)

    def tell_missing(self, report: Report) -> None:
        """Tell of sources that have never answered, since their locations are missing."""
        for name in self._missing.keys() - self._told.keys():
            report.failed(name, self._missing[name])

    async def _ask(self, name: str) -> None:
        source, health = self._sources[name]
        try:
            answer = await asked(name, source.locations, within=self._timeout(name))
        except UpstreamError as error:
            self._missing[name] = error
        else:
            self._missing.pop(name, None)
            self._told[name] = _understood(answer, health)

    def _merge(self) -> None:
        merged: dict[LocationCode, Location] = {}
        for name in self._sources:
            for told in self._told.get(name, ()):
                if told.code not in merged:
                    merged[told.code] = Location.of(self._completed(told), source=name)
        for code in self._configured.keys() - merged.keys():
            merged[code] = Location.of(self._completed(Told(code=code, name=code)), source=None)
        self._all = {code: Place(location) for code, location in sorted(merged.items())}
        self.edition += 1

    def _completed(self, told: Told) -> Told:
        """What the settings say of a location takes precedence."""
        said = self._configured.get(told.code)
        return told if said is None else _overlaid(told, said)


def nearest_first(place: Place) -> tuple[float, LocationCode]:
    """Sort key: by distance, then by code; without a distance last."""
    return (inf if place.distance_km is None else place.distance_km, place.location.code)


def _understood(answer: Answer[Told], health: Health) -> tuple[Told, ...]:
    """The rows that can be used.

    Codes that nobody can name, and hours or zones nobody understands are dropped and counted.
    """
    if answer.rejected:
        references = [row.reference for row in answer.rejected]
        health.rejected(
            operation="LocationSource", references=references, reason=answer.rejected[0].reason
        )
    usable = []
    for told in answer.rows:
        if len(told.code) > LONGEST_CODE:
            reference = told.code[:LONGEST_CODE]
            health.rejected(
                operation="LocationSource", references=[reference], reason="code too long"
            )
            continue
        if told.opening_hours is None or _sound(told):
            usable.append(told)
            continue
        health.rejected(
            operation="LocationSource", references=[told.code], reason="opening hours not valid"
        )
        usable.append(replace(told, opening_hours=None))
    return tuple(usable)


def _sound(told: Told) -> bool:
    try:
        ZoneInfo(told.time_zone or "")
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return valid_opening_hours(told.opening_hours or "")


def _overlaid(told: Told, said: Configured) -> Told:
    address = Address(
        lines=(said.street,) if said.street else told.address.lines,
        postal_code=said.postal_code or told.address.postal_code,
        city=said.city or told.address.city,
        region=told.address.region,
        country=CountryCode(said.country) if said.country else told.address.country,
    )
    position = told.position
    if said.latitude is not None and said.longitude is not None:
        position = GeoPoint(said.latitude, said.longitude)
    return replace(
        told,
        name=said.name or told.name,
        kind=said.kind or told.kind,
        address=address,
        position=position,
        time_zone=said.time_zone or told.time_zone,
        opening_hours=said.opening_hours or told.opening_hours,
        services=told.services if said.services is None else frozenset(said.services),
        phone=said.phone or told.phone,
    )
