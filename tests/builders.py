"""Nouns for tests: valid defaults, only the words that matter in the test."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from app.api.outcomes import Fate, Outcome
from app.ports import Location, Price, Product, ProductVariant, StockLevel
from app.values import (
    CurrencyCode,
    GeoPoint,
    LocationCode,
    LocationKind,
    Money,
    ProductId,
    Sku,
    Texts,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday


def a_level(**changes: Any) -> StockLevel:
    return StockLevel(
        **{
            "sku": Sku("SHIRT-M"),
            "location": LocationCode("ST-MIL"),
            "on_hand": 5,
            "as_of": NOON,
            **changes,
        }
    )


def a_variant(sku: str = "SHIRT-M", **changes: Any) -> ProductVariant:
    return ProductVariant(
        **{
            "sku": Sku(sku),
            "product_id": ProductId("1"),
            "name": Texts({"en": f"Shirt {sku}", "it": f"Camicia {sku}"}),
            **changes,
        }
    )


def a_product(**changes: Any) -> Product:
    return Product(
        **{
            "id": ProductId("1"),
            "handle": "shirt",
            "name": Texts({"en": "Shirt", "it": "Camicia"}),
            "description": Texts({"en": "A shirt.", "it": "Una camicia."}),
            "variants": (a_variant(),),
            **changes,
        }
    )


def a_price(sku: str = "SHIRT-M", amount: str = "49.90", **changes: Any) -> Price:
    return Price(
        **{
            "sku": Sku(sku),
            "amount": Money(Decimal(amount), CurrencyCode("EUR")),
            "tax_included": True,
            "as_of": NOON,
            **changes,
        }
    )


def a_location(code: str = "ST-MIL", **changes: Any) -> Location:
    return Location(
        **{
            "code": LocationCode(code),
            "name": f"Store {code}",
            "kind": LocationKind.STORE,
            "position": GeoPoint(45.4642, 9.19),
            **changes,
        }
    )


def an_outcome(codes: Iterable[str], data: Mapping[str, Any] | None) -> Outcome:
    """What was executed, with errors of these codes."""
    return Outcome(
        fate=Fate.EXECUTED,
        data=orjson.dumps(data),
        useful=any(value is not None for value in (data or {}).values()),
        errors=[{"message": code, "extensions": {"code": code}} for code in codes],
    )
