"""Which variation of Square's catalogue is a SKU?"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cachetools import TTLCache

from app.ports import RejectedRow
from app.values import Sku
from connectors.kit.rows import answer, batches
from connectors.square import mapping
from connectors.square.api import Api, Call, Reply, together, understood
from connectors.square.mapping import Variation

SKUS_PER_CALL = 250  # values that a set query takes
OBJECTS_PER_PAGE = 1000
MOST_KEPT = 100_000  # SKUs
SEARCH = Call(
    operation="variations",
    path="v2/catalog/search",
    rows="objects",
    beside=frozenset({"cursor", "latest_time"}),
)

RETRIEVE = Call(
    operation="variations-by-id",
    path="v2/catalog/batch-retrieve",
    rows="objects",
    beside=frozenset({"related_objects"}),
)


@dataclass(frozen=True, slots=True)
class Found:
    """The variations of SKUs, what could not be read, and when the oldest of it was told."""

    variations: Mapping[Sku, Variation]
    rejected: tuple[RejectedRow, ...]
    as_of: datetime | None = None


class Variations:
    """Variations by SKU, kept for a while. Those that are not found are asked for again."""

    def __init__(self, api: Api, *, now: Callable[[], datetime], kept: timedelta) -> None:
        self._api = api
        self._names: TTLCache[str, Sku] = TTLCache(
            MOST_KEPT, kept.total_seconds(), timer=lambda: now().timestamp()
        )
        self._kept: TTLCache[Sku, Variation] = TTLCache(
            MOST_KEPT, kept.total_seconds(), timer=lambda: now().timestamp()
        )

    async def of(self, skus: Collection[Sku]) -> Found:
        """The variation of every SKU that names exactly one."""
        known = {sku: found for sku in skus if (found := self._kept.get(sku)) is not None}
        asked = [sku for sku in dict.fromkeys(skus) if sku not in known]
        if not asked:
            return Found(known, ())
        fresh = _told(await self.pages(asked), asked)
        self._kept.update(fresh.variations)
        return Found({**known, **fresh.variations}, fresh.rejected, fresh.as_of)

    async def skus(self, ids: Collection[str]) -> Mapping[str, Sku]:
        """The SKUs of variations, deleted or not; one without a SKU is left out.

        Raises:
            UpstreamBroken: one of them cannot be read.
        """
        known = {own: sku for own in ids if (sku := self._names.get(own)) is not None}
        asked = [own for own in dict.fromkeys(ids) if own not in known]
        pages = await together(map(self._named, batches(asked, SKUS_PER_CALL)))
        rows = (row for page in pages for row in page.rows())
        told = [understood(row, mapping.sku_of, "variation") for row in rows]
        fresh = {own: sku for own, sku in told if sku is not None}
        self._names.update(fresh)
        return {**known, **fresh}

    async def pages(self, skus: Collection[Sku]) -> list[Reply]:
        """Every variation that has one of the SKUs, in any case of letters, as Square tells it."""
        found = await together(map(self._search, batches(skus, SKUS_PER_CALL)))
        return [page for pages in found for page in pages]

    async def _named(self, ids: list[str]) -> Reply:
        asked = {"object_ids": ids, "include_deleted_objects": True}
        return await self._api.send(RETRIEVE, asked)

    async def _search(self, skus: list[Sku]) -> list[Reply]:
        query = {"set_query": {"attribute_name": "sku", "attribute_values": skus}}
        asked = {"object_types": ["ITEM_VARIATION"], "query": query, "limit": OBJECTS_PER_PAGE}
        return await self._api.pages(SEARCH, asked)


def _told(pages: Iterable[Reply], skus: Collection[Sku]) -> Found:
    """Square lets two variations have one SKU: then nobody can say which is meant."""
    pages, wanted = list(pages), frozenset(skus)
    read = answer(
        (row for page in pages for row in page.rows()),
        mapping.variation,
        as_of=min(page.as_of for page in pages),
        reference=lambda row: row["id"],
    )
    by_sku: dict[Sku, dict[str, Variation]] = {}
    for one in read.rows:
        if one.sku in wanted:
            by_sku.setdefault(one.sku, {})[one.id] = one
    shared = [
        RejectedRow(own, f"SKU {sku} names {len(found)} variations")
        for sku, found in by_sku.items()
        if len(found) > 1
        for own in found
    ]
    only = {sku: one for sku, found in by_sku.items() if len(found) == 1 for one in found.values()}
    return Found(only, (*read.rejected, *shared), read.as_of)
