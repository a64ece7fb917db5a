"""How is stock read, and what does it mean at the places that were asked for?"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import repeat

from app.availability.model import Availability, Spot, Spread, bounded
from app.locations.model import Places
from app.ports import StockLevel, StockSource
from app.upstream.health import Health
from app.upstream.readings import Cells, FetchedRows, FreshnessPolicy, Reading
from app.upstream.rows import Shelf
from app.upstream.shelves import ShelfReader
from app.values import LocationCode, Sku

StockReader = ShelfReader[Sku, LocationCode, StockLevel]
Codes = tuple[LocationCode, ...]
MANY_AT_HAND = 5_000  # spots that are worth a pause where little is done with each


def stock_reader(
    source: StockSource, *, health: Health, policy: FreshnessPolicy, timeout: timedelta
) -> StockReader:
    """A reader of one connection's stock: a SKU's stock at several locations lies together."""

    async def fetch(
        spots: Cells[Sku, LocationCode],
    ) -> FetchedRows[Sku, LocationCode, StockLevel]:
        answer = await source.stock_levels(sorted(spots.by_row), sorted(spots.columns))
        rows: dict[Sku, dict[LocationCode, tuple[StockLevel, datetime]]] = {}
        for begun in range(0, len(answer.rows), MANY_AT_HAND):
            if begun:
                await asyncio.sleep(0)
            for level in map(bounded, answer.rows[begun : begun + MANY_AT_HAND]):
                if (row := rows.get(level.sku)) is None:
                    row = rows[level.sku] = {}
                row[level.location] = (level, level.as_of)
        return FetchedRows(rows, answer.as_of, answer.rejected)

    return ShelfReader(
        port="StockSource", fetch=fetch, policy=policy, health=health, timeout=timeout
    )


def spread_over(
    sku: Sku,
    places: Places,
    sources: Mapping[str, Codes],
    shelves: Sequence[Shelf[StockLevel]],
) -> Spread:
    """What the shelves of several sources mean for the places."""
    readings: Iterable[Reading[StockLevel] | None]
    if len(shelves) == 1 and len(shelves[0].readings) == len(places.codes):
        readings = shelves[0].readings
    else:
        told = {
            code: reading
            for codes, shelf in zip(sources.values(), shelves, strict=True)
            for code, reading in zip(codes, shelf.readings, strict=True)
        }
        readings = map(told.get, places.codes)
    spots = map(Spot, repeat(sku), places.codes)
    return Spread(tuple(map(Availability.of, spots, readings)), shelves[1:])
