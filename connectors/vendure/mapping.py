"""What do Vendure's words mean in ours?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision

from app.ports import (
    Category,
    Image,
    Location,
    Price,
    Product,
    ProductVariant,
    StockLevel,
    VariantOption,
)
from app.values import (
    CurrencyCode,
    Gtin,
    Locale,
    LocationCode,
    Money,
    ProductId,
    Sku,
    Texts,
)

Row = Mapping[str, Any]
GTIN_LENGTHS = frozenset({8, 12, 13, 14})


@dataclass(frozen=True, slots=True, kw_only=True)
class StockTerms:
    """What stock rows are read with: our codes by Vendure's location ids, and shop-wide rules."""

    codes: Mapping[str, LocationCode]
    tracked: bool
    threshold: int
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTerms:
    """What price rows are read with; `decimals` is how many digits of an amount are minor."""

    currency: CurrencyCode
    decimals: int
    tax_included: bool
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogTerms:
    """What product rows are read with."""

    language: Locale
    brand_facet: str | None
    gtin_field: str | None


def location_code(row: Row, codes: Mapping[str, LocationCode]) -> LocationCode:
    """Our code of a stock location that the wiring names by name or by id."""
    name, vendor_id = text(row["name"]), text(row["id"])
    return codes.get(name) or codes.get(vendor_id) or LocationCode(name)


def location(row: Row, codes: Mapping[str, LocationCode]) -> Location:
    """Vendure knows no more of a place than its name."""
    return Location(code=location_code(row, codes), name=text(row["name"]))


def place(row: Row, codes: Mapping[str, LocationCode]) -> tuple[str, LocationCode]:
    """Vendure's id of a stock location, and our code."""
    return text(row["id"]), location_code(row, codes)


def spots(variants: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Every variant beside each of its levels; one without a list of levels beside None."""
    paired: list[tuple[Any, Any]] = []
    for variant in variants:
        levels = variant.get("stockLevels") if isinstance(variant, Mapping) else None
        found = levels if isinstance(levels, list) else [None]
        paired.extend((variant, level) for level in found)
    return paired


def stock_level(spot: tuple[Row, Row], terms: StockTerms) -> StockLevel | None:
    """None when the location is not asked about, or Vendure does not count the variant's stock.

    The threshold is Vendure's for all locations together; taking it from each of them can only sell
    too little. A negative one allows back-orders, which are not stock.
    """
    variant, level = spot
    code = terms.codes.get(text(level["stockLocationId"]))
    if code is None or not _counted(variant, terms.tracked):
        return None
    by_shop = truth(variant["useGlobalOutOfStockThreshold"])
    threshold = terms.threshold if by_shop else whole(variant["outOfStockThreshold"])
    return StockLevel(
        sku=Sku(text(variant["sku"])),
        location=code,
        on_hand=whole(level["stockOnHand"]),
        reserved=whole(level["stockAllocated"]),
        safety_stock=max(0, threshold),
        as_of=terms.as_of,
    )


def _counted(variant: Row, by_shop: bool) -> bool:  # noqa: FBT001  one of two equal inputs
    return {"TRUE": True, "FALSE": False, "INHERIT": by_shop}[variant["trackInventory"]]


def price(row: Row, terms: PriceTerms) -> Price | None:
    """The stored price in the currency; None when there is none or the variant is not for sale."""
    if not (truth(row["enabled"]) and truth(row["product"]["enabled"])):
        return None
    amounts = {text(each["currencyCode"]): whole(each["price"]) for each in row["prices"]}
    if (minor := amounts.get(terms.currency)) is None:
        return None
    return Price(
        sku=Sku(text(row["sku"])),
        amount=money(minor, terms.currency, terms.decimals),
        tax_included=terms.tax_included,
        as_of=terms.as_of,
    )


def money(minor: int, currency: CurrencyCode, decimals: int) -> Money:
    """The exact amount, without the zeros that the currency itself does not write.

    Vendure keeps the same number of decimals for every currency, yen and dinars included.
    """
    amount = Decimal(minor).scaleb(-decimals)
    usual = Decimal(1).scaleb(-get_currency_precision(currency))
    short = amount.quantize(usual) if decimals else amount
    return Money(short if short == amount else amount, currency)


def product(row: Row, terms: CatalogTerms) -> Product | None:
    """A product with its variants that are for sale; None when it is not for sale itself."""
    if not truth(row["enabled"]):
        return None
    product_id = ProductId(text(row["id"]))
    shown = [each for each in row["variants"] if truth(each["enabled"])]
    return Product(
        id=product_id,
        handle=_in(terms.language, row["translations"], "slug") or text(row["slug"]),
        name=texts(row["translations"], "name"),
        description=texts(row["translations"], "description"),
        brand=_brand(row["facetValues"], terms),
        categories=tuple(
            _category(each, terms.language)
            for each in row["collections"]
            if not truth(each["isPrivate"])
        ),
        images=_images(row),
        variants=tuple(_variant(each, product_id, terms) for each in shown),
        # A change of a variant does not move its product's own time.
        updated_at=max(instant(each["updatedAt"]) for each in (row, *shown)),
    )


def _variant(row: Row, product_id: ProductId, terms: CatalogTerms) -> ProductVariant:
    custom = row["customFields"] if terms.gtin_field is not None else {}
    return ProductVariant(
        sku=Sku(text(row["sku"])),
        product_id=product_id,
        name=texts(row["translations"], "name"),
        gtin=gtin(custom.get(terms.gtin_field)),
        options=tuple(
            VariantOption(
                name=texts(each["group"]["translations"], "name"),
                value=texts(each["translations"], "name"),
            )
            for each in row["options"]
        ),
        images=_images(row),
    )


def _category(row: Row, language: Locale) -> Category:
    slug = _in(language, row["translations"], "slug") or text(row["slug"])
    return Category(id=text(row["id"]), handle=slug, name=texts(row["translations"], "name"))


def _brand(facet_values: Iterable[Row], terms: CatalogTerms) -> str | None:
    for value in facet_values:
        if value["facet"]["code"] == terms.brand_facet:
            return texts(value["translations"], "name").best([terms.language])[0] or None
    return None


def _images(row: Row) -> tuple[Image, ...]:
    """The featured asset first. Sizes are left out: Vendure tells those of the original."""
    featured = row["featuredAsset"]
    assets = [*([] if featured is None else [featured]), *row["assets"]]
    by_id = {text(each["id"]): text(each["preview"]) for each in assets}
    return tuple(Image(url=url) for url in by_id.values())


def texts(translations: Iterable[Row], field: str) -> Texts:
    """One field in every language it is written in."""
    written = {_locale(each): text(each[field]) for each in translations}
    return Texts({locale: said for locale, said in written.items() if said})


def _in(language: Locale, translations: Iterable[Row], field: str) -> str | None:
    return texts(translations, field).get(language)


def _locale(row: Row) -> str:
    return text(row["languageCode"]).replace("_", "-")


def gtin(value: Any) -> Gtin | None:
    """The number when its length and check digit are right; anything else is no GTIN."""
    digits = value.strip() if isinstance(value, str) else ""
    if len(digits) not in GTIN_LENGTHS or not (digits.isascii() and digits.isdigit()):
        return None
    weighted = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(digits[-2::-1]))
    return Gtin(digits) if (weighted + int(digits[-1])) % 10 == 0 else None


def text(value: Any) -> str:
    """A string, or a refusal to guess."""
    if not isinstance(value, str):
        raise TypeError(f"expected a text, found {type(value).__name__}")
    return value


def whole(value: Any) -> int:
    """A whole number, or a refusal to guess."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"expected a whole number, found {type(value).__name__}")
    return value


def truth(value: Any) -> bool:
    """True or false, or a refusal to guess."""
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, found {type(value).__name__}")
    return value


def instant(value: Any) -> datetime:
    """A point in time with its offset, or a refusal to guess."""
    told = datetime.fromisoformat(text(value))
    if told.tzinfo is None:
        raise ValueError("expected a time with its offset")
    return told
