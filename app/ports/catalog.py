"""Catalogue: what can be bought, and how it is described."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from msgspec import Struct

from app.ports.answer import Answer, RejectedRow
from app.values import NO_WORDS, ChannelCode, Gtin, Locale, ProductId, Sku, Texts


class Image(Struct, frozen=True, kw_only=True, gc=False):
    """A picture, by address; sizes in pixels where the owner states them."""

    url: str
    alt: Texts = NO_WORDS
    width: int | None = None
    height: int | None = None


class Category(Struct, frozen=True, kw_only=True, gc=False):
    """A place in the owner's category tree."""

    id: str
    handle: str
    name: Texts


class VariantOption(Struct, frozen=True, kw_only=True, gc=False):
    """One choice that tells a variant from its siblings, such as size: 42."""

    name: Texts
    value: Texts


class BundleComponent(Struct, frozen=True, gc=False):
    """So many units of a SKU are in one unit of a bundle; it is no bundle itself."""

    sku: Sku
    quantity: int


class ProductVariant(Struct, frozen=True, kw_only=True, gc=False):
    """The thing sold; with `components` it is a bundle, put together of what is in stock."""

    sku: Sku
    product_id: ProductId
    name: Texts
    gtin: Gtin | None = None
    options: tuple[VariantOption, ...] = ()
    images: tuple[Image, ...] = ()
    components: tuple[BundleComponent, ...] = ()


class Product(Struct, frozen=True, kw_only=True, gc=False):
    """The thing shown, with everything it is sold as. `handle` is its name in addresses."""

    id: ProductId
    handle: str
    name: Texts
    description: Texts
    brand: str | None = None
    categories: tuple[Category, ...] = ()
    images: tuple[Image, ...] = ()
    variants: tuple[ProductVariant, ...] = ()
    updated_at: datetime | None = None


class ProductKey(NamedTuple):
    """One way to name a product; a SKU names the product it is a variant of."""

    by: Literal["id", "handle", "sku"]
    value: str


class ProductSort(StrEnum):
    """The order of a product listing."""

    NAME = "NAME"
    NEWEST = "NEWEST"


class ProductQuery(Struct, frozen=True, kw_only=True, cache_hash=True):
    """A page of a listing.

    `after` is a `cursor` of an earlier page of the same query, opaque to everyone but the
    connection. `search` is plain words; `category` an id or handle; `locale` the language to search
    and sort in.
    """

    first: int
    locale: Locale
    after: str | None = None
    search: str | None = None
    category: str | None = None
    sort: ProductSort = ProductSort.NAME
    channel: ChannelCode | None = None


class ProductEdge(Struct, frozen=True, gc=False):
    """A product and the cursor of its place in the listing."""

    cursor: str
    product: Product


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductPage:
    """A page of a listing; `total` counts the whole listing where the owner knows."""

    edges: tuple[ProductEdge, ...]
    has_next: bool
    as_of: datetime
    total: int | None = None
    rejected: tuple[RejectedRow, ...] = ()


@runtime_checkable
class CatalogSource(Protocol):
    """Owns product data."""

    async def products(self, keys: Collection[ProductKey]) -> Answer[Product]:
        """Every product that one of the keys names, once; unknown keys are left out."""
        ...

    async def browse(self, query: ProductQuery) -> ProductPage:
        """One page of the listing in a stable order.

        Raises `InvalidInputError` when `after` is not a cursor of this listing.
        """
        ...
