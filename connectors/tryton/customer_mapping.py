"""What do Tryton's parties and their sales mean?"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.ports import (
    Address,
    Contact,
    CustomerKey,
    CustomerRecords,
    KnownContact,
    OrderKey,
    Purchase,
    PurchaseChannel,
    PurchasedLine,
    PurchaseStatus,
    UpstreamCustomer,
    email_contact,
    phone_contact,
)
from app.values import CountryCode, CurrencyCode, Money, Sku
from connectors.kit.cells import text, whole
from connectors.tryton.settings import Customers
from connectors.tryton.tagged import plain

Row = Mapping[str, Any]
PHONES = frozenset({"phone", "mobile"})
STATES = {
    "confirmed": PurchaseStatus.OPEN,
    "processing": PurchaseStatus.OPEN,
    "done": PurchaseStatus.COMPLETED,
    "cancelled": PurchaseStatus.CANCELLED,
}


def customer(row: Row, settings: Customers) -> UpstreamCustomer:
    """A party; Tryton has one name for a person, of which the last word is the family's."""
    name = _maybe(row, "name") or ""
    given, _, family = name.rpartition(" ")
    contacts = (_contact(one, settings) for one in _rows(row, "contact_mechanisms."))
    return UpstreamCustomer(
        key=key_of(row),
        given_name=given or None,
        family_name=family or None,
        contacts=tuple(
            KnownContact(contact=one, verified=settings.contacts_verified)
            for one in contacts
            if one is not None
        ),
        addresses=tuple(_address(one) for one in _rows(row, "addresses.")),
        groups=tuple(text(one, "name") for one in _rows(row, "categories.")),
    )


def records(row: Row) -> CustomerRecords:
    """All that is told of a party."""
    told = plain(dict(row))
    return CustomerRecords(key=key_of(row), documents={"party": _json(told)})


def key_of(row: Row) -> CustomerKey:
    """What a party is called."""
    return CustomerKey(str(whole(row, "id")))


def purchase(row: Row) -> Purchase:
    """A sale that was confirmed. What we handed over has our key as its reference."""
    currency = CurrencyCode(text(row["currency."], "code"))
    reference, number = _maybe(row, "reference"), _maybe(row, "number")
    return Purchase(
        customer=CustomerKey(str(whole(row, "party"))),
        reference=number or str(whole(row, "id")),
        placed_at=_instant(row, "create_date"),
        channel=PurchaseChannel.ONLINE,
        status=STATES[text(row, "state")],
        lines=tuple(
            _line(one, currency) for one in _rows(row, "lines.") if one["quantity"] is not None
        ),
        total=Money(_decimal(row, "total_amount"), currency),
        order=None if reference is None else OrderKey(reference),
    )


def _line(row: Row, currency: CurrencyCode) -> PurchasedLine:
    """A line; one of text, such as the way, has no product."""
    product = row["product."]
    quantity = plain(row["quantity"])
    if isinstance(quantity, bool) or not isinstance(quantity, int | float | Decimal):
        raise TypeError("quantity: not a number")
    if int(quantity) != quantity:
        raise ValueError("quantity: parts of a unit")
    name = _maybe(row, "description") or (None if product is None else _maybe(product, "name"))
    return PurchasedLine(
        name=name or "?",
        quantity=int(quantity),
        sku=None if product is None else Sku(text(product, "code")),
        total=Money(_decimal(row, "amount"), currency),
    )


def _contact(row: Row, settings: Customers) -> Contact | None:
    """What is none that we know, and what is written so that nobody can use it, is left out."""
    kind, value = text(row, "type"), _maybe(row, "value")
    if value is None:
        return None
    if kind == "email":
        return email_contact(value)
    return phone_contact(value, settings.phone_country) if kind in PHONES else None


def _address(row: Row) -> Address:
    country = row["country."]
    return Address(
        lines=tuple((_maybe(row, "street") or "").splitlines()),
        postal_code=_maybe(row, "postal_code"),
        city=_maybe(row, "city"),
        country=None if country is None else CountryCode(text(country, "code")),
    )


def _rows(row: Row, name: str) -> list[Any]:
    found = row[name]
    if not isinstance(found, list):
        raise TypeError(f"{name}: not a list")
    return found


def _decimal(row: Row, name: str) -> Decimal:
    value = plain(row[name])
    if not isinstance(value, Decimal):
        raise TypeError(f"{name}: not a decimal")
    return value


def _instant(row: Row, name: str) -> datetime:
    value = plain(row[name])
    if not isinstance(value, datetime):
        raise TypeError(f"{name}: not an instant")
    return value


def _maybe(row: Row, name: str) -> str | None:
    """A text; Tryton writes none as null or as an empty one."""
    value = row[name]
    return None if value is None or value == "" else text(row, name)


def _json(value: Any) -> Any:
    """What Tryton told, as plain JSON."""
    if isinstance(value, dict):
        return {name: _json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_json(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
