"""How is each of these systems asked? Each connection fulfils what its system has."""

from collections.abc import Collection
from functools import partial
from typing import Any

from app.ports import (
    Answer,
    Location,
    Price,
    Product,
    ProductEdge,
    ProductKey,
    ProductPage,
    ProductQuery,
    ProductSort,
    StockLevel,
    Wiring,
)
from app.values import Channel, LocationCode, Sku
from connectors.kit import cells
from connectors.kit.rows import answer, list_at
from connectors.kit.told_again import ToldAgain
from connectors.sandbox import cursors, fields, mapping, places
from connectors.sandbox.answers import Partly, joined, partly, stated, table
from connectors.sandbox.asking import Names, levels, located
from connectors.sandbox.bonus import BonusCalls
from connectors.sandbox.customers import ShopCustomers, TillCustomers
from connectors.sandbox.orders import ShopOrders, WarehouseOrders
from connectors.sandbox.wire import Caller, in_batches, pairs

LARGEST_PAGE = 100  # products the shop lists at once
ORDERS = {ProductSort.NAME: "title", ProductSort.NEWEST: "newest"}
KEYS = {"id": "ids", "handle": "handles", "sku": "skus"}


class ShopConnection:
    """The e-commerce platform: catalogue, prices, and the stock of its depot."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._names = Names(wiring)
        self._call = Caller(wiring.http)
        self._product = ToldAgain(mapping.product)
        orders = ShopOrders(wiring, self._call)
        self.hand_over, self.placed, self.cancel = orders.hand_over, orders.placed, orders.cancel
        known = ShopCustomers(wiring, self._call)
        self.find, self.customers, self.export = known.find, known.customers, known.export
        self.erase, self.purchases = known.erase, known.purchases

    async def products(self, keys: Collection[ProductKey]) -> Answer[Product]:
        """Looked up by id, handle and SKU in the same call."""
        if not keys:
            return Answer(rows=(), as_of=self._wiring.now())
        # Sorted by the batcher as text, so that equal questions are equal requests.
        by_name = {f"{key.by}:{key.value}": key for key in keys}
        answers = await in_batches(
            by_name, lambda batch: self._looked_up([by_name[name] for name in batch])
        )
        return joined(answers, lambda product: product.id)

    async def browse(self, query: ProductQuery) -> ProductPage:
        """One page; a page of more than a hundred is cut to a hundred, `has_next` tells."""
        document = await self._listed(query)
        as_of = stated(cells.instant, document, "served_at")
        page = stated(fields.part, document, "page")
        edges = partly(
            list_at(document, "items"),
            partial(self._edge, query),
            as_of=as_of,
            reference=lambda row: row["product"]["id"],
        )
        edges = joined([edges], lambda edge: edge.product.id)
        return ProductPage(
            edges=edges.rows,
            has_next=stated(fields.flag, page, "more"),
            total=stated(fields.count, page, "count"),
            as_of=as_of,
            rejected=edges.rejected,
        )

    async def prices(self, skus: Collection[Sku], *, channel: Channel) -> Answer[Price]:
        """From the price list of the channel's currency."""
        if not skus:
            return Answer(rows=(), as_of=self._wiring.now())
        answers = await in_batches(skus, lambda batch: self._priced(batch, channel))
        return joined(answers, lambda price: price.sku)

    async def stock_levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode]
    ) -> Answer[StockLevel]:
        """What lies in the depot."""
        depots = self._names.vendor(locations)
        return await levels(
            self._wiring, skus, locations, lambda batch: self._counted(batch, depots)
        )

    async def locations(self) -> Answer[Location]:
        """The depot."""
        document = await self._call.get("depots", "v1/depots")
        as_of = stated(cells.instant, document, "served_at")
        rows = list_at(document, "items")
        return located(rows, places.depot, self._names, as_of=as_of, called="code")

    def _edge(self, query: ProductQuery, row: Any) -> Partly[ProductEdge]:
        product, rejected = self._product(row["product"])
        cursor = cursors.cursor(query, cells.text(row, "sorted_by"), product.id)
        return ProductEdge(cursor, product), rejected

    async def _looked_up(self, keys: list[ProductKey]) -> Answer[Product]:
        names: dict[str, list[str]] = {kind: [] for kind in KEYS.values()}
        for key in keys:
            names[KEYS[key.by]].append(key.value)
        document = await self._call.post("products", "v1/products/lookup", names)
        as_of = stated(cells.instant, document, "served_at")
        rows = list_at(document, "items")
        return partly(rows, self._product, as_of=as_of, reference=lambda row: row["id"])

    async def _listed(self, query: ProductQuery) -> Any:
        text, product = cursors.place(query) or (None, None)
        asked = {
            "limit": str(min(query.first, LARGEST_PAGE)),
            "lang": query.locale.partition("-")[0],
            "order": ORDERS[query.sort],
            "after": text,
            "after_id": product,
            "q": query.search,
            "collection": query.category,
        }
        present = [(name, value) for name, value in asked.items() if value is not None]
        return await self._call.get("browse", "v1/products", present)

    async def _priced(self, skus: list[Sku], channel: Channel) -> Answer[Price]:
        asked = {"skus": skus, "currency": channel.currency}
        document = await self._call.post("prices", "v1/prices", asked)
        as_of = stated(cells.instant, document, "served_at")
        return answer(
            list_at(document, "items"),
            lambda row: mapping.price(row, channel.currency, as_of=as_of),
            as_of=as_of,
            reference=lambda row: row["sku"],
        )

    async def _counted(self, skus: list[Sku], depots: list[str]) -> Answer[StockLevel]:
        asked = {"skus": skus, "depots": depots}
        document = await self._call.post("stock-levels", "v1/inventory", asked)
        return answer(
            list_at(document, "items"),
            lambda row: mapping.depot_level(row, self._names.codes),
            as_of=stated(cells.instant, document, "served_at"),
            reference=lambda row: f"{row['sku']}@{row['depot']}",
        )


class TillsConnection(BonusCalls):
    """The tills: the stores, what stands in them, what was sold there to whom, and a programme."""

    def __init__(self, wiring: Wiring) -> None:
        super().__init__(wiring, Caller(wiring.http))
        known = TillCustomers(wiring, self._call, self._names)
        self.find, self.customers, self.export = known.find, known.customers, known.export
        self.erase, self.purchases = known.erase, known.purchases

    async def stock_levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode]
    ) -> Answer[StockLevel]:
        """All stores in one call."""
        branches = self._names.vendor(locations)
        return await levels(
            self._wiring, skus, locations, lambda batch: self._counted(batch, branches)
        )

    async def locations(self) -> Answer[Location]:
        """The stores."""
        document = await self._call.post("branches", "rpc/branches.list", {})
        as_of = stated(cells.instant, document, "answeredAt")
        rows = table(document)
        return located(rows, places.store, self._names, as_of=as_of, called="branchNo")

    async def _counted(self, skus: list[Sku], branches: list[str]) -> Answer[StockLevel]:
        asked = {"itemNos": skus, "branchNos": branches}
        document = await self._call.post("stock-levels", "rpc/stock.query", asked)
        return answer(
            table(document),
            lambda row: mapping.till_level(row, self._names.codes),
            as_of=stated(cells.instant, document, "answeredAt"),
            reference=lambda row: f"{row['itemNo']}@{row['branchNo']}",
        )


class WarehouseConnection:
    """The warehouse: what stands in it and what is on its way."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._names = Names(wiring)
        self._call = Caller(wiring.http)
        orders = WarehouseOrders(wiring, self._call)
        self.hand_over, self.placed, self.cancel = orders.hand_over, orders.placed, orders.cancel

    async def stock_levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode]
    ) -> Answer[StockLevel]:
        """As of the last snapshot."""
        sites = self._names.vendor(locations)
        return await levels(
            self._wiring, skus, locations, lambda batch: self._counted(batch, sites)
        )

    async def locations(self) -> Answer[Location]:
        """The warehouse."""
        document = await self._call.get("sites", "wms/sites")
        as_of = stated(cells.instant, document, "SnapshotTime")
        rows = list_at(document, "Sites")
        return located(rows, places.site, self._names, as_of=as_of, called="Code")

    async def _counted(self, skus: list[Sku], sites: list[str]) -> Answer[StockLevel]:
        asked = pairs("Article", skus) + pairs("Site", sites)
        document = await self._call.get("stock-levels", "wms/stock", asked)
        taken = stated(cells.instant, document, "SnapshotTime")
        zone = stated(fields.zone, document, "TimeZone")
        return answer(
            list_at(document, "Articles"),
            lambda row: mapping.warehouse_level(row, self._names.codes, taken=taken, zone=zone),
            as_of=taken,
            reference=lambda row: f"{row['ArticleNo']}@{row['Site']}",
        )


class SupplierConnection:
    """The supplier: what it could send in our name."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._names = Names(wiring)
        self._call = Caller(wiring.http)

    async def stock_levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode]
    ) -> Answer[StockLevel]:
        """As of the last feed."""
        suppliers = self._names.vendor(locations)
        return await levels(
            self._wiring, skus, locations, lambda batch: self._offered(batch, suppliers)
        )

    async def locations(self) -> Answer[Location]:
        """The supplier itself."""
        document = await self._call.get("profile", "feed/profile")
        as_of = stated(fields.epoch, document, "generated")
        rows = list_at(document, "suppliers")
        return located(rows, places.supplier, self._names, as_of=as_of, called="supplier-id")

    async def _offered(self, skus: list[Sku], suppliers: list[str]) -> Answer[StockLevel]:
        asked = pairs("ref", skus) + pairs("supplier", suppliers)
        document = await self._call.get("stock-levels", "feed/availability", asked)
        generated = stated(fields.epoch, document, "generated")
        return answer(
            list_at(document, "lines"),
            lambda row: mapping.supply_level(row, self._names.codes, generated=generated),
            as_of=generated,
            reference=lambda row: f"{row['ref']}@{row['supplier']}",
        )
