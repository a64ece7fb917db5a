"""What do the rows of the data file, and of the upstreams that answer from it, say in our words?"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from app.ports import Image, Location, Price, Product, ProductVariant, StockLevel, VariantOption
from app.values import CurrencyCode, LocationCode, Money, ProductId, Sku, Texts
from connectors.kit import cells

Row = Mapping[str, Any]


def product(row: Row) -> Product:
    """A product."""
    key = ProductId(cells.text(row, "key"))
    return Product(
        id=key,
        handle=cells.text(row, "handle"),
        name=_texts(row, "name"),
        description=_texts(row, "description"),
        brand=cells.text(row, "brand"),
        images=tuple(_image(one) for one in row["images"]),
        variants=tuple(_variant(one, key) for one in row["variants"]),
    )


def _variant(row: Row, key: ProductId) -> ProductVariant:
    return ProductVariant(
        sku=Sku(cells.text(row, "sku")),
        product_id=key,
        name=_texts(row, "name"),
        options=tuple(
            VariantOption(name=_texts(one, "name"), value=_texts(one, "value"))
            for one in row["options"]
        ),
    )


def _image(row: Row) -> Image:
    return Image(
        url=cells.text(row, "url"),
        alt=_texts(row, "alt"),
        width=cells.whole(row, "width"),
        height=cells.whole(row, "height"),
    )


def price(row: Row, *, as_of: datetime) -> Price:
    """A price."""
    was = row["compareAt"]
    return Price(
        sku=Sku(cells.text(row, "sku")),
        amount=_money(row["amount"]),
        compare_at=None if was is None else _money(was),
        tax_included=row["taxIncluded"],
        as_of=as_of,
    )


def levels(row: Row, *, as_of: datetime) -> Iterator[StockLevel]:
    """The stock of one SKU; places that do not carry it have no number and are left out."""
    sku = Sku(cells.text(row, "sku"))
    for one in row["levels"]:
        if one["onHand"] is not None:
            yield StockLevel(
                sku=sku,
                location=LocationCode(cells.text(one, "location")),
                on_hand=cells.whole(one, "onHand"),
                reserved=cells.whole(one, "reserved"),
                safety_stock=cells.whole(one, "safetyStock"),
                as_of=as_of,
            )


def location(row: Row) -> Location:
    """A location."""
    return Location(code=LocationCode(cells.text(row, "code")), name=cells.text(row, "name"))


def _money(row: Row) -> Money:
    return Money(cells.exact(row, "amount"), CurrencyCode(cells.text(row, "currency")))


def _texts(row: Row, name: str) -> Texts:
    return Texts({"it": cells.text(row, name)})
