"""What do the rows of the data file, and of the upstreams that answer from it, say in our words?"""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from app.ports import (
    Image,
    Location,
    Price,
    Product,
    ProductVariant,
    StockLevel,
    VariantOption,
)
from app.values import ProductId, Texts
from benchmarks.peers.shop.rows import (
    ImageRow,
    LevelsRow,
    LocationRow,
    PriceRow,
    ProductRow,
    VariantRow,
)


def product(row: ProductRow) -> Product:
    """A product."""
    key = row.key
    return Product(
        id=key,
        handle=row.handle,
        name=Texts({"it": row.name}),
        description=Texts({"it": row.description}),
        brand=row.brand,
        images=tuple([_image(one) for one in row.images]),
        variants=tuple([_variant(one, key) for one in row.variants]),
    )


def _variant(row: VariantRow, key: ProductId) -> ProductVariant:
    return ProductVariant(
        sku=row.sku,
        product_id=key,
        name=Texts({"it": row.name}),
        options=tuple([_option(one.name, one.value) for one in row.options]),
    )


@lru_cache(10_000)
def _option(name: str, value: str) -> VariantOption:
    """Few choices are told again and again."""
    return VariantOption(name=Texts({"it": name}), value=Texts({"it": value}))


def _image(row: ImageRow) -> Image:
    return Image(url=row.url, alt=Texts({"it": row.alt}), width=row.width, height=row.height)


def price(row: PriceRow, *, as_of: datetime) -> Price:
    """A price."""
    for money in (row.amount, row.compare_at):
        if money is not None and not money.amount.is_finite():
            raise ValueError("not an amount")
    return Price(
        sku=row.sku,
        amount=row.amount,
        compare_at=row.compare_at,
        tax_included=row.tax_included,
        as_of=as_of,
    )


def levels(row: LevelsRow, *, as_of: datetime) -> Iterator[StockLevel]:
    """The stock of one SKU; places that do not carry it have no number and are left out."""
    sku = row.sku
    for one in row.levels:
        if one.on_hand is not None:
            yield StockLevel(
                sku=sku,
                location=one.location,
                on_hand=one.on_hand,
                reserved=one.reserved,
                safety_stock=one.safety_stock,
                as_of=as_of,
            )


def location(row: LocationRow) -> Location:
    """A location."""
    return Location(code=row.code, name=row.name)
