"""How is a product that was written down as JSON read back?"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.ports import (
    BundleComponent,
    Category,
    Image,
    Product,
    ProductEdge,
    ProductPage,
    ProductVariant,
    VariantOption,
)
from app.values import Texts

Told = Mapping[str, Any]


def product(told: Told) -> Product:
    """A product; what is missing or of another kind raises."""
    return Product(
        id=told["id"],
        handle=told["handle"],
        name=Texts(told["name"]),
        description=Texts(told["description"]),
        brand=told["brand"],
        categories=tuple(_category(one) for one in told["categories"]),
        images=_images(told["images"]),
        variants=tuple(_variant(one) for one in told["variants"]),
        updated_at=_moment(told["updated_at"]),
    )


def page(told: Told) -> ProductPage:
    """A page of a listing."""
    return ProductPage(
        edges=tuple(ProductEdge(one["cursor"], product(one["product"])) for one in told["edges"]),
        has_next=told["has_next"],
        as_of=datetime.fromisoformat(told["as_of"]),
        total=told["total"],
    )


def _variant(told: Told) -> ProductVariant:
    return ProductVariant(
        sku=told["sku"],
        product_id=told["product_id"],
        name=Texts(told["name"]),
        gtin=told["gtin"],
        options=tuple(
            VariantOption(name=Texts(one["name"]), value=Texts(one["value"]))
            for one in told["options"]
        ),
        images=_images(told["images"]),
        components=tuple(
            BundleComponent(one["sku"], one["quantity"]) for one in told.get("components", ())
        ),
    )


def _category(told: Told) -> Category:
    return Category(id=told["id"], handle=told["handle"], name=Texts(told["name"]))


def _images(told: Sequence[Told]) -> tuple[Image, ...]:
    return tuple(
        Image(url=one["url"], alt=Texts(one["alt"]), width=one["width"], height=one["height"])
        for one in told
    )


def _moment(told: str | None) -> datetime | None:
    return None if told is None else datetime.fromisoformat(told)
