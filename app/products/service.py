"""Answers: which products are there?"""

from collections.abc import Collection, Iterator
from datetime import timedelta

from app.ports import CatalogSource, Product, ProductKey, ProductPage, ProductQuery
from app.upstream.health import Health
from app.upstream.reader import Fetched, FreshnessPolicy, Inquiry, Reader, Reading

PAGES_KEPT = 500  # listing pages; a page of 24 products is some 100 kB


class ProductService:
    """Reads the catalogue of the connection that owns it."""

    def __init__(
        self, source: CatalogSource, *, health: Health, policy: FreshnessPolicy, timeout: timedelta
    ) -> None:
        self._source = source
        self._products: Reader[ProductKey, Product] = Reader(
            port="CatalogSource",
            fetch=self._fetch_products,
            policy=policy,
            health=health,
            timeout=timeout,
        )
        self._pages: Reader[ProductQuery, ProductPage] = Reader(
            port="CatalogSource",
            fetch=self._fetch_pages,
            policy=policy.holding(PAGES_KEPT),
            health=health,
            timeout=timeout,
        )

    async def find(
        self, keys: Collection[ProductKey], inquiry: Inquiry
    ) -> dict[ProductKey, Reading[Product]]:
        """The product each key names."""
        return await self._products.read(keys, inquiry)

    async def browse(self, query: ProductQuery, inquiry: Inquiry) -> Reading[ProductPage]:
        """A page of the listing.

        Raises:
            InvalidInputError: `after` is no cursor of this listing.
        """
        return (await self._pages.read([query], inquiry))[query]

    async def _fetch_products(self, keys: Collection[ProductKey]) -> Fetched[ProductKey, Product]:
        answer = await self._source.products(keys)
        values = {
            key: (product, answer.as_of) for product in answer.rows for key in keys_of(product)
        }
        return Fetched(values, answer.as_of, answer.rejected)

    async def _fetch_pages(
        self, queries: Collection[ProductQuery]
    ) -> Fetched[ProductQuery, ProductPage]:
        [query] = queries
        page = await self._source.browse(query)
        self._products.keep(
            Fetched(
                {
                    key: (edge.product, page.as_of)
                    for edge in page.edges
                    for key in keys_of(edge.product)
                },
                page.as_of,
            )
        )
        return Fetched({query: (page, page.as_of)}, page.as_of, page.rejected)


def keys_of(product: Product) -> Iterator[ProductKey]:
    """Everything the product may be asked for by."""
    yield ProductKey("id", product.id)
    yield ProductKey("handle", product.handle)
    yield from (ProductKey("sku", variant.sku) for variant in product.variants)
