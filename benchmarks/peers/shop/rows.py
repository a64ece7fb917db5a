"""Which shape have the rows of the data file, and of the upstreams that answer from it?"""

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from msgspec import Meta, Raw, Struct

from app.values import LocationCode, Money, ProductId, Sku

Text = Annotated[str, Meta(min_length=1)]
T = TypeVar("T")


class Row(Struct, rename="camel", gc=False):
    """What all rows have in common."""


class ImageRow(Row):
    """A picture."""

    url: Text
    alt: Text
    width: int
    height: int


class OptionRow(Row):
    """A choice."""

    name: Text
    value: Text


class VariantRow(Row):
    """A variant."""

    sku: Sku
    name: Text
    options: list[OptionRow]


class ProductRow(Row):
    """A product."""

    key: ProductId
    handle: Text
    name: Text
    brand: Text
    description: Text
    images: list[ImageRow]
    variants: list[VariantRow]


class EdgeRow(Row):
    """A product in its place, as it was written."""

    cursor: Text
    node: Raw


class PriceRow(Row):
    """A price."""

    sku: Sku
    amount: Money
    compare_at: Money | None
    tax_included: bool


class LevelRow(Row):
    """What stands at one place; a place that does not carry it has no numbers."""

    location: LocationCode
    on_hand: int | None
    reserved: int = 0
    safety_stock: int = 0


class LevelsRow(Row):
    """What stands at all places."""

    sku: Sku
    levels: list[LevelRow]


class LocationRow(Row):
    """A place."""

    code: LocationCode
    name: Text


class Items(Row, Generic[T]):
    """Rows, and when they were true."""

    as_of: datetime
    items: list[T]


class PageInfo(Row):
    """Whether there is more."""

    has_next_page: bool


class Page(Row, Generic[T]):
    """A page of a listing."""

    as_of: datetime
    total_count: int
    page_info: PageInfo
    edges: list[T]
