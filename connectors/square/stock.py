"""How much of a SKU stands at the seller's locations?"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from app.ports import Answer, StockLevel
from app.values import LocationCode, Sku
from connectors.kit.rows import answer, batches
from connectors.square import mapping
from connectors.square.api import Api, Call, Reply, both, together
from connectors.square.mapping import Count, Variation
from connectors.square.places import Places
from connectors.square.variations import Variations

IDS_PER_CALL = 250  # so that a batch of SKUs is a batch of counts
COUNTS_PER_PAGE = 1000
COUNTS = Call(operation="counts", path="v2/inventory/counts/batch-retrieve", rows="counts")


class Stock:
    """Reads inventory counts by the ids that SKUs and locations have in Square."""

    def __init__(self, api: Api, places: Places, variations: Variations) -> None:
        self._api = api
        self._places = places
        self._variations = variations

    async def levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode], *, now: datetime
    ) -> Answer[StockLevel]:
        """See `app.ports.StockSource`; `now` dates an answer for which nothing was counted."""
        if not skus or not locations:
            return Answer(rows=(), as_of=now)
        known, found = await both(self._places.known(), self._variations.of(skus))
        places = {own: code for code, own in known.ids.items() if code in frozenset(locations)}
        counted = {one.id: one for one in found.variations.values()}
        pages = await self._pages(counted, places) if places else []
        as_of = min((page.as_of for page in pages), default=found.as_of or now)
        counts = answer(
            (row for page in pages for row in page.rows()),
            mapping.count,
            as_of=as_of,
            reference=lambda row: row["catalog_object_id"],
        )
        return Answer(
            rows=tuple(_levels(counts.rows, counted, places, as_of)),
            as_of=as_of,
            rejected=(*known.rejected, *found.rejected, *counts.rejected),
        )

    async def _pages(self, variations: Collection[str], places: Collection[str]) -> list[Reply]:
        asked = batches(variations, IDS_PER_CALL)
        found = await together(self._counts(ids, list(places)) for ids in asked)
        return [page for pages in found for page in pages]

    async def _counts(self, variations: list[str], places: list[str]) -> list[Reply]:
        asked = {
            "catalog_object_ids": variations,
            "location_ids": places,
            "states": mapping.STATES,
            "limit": COUNTS_PER_PAGE,
        }
        return await self._api.pages(COUNTS, asked)


def _levels(
    counts: Iterable[Count],
    variations: Mapping[str, Variation],
    places: Mapping[str, LocationCode],
    as_of: datetime,
) -> Iterable[StockLevel]:
    for (variation, place), states in mapping.newest(counts).items():
        one, code = variations.get(variation), places.get(place)
        if one is None or code is None or not one.counts_at(place):
            continue
        level = mapping.stock_level(one.sku, code, states, as_of)
        if level is not None:
            yield level
