from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ports import Category, Image, Price, Product, ProductVariant, StockLevel, VariantOption
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
from connectors.kit.rows import answer
from connectors.vendure import mapping
from tests.connectors.vendure.wire import ANSWERED, DEPOT, recorded

EUR = CurrencyCode("EUR")
CATALOG = mapping.CatalogTerms(language=Locale("en"), brand_facet="brand", gtin_field="gtin")
STOCK = mapping.StockTerms(codes={"1": DEPOT}, tracked=True, threshold=3, as_of=ANSWERED)
PRICES = mapping.PriceTerms(currency=EUR, decimals=2, tax_included=False, as_of=ANSWERED)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def a_product(**changes: object) -> dict[str, Any]:
    rows = recorded("products")["data"]["products"]["items"]
    return {**next(row for row in rows if row["slug"] == "rain-jacket"), **changes}


def a_variant(**changes: object) -> dict[str, Any]:
    row = recorded("stock-levels")["data"]["productVariants"]["items"][0]
    return {**row, **changes}


def a_level(**changes: object) -> dict[str, Any]:
    return {"stockLocationId": "1", "stockOnHand": 5, "stockAllocated": 2, **changes}


def a_priced(**changes: object) -> dict[str, Any]:
    return {**recorded("prices")["data"]["productVariants"]["items"][0], **changes}


def test_a_recorded_product_is_told_with_its_variants_for_sale() -> None:
    product = mapping.product(a_product(), CATALOG)

    def variant(sku: str, gtin: str, size: str) -> ProductVariant:
        return ProductVariant(
            sku=Sku(sku),
            product_id=ProductId("2"),
            name=Texts({"en": f"Rain Jacket {size}", "it": f"Giacca antipioggia {size}"}),
            gtin=Gtin(gtin),
            options=(
                VariantOption(
                    name=Texts({"en": "Size", "it": "Taglia"}),
                    value=Texts({"en": size, "it": size}),
                ),
            ),
        )

    assert product == Product(
        id=ProductId("2"),
        handle="rain-jacket",
        name=Texts({"en": "Rain Jacket", "it": "Giacca antipioggia"}),
        description=Texts({"en": "Keeps the rain out.", "it": "Tiene fuori la pioggia."}),
        brand="Northway",
        categories=(
            Category(
                id="3", handle="outerwear", name=Texts({"en": "Outerwear", "it": "Capispalla"})
            ),
        ),
        variants=(
            variant("JACKET-S", "8001234000042", "S"),
            variant("JACKET-M", "8001234000059", "M"),
            variant("JACKET-L", "8001234000066", "L"),
        ),
        updated_at=mapping.instant(a_product()["variants"][0]["updatedAt"]),
    )


def test_a_product_that_is_switched_off_is_not_told() -> None:
    assert mapping.product(a_product(enabled=False), CATALOG) is None


def test_the_handle_is_in_the_default_language_else_as_vendure_says() -> None:
    italian = mapping.CatalogTerms(language=Locale("it"), brand_facet=None, gtin_field=None)
    french = mapping.CatalogTerms(language=Locale("fr"), brand_facet=None, gtin_field=None)

    handles = [
        product.handle
        for terms in (CATALOG, italian, french)
        if (product := mapping.product(a_product(slug="as-told"), terms)) is not None
    ]

    assert handles == ["rain-jacket", "giacca-antipioggia", "as-told"]


def test_the_featured_picture_comes_first_and_once() -> None:
    one, two = {"id": "1", "preview": "https://cdn/1"}, {"id": "2", "preview": "https://cdn/2"}

    product = mapping.product(a_product(featuredAsset=two, assets=[one, two]), CATALOG)

    assert product is not None
    assert product.images == (Image(url="https://cdn/2"), Image(url="https://cdn/1"))


def test_a_product_is_as_new_as_its_newest_variant() -> None:
    row = deepcopy(a_product(updatedAt="2026-01-01T00:00:00.000Z"))
    row["variants"][1]["updatedAt"] = "2027-03-04T05:06:07.089Z"

    product = mapping.product(row, CATALOG)

    assert product is not None
    assert product.updated_at == datetime(2027, 3, 4, 5, 6, 7, 89000, tzinfo=UTC)


def test_languages_are_told_as_bcp_47_and_empty_texts_not_at_all() -> None:
    rows = [
        {"languageCode": "pt_BR", "name": "Jaqueta"},
        {"languageCode": "zh_Hans", "name": "夹克"},
        {"languageCode": "de", "name": ""},
    ]

    assert mapping.texts(rows, "name") == Texts({"pt-BR": "Jaqueta", "zh-Hans": "夹克"})


def test_a_level_is_told_with_what_is_allocated_and_the_threshold_of_the_shop() -> None:
    assert mapping.stock_level((a_variant(), a_level()), STOCK) == StockLevel(
        sku=Sku("TRAIL-40"),
        location=LocationCode("ECOM-1"),
        on_hand=5,
        reserved=2,
        safety_stock=3,
        as_of=ANSWERED,
    )


@pytest.mark.parametrize(
    ("changes", "safety_stock"),
    [
        ({"useGlobalOutOfStockThreshold": True, "outOfStockThreshold": 9}, 3),
        ({"useGlobalOutOfStockThreshold": False, "outOfStockThreshold": 9}, 9),
        ({"useGlobalOutOfStockThreshold": False, "outOfStockThreshold": -9}, 0),
    ],
)
def test_safety_stock_is_the_threshold_and_never_negative(
    changes: dict[str, object], safety_stock: int
) -> None:
    level = mapping.stock_level((a_variant(**changes), a_level()), STOCK)

    assert level is not None
    assert level.safety_stock == safety_stock


@pytest.mark.parametrize(
    ("variant", "shop", "counted"),
    [
        ("TRUE", True, True),
        ("TRUE", False, True),
        ("INHERIT", True, True),
        ("INHERIT", False, False),
        ("FALSE", True, False),
        ("FALSE", False, False),
    ],
)
def test_stock_that_nobody_counts_is_not_told(variant: str, shop: bool, counted: bool) -> None:  # noqa: FBT001  parametrised
    terms = mapping.StockTerms(codes={"1": DEPOT}, tracked=shop, threshold=0, as_of=ANSWERED)

    level = mapping.stock_level((a_variant(trackInventory=variant), a_level()), terms)

    assert (level is not None) is counted


def test_a_level_elsewhere_is_not_told() -> None:
    assert mapping.stock_level((a_variant(), a_level(stockLocationId="2")), STOCK) is None


def test_a_price_is_exact_and_in_the_currency_asked_for() -> None:
    assert mapping.price(a_priced(), PRICES) == Price(
        sku=Sku("TRAIL-40"),
        amount=Money(Decimal("99.00"), EUR),
        tax_included=False,
        as_of=ANSWERED,
    )


@pytest.mark.parametrize(
    "changes",
    [{"enabled": False}, {"product": {"enabled": False}}, {"prices": []}],
)
def test_what_is_not_for_sale_or_has_no_price_in_the_currency_is_left_out(
    changes: dict[str, object],
) -> None:
    assert mapping.price(a_priced(**changes), PRICES) is None


def test_a_free_variant_has_a_price() -> None:
    free = mapping.price(a_priced(prices=[{"currencyCode": "EUR", "price": 0}]), PRICES)

    assert free is not None
    assert free.amount == Money(Decimal("0.00"), EUR)


@pytest.mark.parametrize(
    ("minor", "currency", "decimals", "amount"),
    [
        (12345, "EUR", 2, "123.45"),
        (-5, "EUR", 2, "-0.05"),
        (33280, "EUR", 3, "33.28"),
        (33285, "EUR", 3, "33.285"),
        (150000, "JPY", 2, "1500"),
        (150050, "JPY", 2, "1500.50"),
        (1500, "JPY", 0, "1500"),
        (12345, "KWD", 2, "123.450"),
        (12345, "KWD", 3, "12.345"),
        (12345, "EUR", 0, "12345"),
    ],
)
def test_amounts_have_the_decimals_that_the_shop_keeps(
    minor: int, currency: str, decimals: int, amount: str
) -> None:
    money = mapping.money(minor, CurrencyCode(currency), decimals)

    assert money == Money(Decimal(amount), CurrencyCode(currency))


@given(
    minor=st.integers(-(10**15), 10**15),
    decimals=st.integers(0, 6),
    currency=st.sampled_from(["EUR", "JPY", "KWD", "CLF"]),
)
def test_no_amount_is_ever_rounded(minor: int, decimals: int, currency: str) -> None:
    money = mapping.money(minor, CurrencyCode(currency), decimals)

    assert money.amount * 10**decimals == minor


@pytest.mark.parametrize(
    ("value", "gtin"),
    [
        ("8001234000011", "8001234000011"),
        (" 96385074 ", "96385074"),
        ("036000291452", "036000291452"),
        ("8001234000012", None),
        ("80012340000", None),
        ("80012340000eleven"[:13], None),
        ("", None),
        (None, None),
        (8001234000011, None),
        ("٨٠٠١٢٣٤٠٠٠٠١١", None),
    ],
)
def test_only_a_number_with_its_check_digit_is_a_gtin(value: object, gtin: str | None) -> None:
    assert mapping.gtin(value) == gtin


def test_a_location_has_our_code_by_name_or_by_id_or_its_own_name() -> None:
    codes = {"Depot": LocationCode("ECOM-1"), "7": LocationCode("OUT-1")}

    told = [
        mapping.location_code({"id": vendor_id, "name": name}, codes)
        for vendor_id, name in (("1", "Depot"), ("7", "Outlet"), ("8", "Pop-up"))
    ]

    assert told == ["ECOM-1", "OUT-1", "Pop-up"]


def damaged(row: Any, path: tuple[object, ...], value: Any) -> Any:
    """The row with another value at a path."""
    if not path:
        return value
    copy = deepcopy(row)
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return copy


def places(value: Any, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Every path inside a row."""
    inside: list[tuple[object, ...]] = [path]
    steps: dict[Any, Any] = value if isinstance(value, dict) else {}
    if isinstance(value, list):
        steps = dict(enumerate(value))
    for step, inner in steps.items():
        inside += places(inner, (*path, step))
    return inside


PRODUCT, SPOT, PRICED = a_product(), [a_variant(), a_level()], a_priced()
MAPPINGS: dict[str, tuple[Any, Callable[[Any], object]]] = {
    "product": (PRODUCT, partial(mapping.product, terms=CATALOG)),
    "stock_level": (SPOT, partial(mapping.stock_level, terms=STOCK)),
    "price": (PRICED, partial(mapping.price, terms=PRICES)),
    "location": ({"id": "1", "name": "Depot"}, partial(mapping.location, codes={})),
}


@pytest.mark.parametrize("name", MAPPINGS)
@given(data=st.data())
def test_a_damaged_row_is_rejected_or_read_and_never_hides_the_next(
    name: str, data: st.DataObject
) -> None:
    row, read = MAPPINGS[name]
    bad = damaged(row, data.draw(st.sampled_from(places(row))), data.draw(JSON))

    told = answer([bad, row], read, as_of=ANSWERED, reference=lambda each: each["id"])

    assert told.rows[-1] == read(row)
    assert len(told.rows) + len(told.rejected) == 2


@given(rows=st.lists(JSON | st.just(a_variant()), max_size=5))
def test_spots_of_any_rows_lose_none_of_them(rows: list[Any]) -> None:
    spots = mapping.spots(rows)

    for row in rows:
        levels = row.get("stockLevels") if isinstance(row, dict) else None
        if not isinstance(levels, list):
            assert (row, None) in spots
        else:
            assert all((row, level) in spots for level in levels)
