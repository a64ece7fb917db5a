"""What do the words of the four systems say of goods: products, prices, stock?"""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.ports import (
    BundleComponent,
    Category,
    Image,
    IncomingSupply,
    Price,
    Product,
    ProductVariant,
    RejectedRow,
    StockLevel,
    VariantOption,
)
from app.values import CurrencyCode, Gtin, Money, ProductId, Sku
from connectors.kit import cells
from connectors.sandbox.answers import Codes, Partly, code, partly
from connectors.sandbox.fields import amount, count, day, flag, rows, texts, valid_gtin

END_OF_DAY = time(23, 59, 59)


def product(row: Any) -> Partly[Product]:
    """A product; a variant that does not fit is left out, its siblings stay."""
    key = ProductId(cells.text(row, "id"))
    changed = cells.instant(row, "changed_at")
    variants = partly(
        rows(row, "articles"),
        lambda article: _variant(article, key),
        as_of=changed,
        reference=lambda article: article["sku"],
    )
    return Product(
        id=key,
        handle=cells.text(row, "slug"),
        name=texts(row, "titles"),
        description=texts(row, "bodies"),
        brand=cells.text(row, "maker"),
        categories=tuple(_category(one) for one in rows(row, "collections")),
        images=_images(row),
        variants=variants.rows,
        updated_at=changed,
    ), variants.rejected


def _variant(row: Any, product_id: ProductId) -> Partly[ProductVariant]:
    sku, ean = Sku(cells.text(row, "sku")), cells.text(row, "ean")
    choices = [
        VariantOption(name=texts(one, "axis"), value=texts(one, "value"))
        for one in rows(row, "choices")
    ]
    fits = valid_gtin(ean)
    return ProductVariant(
        sku=sku,
        product_id=product_id,
        name=texts(row, "label"),
        gtin=Gtin(ean) if fits else None,
        options=tuple(choices),
        images=_images(row),
        components=tuple(
            BundleComponent(Sku(cells.text(one, "sku")), _pieces(one))
            for one in rows(row, "set_of")
        ),
    ), () if fits else (RejectedRow(sku, "ean has a wrong check digit, left out"),)


def _pieces(row: Any) -> int:
    if (pieces := count(row, "pieces")) < 1:
        raise ValueError("pieces: none")
    return pieces


def _category(row: Any) -> Category:
    return Category(
        id=cells.text(row, "id"),
        handle=cells.text(row, "slug"),
        name=texts(row, "titles"),
    )


def _images(row: Any) -> tuple[Image, ...]:
    return tuple(
        Image(
            url=cells.text(one, "src"),
            alt=texts(one, "alt"),
            width=count(one, "w"),
            height=count(one, "h"),
        )
        for one in rows(row, "media")
    )


def price(row: Any, currency: CurrencyCode, *, as_of: datetime) -> Price:
    """A price in the currency asked for; `was` stands beside it while it is marked down."""
    if cells.text(row, "currency") != currency:
        raise ValueError("currency is not the one asked for")
    marked_down = row["was"] is not None
    return Price(
        sku=Sku(cells.text(row, "sku")),
        amount=Money(amount(row, "now"), currency),
        compare_at=Money(amount(row, "was"), currency) if marked_down else None,
        tax_included=flag(row, "vat_included"),
        as_of=as_of,
    )


def depot_level(row: Any, codes: Codes) -> StockLevel:
    """Committed pieces are still on the shelf."""
    return StockLevel(
        sku=Sku(cells.text(row, "sku")),
        location=code(row, "depot", codes),
        on_hand=cells.whole(row, "physical"),
        reserved=count(row, "committed"),
        damaged=count(row, "quarantine"),
        safety_stock=count(row, "buffer"),
        as_of=cells.instant(row, "counted_at"),
    )


def till_level(row: Any, codes: Codes) -> StockLevel:
    """Laid-away pieces lie in the back room, so they are on hand and reserved."""
    return StockLevel(
        sku=Sku(cells.text(row, "itemNo")),
        location=code(row, "branchNo", codes),
        on_hand=cells.whole(row, "qtyFloor") + cells.whole(row, "qtyBackroom"),
        reserved=count(row, "qtyLayaway"),
        damaged=count(row, "qtyDamaged"),
        as_of=cells.instant(row, "reportedAt"),
    )


def warehouse_level(row: Any, codes: Codes, *, taken: datetime, zone: ZoneInfo) -> StockLevel:
    """Blocked pieces stand in the warehouse and are not on hand."""
    return StockLevel(
        sku=Sku(cells.text(row, "ArticleNo")),
        location=code(row, "Site", codes),
        on_hand=cells.whole(row, "OnHand"),
        reserved=count(row, "Allocated"),
        damaged=count(row, "Blocked"),
        incoming=tuple(_purchase(one, zone) for one in rows(row, "Inbound")),
        as_of=taken,
    )


def _purchase(row: Any, zone: ZoneInfo) -> IncomingSupply:
    """The vendor names a day: the goods are in when it ends, in the warehouse's own time."""
    quantity = count(row, "Quantity")
    if row["Eta"] is None:
        return IncomingSupply(quantity=quantity, expected_at=None)
    ends = datetime.combine(day(row, "Eta"), END_OF_DAY, zone)
    return IncomingSupply(quantity=quantity, expected_at=ends)


def supply_level(row: Any, codes: Codes, *, generated: datetime) -> StockLevel:
    """What the supplier could send today, and the next batch when it has a day."""
    batch = row["next-batch"]
    return StockLevel(
        sku=Sku(cells.text(row, "ref")),
        location=code(row, "supplier", codes),
        on_hand=count(row, "available"),
        incoming=() if batch is None else (_batch(batch, generated),),
        as_of=generated,
    )


def _batch(row: Any, generated: datetime) -> IncomingSupply:
    days = timedelta(days=count(row, "in-days"))
    return IncomingSupply(quantity=count(row, "pieces"), expected_at=generated + days)
