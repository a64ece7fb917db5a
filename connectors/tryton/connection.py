"""What does one configured Tryton answer? Every port, each from the conversation that fits it."""

from collections.abc import Collection
from dataclasses import replace
from typing import TypeVar

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
from app.values import Channel, LocationCode, Sku
from connectors.kit.rows import batches
from connectors.tryton.catalog import Catalog
from connectors.tryton.customers import CustomerDesk
from connectors.tryton.orders import OrderDesk
from connectors.tryton.places import Places
from connectors.tryton.prices import Prices
from connectors.tryton.reading import merged
from connectors.tryton.rpc import Rpc, together
from connectors.tryton.settings import Settings
from connectors.tryton.stock import Stock

T = TypeVar("T")
IDS_PER_CALL = 200  # no limit of Tryton's; keeps a quantity call well within usual time limits


class TrytonConnection:
    """Fulfils what it may: orders and customers need settings."""

    def __init__(self, settings: Settings, wiring: Wiring) -> None:
        rpc = Rpc(wiring.http, settings, now=wiring.now)
        self._now = wiring.now
        self._places = Places(rpc, wiring.locations, with_tills=settings.tills)
        self._stock = Stock(rpc)
        self._prices = Prices(rpc, gross=settings.prices == "gross")
        self._catalog = Catalog(rpc)
        if settings.orders:
            desk = OrderDesk(rpc, self._places, now=wiring.now)
            self.hand_over, self.placed, self.cancel = desk.hand_over, desk.placed, desk.cancel
        if settings.customers is not None:
            known = CustomerDesk(rpc, settings.customers, now=wiring.now)
            self.find, self.customers, self.export = known.find, known.customers, known.export
            self.erase, self.purchases = known.erase, known.purchases

    async def stock_levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode]
    ) -> Answer[StockLevel]:
        """See `app.ports.StockSource`."""
        if not skus or not locations:
            return Answer(rows=(), as_of=self._now())
        warehouses = await self._places.warehouses()
        places = [place for place in warehouses.rows if place.code in locations]
        if not places:
            return Answer(rows=(), as_of=warehouses.as_of, rejected=warehouses.rejected)
        answers = await together(
            self._stock.levels(chunk, places) for chunk in batches(skus, IDS_PER_CALL)
        )
        return merged(answers, beside=[warehouses])

    async def locations(self) -> Answer[Location]:
        """See `app.ports.LocationSource`."""
        return await self._places.locations()

    async def prices(self, skus: Collection[Sku], *, channel: Channel) -> Answer[Price]:
        """See `app.ports.PriceSource`. Tryton's prices are in its company's currency only."""
        if not skus or channel.currency != await self._prices.currency():
            return Answer(rows=(), as_of=self._now())
        answers = await together(
            self._prices.prices(chunk, channel.currency) for chunk in batches(skus, IDS_PER_CALL)
        )
        return merged(answers)

    async def products(self, keys: Collection[ProductKey]) -> Answer[Product]:
        """See `app.ports.CatalogSource`."""
        if not keys:
            return Answer(rows=(), as_of=self._now())
        answers = await together(
            self._catalog.products(chunk) for chunk in batches(keys, IDS_PER_CALL)
        )
        return _once(merged(answers))

    async def browse(self, query: ProductQuery) -> ProductPage:
        """See `app.ports.CatalogSource`."""
        return await self._catalog.browse(query)


def _once(answer: Answer[Product]) -> Answer[Product]:
    """Each product once, though keys of different chunks may name it."""
    products = {product.id: product for product in answer.rows}
    return replace(answer, rows=tuple(products.values()))
