"""By what is somebody recognised? What callers write, in the one form that is compared."""

import idna
from confusable_homoglyphs import confusables

from app.customers.refusals import InvalidCustomerInput
from app.ports import Contact, ContactKind, card_contact, email_contact, phone_contact
from app.values import CountryCode


def email(said: str) -> Contact:
    """The address that was written.

    Raises:
        InvalidCustomerInput: it is none.
    """
    if (contact := email_contact(said)) is None:
        raise InvalidCustomerInput("email is not an address.", path=("email",))
    return contact


def phone(said: str, country: CountryCode | None = None) -> Contact:
    """The number that was written; `country` is where one without a country's code is dialled.

    Raises:
        InvalidCustomerInput: it is none.
    """
    if (contact := phone_contact(said, country)) is None:
        message = "phone is not a number: give it with its country's code, as in +39 045 800 0000."
        raise InvalidCustomerInput(message, path=("phone",))
    return contact


def card(said: str) -> Contact:
    """The number of a loyalty card that was written.

    Raises:
        InvalidCustomerInput: it is none.
    """
    if (contact := card_contact(said)) is None:
        raise InvalidCustomerInput("loyaltyCard is not a number of one.", path=("loyaltyCard",))
    return contact


def look_of(contact: Contact) -> str:
    """What an address looks like: the same for all that can be taken for one another."""
    if contact.kind is not ContactKind.EMAIL:
        return contact.value
    local, _, domain = contact.value.rpartition("@")
    return "".join(map(_look, f"{local}@{_shown(domain)}"))


def _shown(domain: str) -> str:
    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain


def _look(letter: str) -> str:
    """The small Latin letter that one is taken for; itself, where it is taken for none."""
    if letter.isascii():
        return letter
    found = confusables.is_confusable(letter, greedy=True, preferred_aliases=[])
    for one in found[0]["homoglyphs"] if found else ():
        if one["c"].isascii():
            return str(one["c"]).lower()
    return letter
