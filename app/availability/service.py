"""Answers: how many can be sold, and from where?"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from functools import lru_cache

from app.availability.model import Aggregate, Availability, Spot
from app.ports import StockLevel, StockSource
from app.upstream.health import Health
from app.upstream.reader import Fetched, FreshnessPolicy, Inquiry, Reader, Reading
from app.values import LocationCode, Sku

StockReader = Reader[Spot, StockLevel]

MANY = 1_000  # spots that are worth letting others have their turn in between


class AvailabilityService:
    """Asks each location's stock source, all of them at once, one call each.

    `source_of` names the connection that knows the stock of a location.
    """

    def __init__(
        self,
        readers: Mapping[str, StockReader],
        *,
        source_of: Callable[[LocationCode], str | None],
    ) -> None:
        self._readers = readers
        self._source_of = lru_cache(maxsize=10_000)(source_of)

    def stocked(self, location: LocationCode) -> bool:
        """Whether anybody is bound to know the stock of the location."""
        return self._source_of(location) is not None

    async def at(
        self, spots: Collection[Spot], inquiry: Inquiry, *, max_age: timedelta | None = None
    ) -> dict[Spot, Availability]:
        """Every spot gets an answer; a silent upstream makes it UNKNOWN or STALE, never zero."""
        by_source: dict[str, list[Spot]] = {}
        for spot in spots:
            if (source := self._source_of(spot.location)) is not None:
                by_source.setdefault(source, []).append(spot)
        answers = await asyncio.gather(
            *(
                self._readers[source].read(asked, inquiry, max_age=max_age)
                for source, asked in by_source.items()
            )
        )
        if len(spots) > MANY:
            await asyncio.sleep(0)
        read: dict[Spot, Reading[StockLevel]] = {}
        for answer in answers:
            read.update(answer)
        return {spot: Availability.of(spot, read.get(spot)) for spot in spots}

    async def together(
        self,
        skus: Collection[Sku],
        locations: Collection[LocationCode],
        inquiry: Inquiry,
        *,
        global_buffer: int,
    ) -> dict[Sku, Aggregate]:
        """What can be sold of each SKU over the locations together."""
        spots = [Spot(sku, location) for sku in skus for location in locations]
        at = await self.at(spots, inquiry)
        return {
            sku: Aggregate.over(
                (at[Spot(sku, location)] for location in locations), global_buffer=global_buffer
            )
            for sku in skus
        }


def stock_reader(
    source: StockSource, *, health: Health, policy: FreshnessPolicy, timeout: timedelta
) -> StockReader:
    """A reader of one connection's stock: many spots, one call."""

    async def fetch(spots: Collection[Spot]) -> Fetched[Spot, StockLevel]:
        answer = await source.stock_levels(
            sorted({spot.sku for spot in spots}), sorted({spot.location for spot in spots})
        )
        values = {Spot(lv.sku, lv.location): (lv, lv.as_of) for lv in answer.rows}
        return Fetched(values, answer.as_of, answer.rejected)

    return Reader(port="StockSource", fetch=fetch, policy=policy, health=health, timeout=timeout)
