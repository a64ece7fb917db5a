"""What do Vendure's words about customers, and about what they bought, mean?"""

from collections.abc import Iterator, Mapping
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
from app.values import CountryCode, CurrencyCode, Sku
from connectors.kit.cells import instant, text, whole
from connectors.vendure.mapping import money

Row = Mapping[str, Any]
DONE = frozenset({"Shipped", "Delivered"})


def customer(row: Row, country: CountryCode | None) -> UpstreamCustomer:
    """A customer. Vendure has seen an address proved where it says so of the account.

    `country` is where numbers without a country's code are dialled.
    """
    phone = _maybe(row, "phoneNumber")
    contacts = [
        _known(email_contact(text(row, "emailAddress")), verified=_verified(row)),
        _known(None if phone is None else phone_contact(phone, country), verified=False),
    ]
    return UpstreamCustomer(
        key=CustomerKey(text(row, "id")),
        given_name=_maybe(row, "firstName"),
        family_name=_maybe(row, "lastName"),
        contacts=tuple(one for one in contacts if one is not None),
        addresses=tuple(_address(one) for one in _list(row, "addresses")),
        since=instant(row, "createdAt"),
        groups=tuple(text(one, "name") for one in _list(row, "groups")),
    )


def records(row: Row) -> CustomerRecords:
    """Everything of a customer, as it is."""
    key = CustomerKey(text(row, "id"))
    if not isinstance(row, Mapping):
        raise TypeError("not an object")
    return CustomerRecords(key=key, documents={"customer": dict(row)})


def purchases(rows: list[Any]) -> Iterator[tuple[str, Row]]:
    """Every order with the id of whose it is."""
    for row in rows:
        for order in row["orders"]["items"]:
            yield text(row, "id"), order


def purchase(told: tuple[str, Row], key_field: str | None, decimals: int) -> Purchase:
    """An order of a customer."""
    whose, row = told
    currency = CurrencyCode(text(row, "currencyCode"))
    key = None if key_field is None else _maybe(row["customFields"], key_field)
    return Purchase(
        customer=CustomerKey(whose),
        reference=text(row, "code"),
        placed_at=instant(row, "orderPlacedAt"),
        channel=PurchaseChannel.ONLINE,
        status=_status(text(row, "state")),
        lines=tuple(
            PurchasedLine(
                name=text(one["productVariant"], "name"),
                quantity=whole(one, "quantity"),
                sku=Sku(text(one["productVariant"], "sku")),
                total=money(whole(one, "linePriceWithTax"), currency, decimals),
            )
            for one in _list(row, "lines")
        ),
        total=money(whole(row, "totalWithTax"), currency, decimals),
        order=None if key is None else OrderKey(key),
    )


def _status(state: str) -> PurchaseStatus:
    if state == "Cancelled":
        return PurchaseStatus.CANCELLED
    return PurchaseStatus.COMPLETED if state in DONE else PurchaseStatus.OPEN


def _verified(row: Row) -> bool:
    """Guests have no account, and have proved nothing."""
    if (user := row["user"]) is None:
        return False
    if not isinstance(user["verified"], bool):
        raise TypeError("verified: neither true nor false")
    return bool(user["verified"])


def _address(row: Row) -> Address:
    lines = (text(row, "streetLine1"), _maybe(row, "streetLine2"))
    return Address(
        lines=tuple(one for one in lines if one is not None),
        postal_code=_maybe(row, "postalCode"),
        city=_maybe(row, "city"),
        region=_maybe(row, "province"),
        country=CountryCode(text(row["country"], "code")),
    )


def _known(contact: Contact | None, *, verified: bool) -> KnownContact | None:
    return None if contact is None else KnownContact(contact=contact, verified=verified)


def _list(row: Row, name: str) -> list[Any]:
    """A list; null where Vendure has none."""
    found = row[name]
    if found is None:
        return []
    if not isinstance(found, list):
        raise TypeError(f"{name}: not a list")
    return found


def _maybe(row: Row, name: str) -> str | None:
    """A text; Vendure writes none as null or as an empty one."""
    value = row[name]
    if value is None or value == "":
        return None
    return text(row, name)
