"""What do customers and their purchases look like in the words of the shop and of the tills?"""

from collections.abc import Iterator
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
    card_contact,
    email_contact,
    phone_contact,
)
from app.values import CountryCode, CurrencyCode, Locale, Money, Sku
from connectors.kit import cells
from connectors.sandbox import fields
from connectors.sandbox.answers import Codes, code

STATES = {
    "open": PurchaseStatus.OPEN,
    "completed": PurchaseStatus.COMPLETED,
    "cancelled": PurchaseStatus.CANCELLED,
}


def account(row: Any) -> UpstreamCustomer:
    """A customer of the shop. It confirms addresses, and no telephone numbers."""
    country = _maybe(row, "phone_country")
    phone = _maybe(row, "phone")
    contacts = [
        _known(email_contact(cells.text(row, "email")), fields.flag(row, "email_confirmed")),
        _known(
            None
            if phone is None
            else phone_contact(phone, CountryCode(country) if country else None)
        ),
    ]
    language = _maybe(row, "lang")
    return UpstreamCustomer(
        key=CustomerKey(cells.text(row, "id")),
        given_name=_maybe(row, "first_name"),
        family_name=_maybe(row, "last_name"),
        contacts=tuple(one for one in contacts if one is not None),
        addresses=tuple(_address(one) for one in fields.rows(row, "addresses")),
        locale=Locale(language) if language else None,
        since=cells.instant(row, "since"),
        groups=tuple(_texts(row, "groups")),
    )


def card_holder(row: Any) -> UpstreamCustomer:
    """A customer of the tills. A card was given out there; an address may have been checked."""
    mobile, email = _maybe(row, "mobile"), _maybe(row, "email")
    contacts = [
        _known(card_contact(cells.text(row, "cardNo")), verified=True),
        _known(None if mobile is None else phone_contact(mobile, GB)),
        _known(None if email is None else email_contact(email), fields.flag(row, "emailChecked")),
    ]
    return UpstreamCustomer(
        key=CustomerKey(cells.text(row, "customerNo")),
        given_name=_maybe(row, "firstName"),
        family_name=_maybe(row, "lastName"),
        contacts=tuple(one for one in contacts if one is not None),
        addresses=(
            Address(
                lines=(cells.text(row, "street"),),
                postal_code=cells.text(row, "postcode"),
                city=cells.text(row, "city"),
                country=CountryCode(cells.text(row, "countryIso")),
            ),
        ),
        since=cells.instant(row, "registeredAt"),
        groups=tuple(_texts(row, "priceGroups")),
    )


def account_records(row: Any) -> CustomerRecords:
    """What the shop has of somebody."""
    key = CustomerKey(cells.text(row, "id"))
    return CustomerRecords(key=key, documents={"account": fields.part(row, "account")})


def card_records(row: Any) -> CustomerRecords:
    """What the tills have of somebody."""
    key = CustomerKey(cells.text(row, "customerNo"))
    return CustomerRecords(key=key, documents={"masterData": fields.part(row, "masterData")})


def shop_purchase(row: Any) -> Purchase:
    """An order of the shop; one of ours has our key."""
    currency = CurrencyCode(cells.text(row, "currency"))
    key = _maybe(row, "key")
    return Purchase(
        customer=CustomerKey(cells.text(row, "customer")),
        reference=cells.text(row, "number"),
        placed_at=cells.instant(row, "placed_at"),
        channel=PurchaseChannel.ONLINE,
        status=STATES[cells.text(row, "state")],
        lines=tuple(
            _line(one, ("sku", "title", "quantity", "total"), currency)
            for one in fields.rows(row, "lines")
        ),
        total=Money(fields.amount(row, "total"), currency),
        order=OrderKey(key) if key else None,
    )


def receipt(row: Any, codes: Codes) -> Purchase:
    """A receipt of a store."""
    currency = CurrencyCode(cells.text(row, "currency"))
    return Purchase(
        customer=CustomerKey(cells.text(row, "customerNo")),
        reference=cells.text(row, "receiptNo"),
        placed_at=cells.instant(row, "soldAt"),
        channel=PurchaseChannel.STORE,
        status=PurchaseStatus.COMPLETED,
        lines=tuple(
            _line(one, ("itemNo", "text", "qty", "amount"), currency)
            for one in fields.rows(row, "positions")
        ),
        total=Money(cells.exact(row, "total"), currency),
        location=code(row, "branchNo", codes),
    )


GB = CountryCode("GB")  # where numbers without a country's code are dialled


def _line(row: Any, names: tuple[str, str, str, str], currency: CurrencyCode) -> PurchasedLine:
    sku, title, quantity, total = names
    paid = None if row[total] is None else Money(cells.exact(row, total), currency)
    return PurchasedLine(
        name=cells.text(row, title),
        quantity=cells.whole(row, quantity),
        sku=Sku(cells.text(row, sku)),
        total=paid,
    )


def _address(row: Any) -> Address:
    return Address(
        lines=tuple(_texts(row, "lines")),
        postal_code=cells.text(row, "zip"),
        city=cells.text(row, "town"),
        country=CountryCode(cells.text(row, "country")),
    )


def _texts(row: Any, name: str) -> Iterator[str]:
    for text in fields.rows(row, name):
        if not isinstance(text, str):
            raise TypeError(f"{name}: not texts")
        yield text


def _known(contact: Contact | None, verified: bool = False) -> KnownContact | None:  # noqa: FBT001, FBT002
    return None if contact is None else KnownContact(contact=contact, verified=verified)


def _maybe(row: Any, name: str) -> str | None:
    return None if row[name] is None else cells.text(row, name)
