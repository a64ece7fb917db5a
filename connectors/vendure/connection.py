"""What does Vendure know of products, prices and stock?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from app.ports import (
    Answer,
    Location,
    Price,
    Product,
    ProductKey,
    ProductPage,
    ProductQuery,
    StockLevel,
    Wiring,
)
from app.values import Channel, ChannelCode, LocationCode, Sku
from connectors.kit.rows import answer, batches
from connectors.vendure import documents, mapping
from connectors.vendure.access import Access
from connectors.vendure.api import Operation, Reply
from connectors.vendure.catalog import Catalog
from connectors.vendure.customers import CustomerDesk
from connectors.vendure.lists import every_page, joined, once, present, together, without
from connectors.vendure.orders import OrderDesk
from connectors.vendure.settings import Settings

OfSku = TypeVar("OfSku", Price, StockLevel)
SHARED_SKU = "another variant has the same SKU"
SHARED_NAME = "another stock location has the same name"
SHARED_SPOT = "another variant has the same SKU, or another stock location the same name"


class VendureConnection:
    """Fulfils what it may: OrderSink, CustomerDirectory and PurchaseHistory need settings."""

    def __init__(self, settings: Settings, wiring: Wiring) -> None:
        self._settings = settings
        self._now = wiring.now
        self._codes = {vendor: code for code, vendor in wiring.locations.items()}
        self._access = Access(settings, wiring)
        self._catalog = Catalog(settings, self._access)
        if settings.orders is not None:
            desk = OrderDesk(settings, settings.orders, wiring, self._access)
            self.hand_over, self.placed, self.cancel = desk.hand_over, desk.placed, desk.cancel
        if settings.customers is not None:
            known = CustomerDesk(settings, settings.customers, wiring, self._access)
            self.find, self.customers, self.export = known.find, known.customers, known.export
            self.erase, self.purchases = known.erase, known.purchases

    async def products(self, keys: Collection[ProductKey]) -> Answer[Product]:
        """See `app.ports.CatalogSource`."""
        return await self._catalog.named(keys) if keys else self._nothing()

    async def browse(self, query: ProductQuery) -> ProductPage:
        """See `app.ports.CatalogSource`."""
        return await self._catalog.browse(query)

    async def prices(self, skus: Collection[Sku], *, channel: Channel) -> Answer[Price]:
        """See `app.ports.PriceSource`."""
        pages = await self._variants(documents.PRICES, skus, channel=channel.code)
        if not pages:
            return self._nothing()
        found = joined(self._prices(page, channel) for page in pages)
        return once(_asked(found, skus), lambda price: price.sku, SHARED_SKU)

    async def stock_levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode]
    ) -> Answer[StockLevel]:
        """See `app.ports.StockSource`."""
        places = {"locations": self._page(0)}
        pages = await self._variants(documents.STOCK_LEVELS, skus if locations else (), also=places)
        if not pages:
            return self._nothing()
        known = answer(
            await self._places(pages[0]),
            partial(mapping.place, codes=self._codes),
            as_of=pages[0].as_of,
            reference=lambda row: row["id"],
        )
        codes = {vendor_id: code for vendor_id, code in known.rows if code in locations}
        found = joined(_levels(page, codes) for page in pages)
        asked = _asked(without(known.rejected, found), skus)
        return once(asked, lambda level: (level.sku, level.location), SHARED_SPOT)

    async def locations(self) -> Answer[Location]:
        """See `app.ports.LocationSource`."""
        pages = await self._location_pages()
        found = joined(self._locations(page) for page in pages)
        return once(found, lambda location: location.code, SHARED_NAME)

    async def _variants(
        self,
        operation: Operation,
        skus: Collection[Sku],
        *,
        channel: ChannelCode | None = None,
        also: Mapping[str, Any] | None = None,
    ) -> list[Reply]:
        """The pages of all variants that have one of the SKUs, asked for in chunks."""

        async def pages(part: Sequence[Sku]) -> Sequence[Reply]:
            async def ask(skip: int) -> Reply:
                variants = {**self._page(skip), "filter": {"sku": {"in": part}}}
                asked = {"variants": variants, **(also or {})}
                return await self._access.administer(operation, asked, channel=channel)

            return await every_page(ask, "productVariants", size=self._settings.page_size)

        parts = batches(sorted(skus), self._settings.page_size)
        return [page for found in await together(map(pages, parts)) for page in found]

    async def _places(self, reply: Reply) -> list[Any]:
        """All stock locations: they come beside the levels, unless there is more than a page."""
        if reply.total("stockLocations") <= self._settings.page_size:
            return reply.rows("stockLocations")
        pages = await self._location_pages()
        return [row for page in pages for row in page.rows("stockLocations")]

    async def _location_pages(self) -> Sequence[Reply]:
        async def ask(skip: int) -> Reply:
            asked = {"locations": self._page(skip)}
            return await self._access.administer(documents.STOCK_LOCATIONS, asked)

        return await every_page(ask, "stockLocations", size=self._settings.page_size)

    def _page(self, skip: int) -> dict[str, Any]:
        return {"skip": skip, "take": self._settings.page_size, "sort": {"id": "ASC"}}

    def _prices(self, page: Reply, channel: Channel) -> Answer[Price]:
        decimals = self._settings.money_decimals.get(channel.currency)
        if decimals is None:
            decimals = page.number("globalSettings", "serverConfig", "moneyStrategyPrecision")
        terms = mapping.PriceTerms(
            currency=channel.currency,
            decimals=decimals,
            tax_included=page.flag("activeChannel", "pricesIncludeTax"),
            as_of=page.as_of,
        )
        rows = page.rows("productVariants")
        price = partial(mapping.price, terms=terms)
        mapped = answer(rows, price, as_of=page.as_of, reference=lambda row: row["id"])
        return without(page.rejected("productVariants"), present(mapped))

    def _locations(self, page: Reply) -> Answer[Location]:
        mapped = answer(
            page.rows("stockLocations"),
            partial(mapping.location, codes=self._codes),
            as_of=page.as_of,
            reference=lambda row: row["id"],
        )
        return without(page.rejected("stockLocations"), mapped)

    def _nothing(self) -> Answer[Any]:
        return Answer(rows=(), as_of=self._now())


def _asked(found: Answer[OfSku], skus: Collection[Sku]) -> Answer[OfSku]:
    """The rows of the SKUs asked for: some databases find them in any case of letters."""
    wanted = frozenset(skus)
    return replace(found, rows=tuple(row for row in found.rows if row.sku in wanted))


def _levels(page: Reply, codes: Mapping[str, LocationCode]) -> Answer[StockLevel]:
    terms = mapping.StockTerms(
        codes=codes,
        tracked=page.flag("globalSettings", "trackInventory"),
        threshold=page.number("globalSettings", "outOfStockThreshold"),
        as_of=page.as_of,
    )
    mapped = answer(
        mapping.spots(page.rows("productVariants")),
        partial(mapping.stock_level, terms=terms),
        as_of=page.as_of,
        reference=lambda spot: spot[0]["id"],
    )
    return without(page.rejected("productVariants"), present(mapped))
