"""GraphQL face of products."""

from collections.abc import Iterable, Sequence
from dataclasses import field
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Self

import strawberry

from app import ports
from app.api.context import Context, Info, Languages
from app.api.hints import AS_ITS_OWNER, CATALOGUE, kept
from app.api.languages import relevant
from app.api.light import light
from app.api.nodes import Node, global_id, key_of
from app.api.paging import FirstArgument, PageInfo, bounded, named, page_size
from app.api.texts import Category, HowManyImages, Image, pictures, written
from app.api.variants import ChannelArgument, ProductVariant, Whole
from app.engine.unchanging import Unchanging, UnchangingList
from app.errors import InvalidInputError
from app.ports import ProductKey, ProductQuery, ProductSort
from app.upstream.readings import Faces, Reading
from app.upstream.report import Freshness
from app.values import Locale, Sku

MOST_VARIANTS = 250
LONGEST_SEARCH = 200  # characters

NO_CATEGORIES: list[Category] = UnchangingList()
LocaleArgument = Annotated[
    Locale | None,
    strawberry.argument(description="Language of texts, before those of Accept-Language."),
]


@light
@strawberry.type(
    description="The thing shown, with everything it is sold as.", directives=kept(CATALOGUE)
)
class Product(Node, Unchanging):
    """A product as one caller sees it."""

    handle: str = strawberry.field(description="Its name in addresses.")
    name: str = strawberry.field(description="Name, in the language of locale.")
    description: str = strawberry.field(description="Description, in the language of locale.")
    locale: Locale | None = strawberry.field(description="The language its texts are in.")
    brand: str | None = strawberry.field(description="Brand.")
    categories: list[Category] = strawberry.field(description="Where it is found.")
    updated_at: datetime | None = strawberry.field(description="When its owner last changed it.")
    as_of: datetime | None = strawberry.field(description="When its owner said all this.")
    freshness: Freshness = strawberry.field(description="How it came.")
    told: strawberry.Private[ports.Product]
    languages: strawberry.Private[Languages]
    faces: strawberry.Private[Faces] = field(default_factory=Faces)

    @strawberry.field(description="Pictures of the product.")
    def images(self, first: HowManyImages = None) -> list[Image]:
        """At most twenty pictures."""
        return pictures(self.told.images, first, self.languages, self.faces)

    @strawberry.field(description="What it is sold as.")
    def variants(
        self,
        first: Annotated[
            int | None, strawberry.argument(description="How many, 1 to 250; 100 if not given.")
        ] = None,
    ) -> list[ProductVariant]:
        """At most 250 variants, in the catalogue's order."""
        wanted = page_size(first, default=100, most=MOST_VARIANTS)
        dressed = self.dressed_variants()
        return dressed if wanted >= len(dressed) else dressed[:wanted]

    def dressed_variants(self) -> list[ProductVariant]:
        """All of its variants, dressed once."""
        known: list[ProductVariant] | None = self.faces.get("variants")
        return self.faces.keep("variants", self._variants()) if known is None else known

    def _variants(self) -> list[ProductVariant]:
        again = partial(
            Product.of,
            self.told,
            as_of=self.as_of,
            freshness=self.freshness,
            languages=self.languages,
        )
        whole = Whole(self.told, self.languages, again)
        return [ProductVariant.of(variant, whole) for variant in self.told.variants]

    def variant_of(self, sku: str) -> ProductVariant | None:
        """The variant with a SKU."""
        return next((one for one in self.dressed_variants() if one.sku == sku), None)

    @classmethod
    def of(
        cls,
        product: ports.Product,
        *,
        as_of: datetime | None,
        freshness: Freshness,
        languages: Languages,
    ) -> Self:
        """Dress a product."""
        name, locale = product.name.best(languages)
        return cls(
            id=global_id("Product", product.id),
            handle=product.handle,
            name=name,
            description=product.description.best(languages)[0],
            locale=locale,
            brand=product.brand,
            categories=UnchangingList([Category.of(one, languages) for one in product.categories])
            if product.categories
            else NO_CATEGORIES,
            updated_at=product.updated_at,
            as_of=as_of,
            freshness=freshness,
            told=product,
            languages=languages,
        )


@light
@strawberry.type(description="A product and its place in the list.", directives=AS_ITS_OWNER)
class ProductEdge:
    """See the Relay cursor connections specification."""

    cursor: str = strawberry.field(description="Place in the list.")
    node: Product = strawberry.field(description="The product.")


@strawberry.type(description="A page of products.", directives=kept(CATALOGUE))
class ProductConnection:
    """See the Relay cursor connections specification."""

    edges: list[ProductEdge] = strawberry.field(description="The products of this page.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int | None = strawberry.field(
        description="How many the listing has in all, where its owner knows."
    )
    as_of: datetime | None = strawberry.field(description="When its owner said so.")
    freshness: Freshness = strawberry.field(description="How it came.")


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
        through, _ = info.context.services.channel(channel)
        languages = info.context.languages(locale, through)
        query = ProductQuery(
            first=page_size(first),
            after=named(after, argument="after"),
            search=_words(search),
            category=named(category, argument="category"),
            sort=sort,
            channel=through.code,
            locale=languages[0],
        )
        reading = await info.context.services.products.browse(query, info.context.inquiry)
        if (page := reading.value) is not None:
            info.context.seen.products.extend(edge.product for edge in page.edges)
        return _connection(reading, languages, follows=after is not None)

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
    return [_dressed(found[key], languages) for key in keys]


def _dressed(reading: Reading[ports.Product], languages: Languages) -> Product | None:
    """The product as told, dressed once for the languages that make a difference."""
    if (product := reading.value) is None:
        return None
    wanted = _relevant(reading, [product], languages)
    return reading.faces.kept(wanted, lambda: _product(product, reading, wanted))


def _product(product: ports.Product, reading: Reading[Any], languages: Languages) -> Product:
    return Product.of(
        product, as_of=reading.as_of, freshness=reading.freshness, languages=languages
    )


def _relevant(
    reading: Reading[Any], products: Iterable[ports.Product], languages: Languages
) -> Languages:
    if len(languages) == 1:
        return languages
    known = reading.faces.kept(
        "languages", lambda: {tag for one in products for text in written(one) for tag in text}
    )
    return relevant(languages, known)


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


def _connection(
    reading: Reading[ports.ProductPage], languages: Languages, *, follows: bool
) -> ProductConnection | None:
    """The page as told, dressed once for the languages that make a difference."""
    if (page := reading.value) is None:
        return None
    wanted = _relevant(reading, (edge.product for edge in page.edges), languages)
    return reading.faces.kept(wanted, lambda: _page(page, reading, wanted, follows=follows))


def _page(
    page: ports.ProductPage, reading: Reading[Any], languages: Languages, *, follows: bool
) -> ProductConnection:
    edges = [
        ProductEdge(cursor=edge.cursor, node=_product(edge.product, reading, languages))
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
