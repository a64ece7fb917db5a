"""A partner who sells for us: its settings, its orders, and what it finds in its outbox."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.filedrop.desk import Desk
from connectors.filedrop.drop import Drop
from connectors.filedrop.publishing import Publisher
from connectors.filedrop.selling import Sale, SaleLine
from connectors.filedrop.selling_settings import Sales
from connectors.filedrop.words import Words
from tests.connectors.filedrop.files import Partner

HEADER = (
    "number,line,sku,units,price,paid,state,ordered,at,by,email,name,street,zip,city,country,name2"
)
COLUMNS: Mapping[str, str] = {
    "number": "number", "line": "line", "sku": "sku", "quantity": "units", "unit_price": "price",
    "total": "paid", "state": "state", "placed_at": "ordered", "as_of": "at", "ship_by": "by",
    "email": "email", "name": "name", "address": "street", "postal_code": "zip", "city": "city",
    "country": "country", "buyer": "name2",
}  # fmt: skip
SALES: Mapping[str, Any] = {
    "files": ["sold-*"],
    "columns": COLUMNS,
    "currency": "EUR",
    "states": {"open": "OPEN", "unpaid": "PENDING", "gone": "CANCELLED"},
}
LISTINGS: Mapping[str, Any] = {}
PLACED = "2026-11-20T09:00Z"


def seller(root: Path, drop: Drop | None = None, **changes: Any) -> Partner:
    told = {"stock": None, "listings": LISTINGS, "sales": SALES, **changes}
    return Partner(root, drop, **told)


def publisher_of(desk: Desk) -> Publisher:
    assert desk.selling.publisher is not None
    return desk.selling.publisher


def words_of(desk: Desk) -> Words:
    assert desk.selling.words is not None
    return desk.selling.words


def row(
    number: str,
    sku: str = "MUG",
    units: int | str = 2,
    at: str = "2026-11-20T10:00Z",
    **changes: str,
) -> str:
    cells = {
        "number": number, "line": "", "sku": sku, "units": f"{units}", "price": "9.90",
        "paid": "25.00", "state": "open", "ordered": PLACED, "at": at, "by": "",
        "email": "x@partner.example", "name": "Grace Example", "street": "Via Esempio 12",
        "zip": "20121", "city": "Milano", "country": "IT", "name2": "", **changes,
    }  # fmt: skip
    return ",".join(cells.values())


def gone(number: str, sku: str = "", at: str = "2026-11-20T11:00Z") -> str:
    return row(number, sku, "", at, state="gone")


def table(*rows: str) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


def sales_settings(form: str, **changes: Any) -> Sales:
    csv = {"columns": COLUMNS, "states": SALES["states"], "currency": "EUR"}
    told = {"format": form, "files": ["sold-*"], **(csv if form == "csv" else {}), **changes}
    return Sales.model_validate(told)


def a_sale(number: str = "F-1", **changes: Any) -> Sale:
    told: dict[str, Any] = {
        "number": number,
        "placed_at": datetime(2026, 11, 20, 9, tzinfo=UTC),
        "currency": "EUR",
        "lines": (SaleLine("MUG", "MUG", 2, "9.90"),),
        "total": "25.00",
        "email": "x@partner.example",
        "name": "Grace Example",
        "address": ("Via Esempio 12",),
        "postal_code": "20121",
        "city": "Milano",
        "country": "IT",
    }
    return Sale(**{**told, **changes})


def known(desk: Desk, *numbers: str) -> dict[str, tuple[str, dict[str, int]]]:
    """What is known of orders: the state, and the units of each line that is wanted."""
    return {
        one.sale.number: (
            one.sale.state,
            {line.reference: line.quantity for line in one.sale.lines if not line.cancelled},
        )
        for one in desk.collector.sold.find(numbers)
    }
