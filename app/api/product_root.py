"""Which products may be asked for? One by any of its names, a page of the listing, variants."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Annotated, Any

import strawberry
from msgspec import Struct

from app import ports
from app.api.context import Context, Info, Languages
from app.api.languages import relevant
from app.api.nodes import key_of
from app.api.paging import FirstArgument, PageInfo, bounded, named, page_size
from app.api.products import Product, ProductConnection, ProductEdge
from app.api.texts import languages_of
from app.api.variants import ChannelArgument, ProductVariant
from app.errors import InvalidInputError
from app.ports import ProductKey, ProductQuery, ProductSort
from app.products.service import ProductService
from app.upstream.readings import Reading
from app.values import Locale, Sku

LONGEST_SEARCH = 200  # characters
WRITTEN_IN = "languages"  # the face that holds those of its texts

LocaleArgument = Annotated[
    Locale | None,
    strawberry.argument(description="Language of texts, before those of Accept-Language."),
]


@strawberry.type
class ProductRoot:
    """The root fields of products."""

    @strawberry.field(
        description="The product with an id, a handle, or a variant with a SKU; null if none."
    )
    async def product(
        self,
        info: Info,
        id: Annotated[  # noqa: A002  the schema's name
            strawberry.ID | None, strawberry.argument(description="Id of a Product.")
        ] = None,
        handle: Annotated[
            str | None, strawberry.argument(description="Its name in addresses.")
        ] = None,
        sku: Annotated[
            Sku | None, strawberry.argument(description="SKU of one of its variants.")
        ] = None,
        locale: LocaleArgument = None,
    ) -> Product | None:
        """One product."""
        key = _one_key(id, handle, sku)
        found = await products_by_key(info.context, [key], info.context.languages(locale))
        return found[0]

    @strawberry.field(description="A page of the listing; null when its owner could not be asked.")
    async def products(
        self,
        info: Info,
        first: FirstArgument = None,
        after: Annotated[
            str | None, strawberry.argument(description="An endCursor of this listing.")
        ] = None,
        search: Annotated[
            str | None, strawberry.argument(description="Words to be found in names and SKUs.")
        ] = None,
        category: Annotated[
            strawberry.ID | None, strawberry.argument(description="Id or handle of a category.")
        ] = None,
        sort: Annotated[ProductSort, strawberry.argument(description="Order.")] = ProductSort.NAME,
        channel: ChannelArgument = None,
        locale: LocaleArgument = None,
    ) -> ProductConnection | None:
        """A page of products."""
        context = info.context
        through, _ = context.services.channel(channel)
        languages = context.languages(locale, through)
        query = ProductQuery(
            first=page_size(first),
            after=named(after, argument="after"),
            search=_words(search),
            category=named(category, argument="category"),
            sort=sort,
            channel=through.code,
            locale=languages[0],
        )
        reading = await context.services.products.browse(query, context.inquiry)
        if (page := reading.value) is not None:
            context.seen.pages.append(page)
        dress = Dressing(context.services.products, languages)
        return dress.page(reading, follows=after is not None)

    @strawberry.field(
        description="The variants with these SKUs, in this order; null where there is none."
    )
    async def variants(
        self,
        info: Info,
        skus: Annotated[list[Sku], strawberry.argument(description="At most 100 SKUs.")],
        locale: LocaleArgument = None,
    ) -> list[ProductVariant | None]:
        """Variants by SKU."""
        bounded(skus, argument="skus")
        keys = [ProductKey("sku", sku) for sku in skus]
        found = await products_by_key(info.context, keys, info.context.languages(locale))
        return [
            None if product is None else product.variant_of(sku)
            for product, sku in zip(found, skus, strict=True)
        ]


async def products_by_key(
    context: Context, keys: Sequence[ProductKey], languages: Languages
) -> list[Product | None]:
    """The products that keys name, in their order, in one question to the catalogue."""
    found = await context.services.products.find(keys, context.inquiry)
    context.seen.products.extend(one.value for one in found.values() if one.value is not None)
    dress = Dressing(context.services.products, languages)
    return [dress.product(found[key]) for key in keys]


def _one_key(id_: str | None, handle: str | None, sku: Sku | None) -> ProductKey:
    named(handle, argument="handle")
    given = {"id": id_, "handle": handle, "sku": sku}
    if sum(value is not None for value in given.values()) != 1:
        raise InvalidInputError("product needs one of id, handle and sku.", argument="id")
    if id_ is not None:
        return ProductKey("id", key_of(id_, "Product"))
    return ProductKey("sku", sku) if sku is not None else ProductKey("handle", handle or "")


def _words(search: str | None) -> str | None:
    words = " ".join((search or "").split())
    if len(words) > LONGEST_SEARCH:
        raise InvalidInputError(
            f"search has at most {LONGEST_SEARCH} characters.", argument="search"
        )
    return words or None


class Dressing(Struct, frozen=True):
    """Dresses what was read: once for the languages that make a difference.

    A product that is told again in the same words keeps what was made of it, whatever read it.
    """

    service: ProductService
    languages: Languages

    def product(self, reading: Reading[ports.Product]) -> Product | None:
        """A product as told."""
        if (product := reading.value) is None:
            return None
        wanted = self._relevant(reading, [product])
        return reading.faces.kept(wanted, lambda: self._product(product, reading, wanted))

    def page(
        self, reading: Reading[ports.ProductPage], *, follows: bool
    ) -> ProductConnection | None:
        """A page as told; whether it `follows` another."""
        if (page := reading.value) is None:
            return None
        wanted = self._relevant(reading, (edge.product for edge in page.edges))
        return reading.faces.kept(
            wanted, lambda: self._page(page, reading, wanted, follows=follows)
        )

    def _page(
        self,
        page: ports.ProductPage,
        reading: Reading[ports.ProductPage],
        languages: Languages,
        *,
        follows: bool,
    ) -> ProductConnection:
        edges = [
            ProductEdge(cursor=edge.cursor, node=self._product(edge.product, reading, languages))
            for edge in page.edges
        ]
        return ProductConnection(
            edges=edges,
            page_info=PageInfo(
                has_next_page=page.has_next,
                has_previous_page=follows,
                start_cursor=edges[0].cursor if edges else None,
                end_cursor=edges[-1].cursor if edges else None,
            ),
            total_count=page.total,
            as_of=reading.as_of,
            freshness=reading.freshness,
        )

    def _product(
        self, product: ports.Product, reading: Reading[Any], languages: Languages
    ) -> Product:
        as_of, freshness = reading.as_of, reading.freshness
        faces = self.service.faces(product)
        known: Product | None = faces.get(languages)
        if known is None:
            known = Product.of(product, as_of=as_of, freshness=freshness, languages=languages)
        elif known.as_of == as_of and known.freshness is freshness:
            return known
        else:
            known = known.told_again(as_of, freshness)
        return faces.keep(languages, known)

    def _relevant(self, reading: Reading[Any], products: Iterable[ports.Product]) -> Languages:
        if len(self.languages) == 1:
            return self.languages
        return relevant(
            self.languages, reading.faces.kept(WRITTEN_IN, lambda: self._written_in(products))
        )

    def _written_in(self, products: Iterable[ports.Product]) -> frozenset[Locale]:
        """The languages of all their texts."""
        found: set[Locale] = set()
        for product in products:
            faces = self.service.faces(product)
            found |= faces.kept(WRITTEN_IN, partial(languages_of, product))
        return frozenset(found)
