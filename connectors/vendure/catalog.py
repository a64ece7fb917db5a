"""Which products does Vendure sell, by key and as a listing?"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from app.errors import InvalidInputError
from app.ports import (
    Answer,
    Product,
    ProductEdge,
    ProductKey,
    ProductPage,
    ProductQuery,
    ProductSort,
)
from app.values import ChannelCode, Locale, ProductId
from connectors.kit.rows import answer, batches, merged
from connectors.kit.told_again import ToldAgain
from connectors.vendure import browsing, documents, mapping
from connectors.vendure.access import Access
from connectors.vendure.api import Reply
from connectors.vendure.lists import every_page, joined, present, together, without
from connectors.vendure.settings import Settings

BROWSED = 100  # products of a page; with all they consist of, a thousand take seconds
MOST_TO_SORT = 1000  # found products that can be sorted by age
PRODUCT_ID = "productId"
FIELDS = {"id": "id", "handle": "slug", "sku": "sku"}


class Catalog:
    """Reads products through the Admin API; finds them as a visitor, through the Shop API."""

    def __init__(self, settings: Settings, access: Access) -> None:
        self._settings = settings
        self._access = access
        self._operation = documents.products(settings.gtin_field)
        terms = mapping.CatalogTerms(
            language=settings.default_language,
            brand_facet=settings.brand_facet,
            gtin_field=settings.gtin_field,
        )
        self._product = ToldAgain(partial(mapping.product, terms=terms))

    async def named(self, keys: Collection[ProductKey]) -> Answer[Product]:
        """The products on sale that one or more keys name, each once."""
        parts = await together(map(self._named, batches(keys, self._settings.page_size)))
        return merged(parts, key=lambda product: product.id, as_of=parts[0].as_of)

    async def _named(self, keys: Sequence[ProductKey]) -> Answer[Product]:
        values: dict[str, list[str]] = {}
        for key in keys:
            values.setdefault(FIELDS[key.by], []).append(key.value)
        by_key = [{field: {"in": wanted}} for field, wanted in values.items()]
        asked = {"_and": [browsing.ON_SALE, {"_or": by_key}]}
        size = self._settings.page_size

        async def ask(skip: int) -> Reply:
            options = {"skip": skip, "take": size, "sort": {"id": "ASC"}, "filter": asked}
            return await self._products(options, None, self._settings.default_language)

        pages = await every_page(ask, "products", size=size)
        found = joined(self._mapped(page) for page in pages)
        wanted = frozenset(keys)
        # Vendure also matches deleted variants and slugs of other languages.
        return replace(found, rows=tuple(row for row in found.rows if wanted & _keys_of(row)))

    async def browse(self, query: ProductQuery) -> ProductPage:
        """One page of a listing."""
        page = browsing.Page.of(query, at_most=min(BROWSED, self._settings.page_size))
        if not browsing.narrowed(query):
            reply = await self._listed(query, browsing.listed(page))
            order, products = reply.ids("products"), self._mapped(reply)
            return self._page_of(page, reply.total("products"), order, products)
        category = None
        if query.category is not None:
            category, as_of = await self._category(query, query.category)
            if category is None:
                return ProductPage(edges=(), has_next=False, as_of=as_of, total=0)
        if query.sort is ProductSort.NAME:
            return await self._found_by_name(page, category)
        return await self._found_by_age(page, category)

    async def _found_by_name(self, page: browsing.Page, category: str | None) -> ProductPage:
        """Search pages in the order of names itself; the products of its page are fetched."""
        hits = await self._search(page.query, browsing.searched(page, category))
        found = _found(hits)
        if not found.rows:
            return self._page_of(page, hits.total("search"), [], _unread(found))
        whole = browsing.Page(page.query, skip=0, take=len(found.rows))
        reply = await self._listed(page.query, browsing.among(found.rows, whole))
        products = joined([self._mapped(reply), _unread(found)])
        order = hits.ids("search", PRODUCT_ID)
        return self._page_of(page, hits.total("search"), order, products)

    async def _found_by_age(self, page: browsing.Page, category: str | None) -> ProductPage:
        """Search cannot sort by age: all it finds is sorted by the list of products."""
        everything = browsing.Page(page.query, skip=0, take=MOST_TO_SORT)
        hits = await self._search(page.query, browsing.searched(everything, category))
        if hits.total("search") > MOST_TO_SORT:
            raise InvalidInputError(
                f"more than {MOST_TO_SORT} products match: narrow the search or sort by name",
                argument="sort",
            )
        found = _found(hits)
        if not found.rows:
            return self._page_of(page, 0, [], _unread(found))
        reply = await self._listed(page.query, browsing.among(found.rows, page))
        products = joined([self._mapped(reply), _unread(found)])
        return self._page_of(page, reply.total("products"), reply.ids("products"), products)

    async def _category(self, query: ProductQuery, wanted: str) -> tuple[str | None, datetime]:
        variables = {"category": wanted, "slug": wanted}
        reply = await self._access.shop(documents.FIND_CATEGORY, variables, channel=query.channel)
        for field in ("byId", "bySlug"):
            if reply.data.get(field) is not None:
                return reply.word(field, "id"), reply.as_of
        return None, reply.as_of

    async def _search(self, query: ProductQuery, asked: dict[str, Any]) -> Reply:
        return await self._access.shop(
            documents.SEARCH,
            {"input": asked},
            channel=query.channel,
            language=self._settings.language(query.locale),
        )

    async def _listed(self, query: ProductQuery, options: dict[str, Any]) -> Reply:
        language = self._settings.language(query.locale)
        return await self._products(options, query.channel, language)

    async def _products(
        self, options: dict[str, Any], channel: ChannelCode | None, language: Locale
    ) -> Reply:
        return await self._access.administer(
            self._operation, {"products": options}, channel=channel, language=language
        )

    def _mapped(self, reply: Reply) -> Answer[Product]:
        mapped = answer(
            reply.rows("products"),
            self._product,
            as_of=reply.as_of,
            reference=lambda row: row["id"],
        )
        return without(reply.rejected("products"), present(mapped))

    def _page_of(
        self, page: browsing.Page, total: int, order: Sequence[str], products: Answer[Product]
    ) -> ProductPage:
        """Edges in the listing's order; a product the listing no longer has is left out."""
        by_id = {product.id: product for product in products.rows}
        places: dict[str, int] = {}
        for place, found in enumerate(order, start=page.skip + 1):
            places.setdefault(found, place)
        return ProductPage(
            edges=tuple(
                ProductEdge(browsing.cursor(page.query, place), by_id[ProductId(found)])
                for found, place in places.items()
                if found in by_id
            ),
            has_next=page.skip + page.take < total,
            as_of=products.as_of,
            total=total,
            rejected=products.rejected,
        )


def _found(hits: Reply) -> Answer[str]:
    """The ids of the products that a search found."""
    return answer(
        hits.rows("search"),
        lambda hit: mapping.text(hit[PRODUCT_ID]),
        as_of=hits.as_of,
        reference=lambda hit: hit[PRODUCT_ID],
    )


def _unread(found: Answer[str]) -> Answer[Product]:
    """What a search adds to the products it found: its age, and the hits that made no sense."""
    return Answer(rows=(), as_of=found.as_of, rejected=found.rejected)


def _keys_of(product: Product) -> set[ProductKey]:
    return {
        ProductKey("id", product.id),
        ProductKey("handle", product.handle),
        *(ProductKey("sku", variant.sku) for variant in product.variants),
    }
