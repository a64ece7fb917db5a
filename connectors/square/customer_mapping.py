"""What do Square's words of customers mean in ours?"""

from collections.abc import Iterator, Mapping
from typing import Any

import phonenumbers

from app.ports import Address, Contact, ContactKind, CustomerKey, KnownContact, UpstreamCustomer
from app.values import CountryCode
from connectors.kit.cells import instant, text
from connectors.square.mapping import address, inner, optional

Row = Mapping[str, Any]
NOWHERE = Address()
E164 = phonenumbers.PhoneNumberFormat.E164


def customer(row: Row, country: CountryCode | None) -> UpstreamCustomer:
    """A profile of the seller's directory. Square has seen nobody prove a contact."""
    contacts = (
        email(optional(row, "email_address")),
        phone(optional(row, "phone_number"), country),
    )
    lives = address(inner(row, "address"))
    return UpstreamCustomer(
        key=CustomerKey(text(row, "id")),
        given_name=optional(row, "given_name"),
        family_name=optional(row, "family_name"),
        contacts=tuple(KnownContact(contact=one) for one in contacts if one is not None),
        addresses=() if lives == NOWHERE else (lives,),
        since=instant(row, "created_at") if row.get("created_at") is not None else None,
        groups=tuple(_words(row.get("group_ids"))),
    )


def _words(told: Any) -> Iterator[str]:
    """Square tells the ids of groups, and nothing where there are none."""
    for one in told or ():
        if not isinstance(one, str):
            raise TypeError("group_ids: not texts")
        yield one


def email(said: str | None) -> Contact | None:
    """An address in lower case: Square tells them as they were typed, and finds them in any."""
    return None if said is None else Contact(ContactKind.EMAIL, said.strip().lower())


def phone(said: str | None, country: CountryCode | None) -> Contact | None:
    """A number as E.164, dialled in a country; what is none stays as it is."""
    if said is None:
        return None
    try:
        number = phonenumbers.parse(said, country)
    except phonenumbers.NumberParseException:
        return Contact(ContactKind.PHONE, said)
    if number.extension or not phonenumbers.is_possible_number(number):
        return Contact(ContactKind.PHONE, said)
    return Contact(ContactKind.PHONE, phonenumbers.format_number(number, E164))
