"""Which locations does the seller have, and what are they called here?"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.errors import UpstreamBroken
from app.ports import Answer, Location, RejectedRow, Wiring
from app.values import LocationCode
from connectors.kit.rows import answer
from connectors.square import mapping
from connectors.square.api import Api, Call
from connectors.square.mapping import Place, Row

LOCATIONS = Call(
    operation="locations",
    path="v2/locations",
    method="GET",
    rows="locations",
    beside=frozenset(),
)


@dataclass(frozen=True, slots=True)
class Known:
    """The locations in business: Square's ids by our codes, and what could not be read."""

    ids: Mapping[LocationCode, str]
    rejected: tuple[RejectedRow, ...]


class Places:
    """The seller's locations. Their ids are kept for a while, if all of them could be read."""

    def __init__(self, api: Api, wiring: Wiring, *, kept: timedelta) -> None:
        self._api = api
        self._now = wiring.now
        self._codes = {theirs: code for code, theirs in wiring.locations.items()}
        self._kept = kept
        self._known: tuple[datetime, Known] | None = None
        self._all: tuple[datetime, Mapping[LocationCode, str]] | None = None

    async def known(self) -> Known:
        """The ids of all locations in business."""
        begun = self._now()
        if self._known is not None and begun < self._known[0]:
            return self._known[1]
        found = await self._coded(lambda one: one.active)
        known = Known({code: one.id for code, one, _ in found.rows}, found.rejected)
        if known.ids and not known.rejected:
            self._known = (begun + self._kept, known)
        return known

    async def id_of(self, code: LocationCode) -> str | None:
        """Square's id of a location, in business or not; see `every`. Kept for a while."""
        begun = self._now()
        if self._all is None or begun >= self._all[0]:
            codes = await self.every()
            self._all = begun + self._kept, {code: own for own, code in codes.items()}
        return self._all[1].get(code)

    async def every(self) -> Mapping[str, LocationCode]:
        """Our codes of all locations by their ids as of now, also of those out of business.

        Raises:
            UpstreamBroken: one of them cannot be read.
        """
        found = await self._coded(lambda _: True)
        if found.rejected:
            raise UpstreamBroken("answered locations with one that cannot be read")
        return {one.id: code for code, one, _ in found.rows}

    async def locations(self) -> Answer[Location]:
        """See `app.ports.LocationSource`."""
        found = await self._coded(lambda one: one.active)
        told = answer(
            found.rows,
            lambda one: mapping.location(one[2], one[0]),
            as_of=found.as_of,
            reference=lambda one: one[1].id,
        )
        return Answer(rows=told.rows, as_of=told.as_of, rejected=(*found.rejected, *told.rejected))

    async def _coded(
        self, wanted: Callable[[Place], bool]
    ) -> Answer[tuple[LocationCode, Place, Row]]:
        """The wanted locations by code; a code of two of them is rejected for both."""
        reply = await self._api.send(LOCATIONS)
        named = answer(
            reply.rows(),
            lambda row: (mapping.place(row), row),
            as_of=reply.as_of,
            reference=lambda row: row["id"],
        )
        by_id = {one.id: (one, row) for one, row in reversed(named.rows) if wanted(one)}
        coded = [(mapping.code_of(one, self._codes), one, row) for one, row in by_id.values()]
        times = Counter(code for code, _, _ in coded)
        shared = [
            RejectedRow(one.id, f"its code {code} names {times[code]} locations")
            for code, one, _ in coded
            if times[code] > 1
        ]
        return Answer(
            rows=tuple(one for one in reversed(coded) if times[one[0]] == 1),
            as_of=reply.as_of,
            rejected=(*named.rejected, *shared),
        )
