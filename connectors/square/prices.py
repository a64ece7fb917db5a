"""What does a SKU cost in the seller's catalogue?"""

from collections.abc import Callable, Collection
from datetime import datetime

from app.ports import Answer, Price, RejectedRow
from app.values import Channel, Sku
from connectors.kit.cells import text
from connectors.kit.rows import answer
from connectors.square import mapping
from connectors.square.mapping import PriceTerms
from connectors.square.settings import Prices
from connectors.square.variations import Variations


class PriceList:
    """Fulfils `PriceSource` where the settings say how prices are meant."""

    def __init__(
        self, settings: Prices, variations: Variations, *, now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._variations = variations
        self._now = now

    async def prices(self, skus: Collection[Sku], *, channel: Channel) -> Answer[Price]:
        """See `app.ports.PriceSource`."""
        pages = await self._variations.pages(skus)
        as_of = min((page.as_of for page in pages), default=self._now())
        terms = PriceTerms(
            currency=channel.currency,
            place=self._settings.locations.get(channel.code),
            tax_included=self._settings.tax_included,
            as_of=as_of,
        )
        found = answer(
            (row for page in pages for row in page.rows()),
            lambda row: (text(row, "id"), mapping.price(row, terms)),
            as_of=as_of,
            reference=lambda row: row["id"],
        )
        return _once(found, frozenset(skus))


def _once(found: Answer[tuple[str, Price | None]], skus: frozenset[Sku]) -> Answer[Price]:
    """The prices of the SKUs asked for; of a SKU with two, nobody can say which is meant."""
    by_sku: dict[Sku, dict[str, Price]] = {}
    for own, one in found.rows:
        if one is not None and one.sku in skus:
            by_sku.setdefault(one.sku, {})[own] = one
    shared = [
        RejectedRow(own, f"SKU {sku} names {len(prices)} variations")
        for sku, prices in by_sku.items()
        if len(prices) > 1
        for own in prices
    ]
    only = (prices for prices in by_sku.values() if len(prices) == 1)
    return Answer(
        rows=tuple(price for prices in only for price in prices.values()),
        as_of=found.as_of,
        rejected=(*found.rejected, *shared),
    )
