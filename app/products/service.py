"""Answers: which products are there?"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial

from app.ports import CatalogSource, Product, ProductKey, ProductPage, ProductQuery
from app.products import written
from app.products.bundles import NO_BUNDLES, Bundles, MadeOf
from app.products.seen import Seen
from app.upstream.changes import Changes
from app.upstream.health import Health
from app.upstream.reader import Fetched, FreshnessPolicy, Inquiry, Reader, Reading
from app.upstream.readings import Faces
from app.upstream.report import Freshness
from app.upstream.second_level import Kind, SecondLevel, through
from app.values import Sku

KINDS = ("Product", "ProductVariant")  # of what changes
NAMES = 5  # that a product has, more or less
PAGES_KEPT = 500  # listing pages; a page of 24 products is some 100 kB


class ProductService:
    """Reads the catalogue of the connection that owns it."""

    def __init__(
        self,
        source: CatalogSource,
        *,
        health: Health,
        policy: FreshnessPolicy,
        timeout: timedelta,
        changes: Changes | None = None,
        level: SecondLevel | None = None,
    ) -> None:
        """`changes` tells what must be asked for again; `level` is what other processes read."""
        self._source = source
        self._now = health.now
        self._bundles = Bundles()
        self._seen = Seen(max(1, policy.capacity // NAMES))
        self._changes = Changes(health.now) if changes is None else changes
        self._heard = partial(self._changes.count, *KINDS)
        self._products: Reader[ProductKey, Product] = Reader(
            port="CatalogSource",
            fetch=self._bundles.noting(
                through(level, PRODUCTS, self._fetch_products), lambda product: (product,)
            ),
            policy=policy,
            health=health,
            timeout=timeout,
            changes=self._heard,
        )
        self._pages: Reader[ProductQuery, ProductPage] = Reader(
            port="CatalogSource",
            fetch=self._bundles.noting(
                through(level, PAGES, self._fetch_pages),
                lambda page: (edge.product for edge in page.edges),
            ),
            policy=policy.holding(PAGES_KEPT),
            health=health,
            timeout=timeout,
            changes=self._heard,
        )

    async def find(
        self, keys: Collection[ProductKey], inquiry: Inquiry
    ) -> dict[ProductKey, Reading[Product]]:
        """The product each key names."""
        self._recall(keys)
        found = await self._products.read(keys, inquiry)
        if not self._changes:
            return found
        named = {
            key: _names(() if reading.value is None else (reading.value,), key)
            for key, reading in found.items()
        }
        for since, some in self._changes.outdated(named).items():
            found |= await self._products.read(some, inquiry, max_age=since)
        return found

    async def browse(self, query: ProductQuery, inquiry: Inquiry) -> Reading[ProductPage]:
        """A page of the listing.

        Raises:
            InvalidInputError: `after` is no cursor of this listing.
        """
        reading = (await self._pages.read([query], inquiry))[query]
        if not self._changes:
            return reading
        products = [edge.product for edge in reading.value.edges] if reading.value else []
        if (since := self._changes.since(_names(products))) is None:
            return reading
        return (await self._pages.read([query], inquiry, max_age=since))[query]

    async def made_of(self, skus: Collection[Sku], inquiry: Inquiry) -> MadeOf:
        """What those of the SKUs that are bundles are made of.

        The catalogue is asked for SKUs that never came by, once for all. If it is silent, they are
        taken for what they mostly are: a bundle that is taken for none has no stock of its own.
        """
        if not any(known := self._bundles.each(skus)) and None not in known:
            return NO_BUNDLES
        if unseen := [sku for sku, parts in zip(skus, known, strict=True) if parts is None]:
            found = await self.find([ProductKey("sku", sku) for sku in unseen], inquiry)
            self._bundles.note(one.value for one in found.values() if one.value is not None)
            told = [key for key, one in found.items() if one.freshness is not Freshness.UNKNOWN]
            none = [Sku(key.value) for key in told if self._bundles.of(Sku(key.value)) is None]
            self._bundles.note_none(none)
        return {sku: parts for sku in skus if (parts := self._bundles.of(sku))} or NO_BUNDLES

    def faces(self, product: Product) -> Faces:
        """Where to keep what is made of a product, for as long as it is told in the same words."""
        return self._seen.faces(product)

    def _recall(self, keys: Iterable[ProductKey]) -> None:
        """Let those that were seen since they were last read count as read then."""
        for key in keys:
            seen = self._seen.find(key)
            if seen is None or self._products.read_at(key) >= seen.read_at:
                continue
            told = {key: (seen.product, seen.as_of)}
            self._products.keep(Fetched(told, seen.as_of, read_at={key: seen.read_at}))

    async def _fetch_products(self, keys: Collection[ProductKey]) -> Fetched[ProductKey, Product]:
        began, heard = self._now(), self._heard()
        answer = await self._source.products(keys)
        self._see(answer.rows, answer.as_of, began, heard)
        values = {
            key: (product, answer.as_of) for product in answer.rows for key in keys_of(product)
        }
        wanted = {key: told for key in keys if (told := values.get(key)) is not None}
        return Fetched(wanted, answer.as_of, answer.rejected)

    async def _fetch_pages(
        self, queries: Collection[ProductQuery]
    ) -> Fetched[ProductQuery, ProductPage]:
        [query] = queries
        began, heard = self._now(), self._heard()
        page = await self._source.browse(query)
        self._see([edge.product for edge in page.edges], page.as_of, began, heard)
        return Fetched({query: (page, page.as_of)}, page.as_of, page.rejected)

    def _see(
        self, products: Iterable[Product], as_of: datetime, began: datetime, heard: int
    ) -> None:
        """Those of a call count as read now, or when it `began` if changes were heard of since."""
        self._seen.note(products, as_of, self._now() if self._heard() == heard else began)


def keys_of(product: Product) -> Iterator[ProductKey]:
    """Everything the product may be asked for by."""
    yield ProductKey("id", product.id)
    yield ProductKey("handle", product.handle)
    yield from (ProductKey("sku", variant.sku) for variant in product.variants)


def _names(products: Iterable[Product], key: ProductKey | None = None) -> Iterator[str]:
    """What changes of products, or of the one a key names, go by."""
    yield from KINDS
    if key is not None:
        yield f"{'ProductVariant' if key.by == 'sku' else 'Product'}:{key.value}"
    for product in products:
        yield f"Product:{product.id}"
        yield from (f"ProductVariant:{variant.sku}" for variant in product.variants)


PRODUCTS = Kind(
    name="product", read=written.product, changes_of=lambda product: list(_names([product]))
)
PAGES = Kind(
    name="page",
    read=written.page,
    changes_of=lambda page: list(_names(edge.product for edge in page.edges)),
)
