"""What do Tryton's templates, variants and translations mean in our words? Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from app.ports import Category, Product, ProductVariant
from app.values import Gtin, Locale, ProductId, Sku, Texts
from connectors.tryton.mapping import Row, optional_text, record_id, text
from connectors.tryton.tagged import plain

GTIN_LENGTHS = {8, 12, 13, 14}
Translations = Mapping[Locale, Row]  # the same record as it reads in each language


def locale(language: str) -> Locale:
    """A language of Tryton (`pt_BR`) as a language tag (`pt-BR`)."""
    return Locale(language.replace("_", "-"))


def language(row: Row) -> str:
    """Tryton's code of a language."""
    return text(row["code"])


def product(translations: Translations) -> Product:
    """A template with its variants. Descriptions stand on the variants: the first one is taken."""
    row = next(iter(translations.values()))
    identity = ProductId(str(record_id(row)))
    variants = _distinct(row["products."])
    names = _texts(translations, lambda told: optional_text(told["name"]))
    return Product(
        id=identity,
        handle=optional_text(row["code"]) or identity,
        name=names,
        description=_texts(translations, _description),
        brand=next(filter(None, (_identifier(one, "brand") for one in variants)), None),
        categories=tuple(_category(one, translations) for one in _distinct(row["categories."])),
        variants=_variants(variants, identity, names),
        updated_at=max(_changed(one) for one in (row, *variants)),
    )


def sort_name(row: Row) -> str:
    """The name under which a template stands in a listing."""
    return text(row["name"])


def _variants(rows: Iterable[Row], product: ProductId, names: Texts) -> tuple[ProductVariant, ...]:
    """Variants without a code cannot be sold by one. A code that comes again is left to search."""
    by_sku = {
        sku: ProductVariant(sku=Sku(sku), product_id=product, name=names, gtin=_gtin(row))
        for row in reversed(list(rows))
        if (sku := optional_text(row["code"])) is not None
    }
    return tuple(reversed(by_sku.values()))


def _gtin(row: Row) -> Gtin | None:
    code = _identifier(row, "ean")
    fits = code is not None and code.isdecimal() and len(code) in GTIN_LENGTHS
    return Gtin(code) if code is not None and fits else None


def _identifier(row: Row, kind: str) -> str | None:
    for identifier in _distinct(row["identifiers."]):
        if optional_text(identifier["type"]) == kind:
            return text(identifier["code"])
    return None


def _category(row: Row, translations: Translations) -> Category:
    own = record_id(row)

    def name(told: Row) -> str | None:
        names = {record_id(one): one["name"] for one in told["categories."]}
        return optional_text(names.get(own))

    return Category(id=str(own), handle=str(own), name=_texts(translations, name))


def _description(row: Row) -> str | None:
    texts = (optional_text(variant["description"]) for variant in row["products."])
    return next(filter(None, texts), None)


def _changed(row: Row) -> datetime:
    """When a record last changed. `write_date` is empty until the first change after creation."""
    changed = plain(row["write_date"] or row["create_date"])
    if not isinstance(changed, datetime):
        raise TypeError("a record has no time of change")
    return changed


def _texts(translations: Translations, read: Callable[[Row], str | None]) -> Texts:
    told = {locale: read(row) for locale, row in translations.items()}
    return Texts({locale: words for locale, words in told.items() if words is not None})


def _distinct(rows: Sequence[Row]) -> list[Row]:
    """Related records, each once."""
    return list({record_id(row): row for row in rows}.values())
