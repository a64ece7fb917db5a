"""By what is somebody recognised? E-mail addresses, numbers and cards in one form each.

Two addresses are the same only if they are written with the same characters: what merely looks the
same (a Cyrillic letter for a Latin one) is another address, and is at most suggested to staff.
"""

import re
from unicodedata import normalize

import idna
import phonenumbers
from confusable_homoglyphs import confusables

from app.customers.refusals import InvalidCustomerInput
from app.ports import Contact, ContactKind
from app.values import CountryCode

LONGEST_EMAIL, LONGEST_LOCAL = 254, 64
LOCAL = re.compile(r"[^@\s\x00-\x1f\x7f\"<>(),:;\\\[\]]+")
DOTS = {"\u3002", "\uff0e", "\uff61"}  # that IDNA takes for full stops
CARD = re.compile(r"[0-9A-Z]{4,40}")
LOWER = str.maketrans({chr(one): chr(one + 32) for one in range(ord("A"), ord("Z") + 1)})


def email(said: str) -> Contact:
    """The address in the form that is compared: NFC, ASCII letters small, the domain in IDNA.

    Case is folded for ASCII alone, as folding others would turn strange letters into familiar ones.

    Raises:
        InvalidCustomerInput: it is none, or is written with letters that only stand for others.
    """
    text = normalize("NFC", said.strip())
    local, at, domain = text.rpartition("@")
    local = local.translate(LOWER)
    sound = at and len(text) <= LONGEST_EMAIL and 0 < len(local) <= LONGEST_LOCAL
    if not sound or not LOCAL.fullmatch(local) or normalize("NFKC", local) != local:
        raise InvalidCustomerInput("email is not an address.", path=("email",))
    if normalize("NFC", said.strip()).isascii() != said.strip().isascii():
        raise InvalidCustomerInput("email is not an address.", path=("email",))
    return Contact(ContactKind.EMAIL, f"{local}@{_domain(domain)}")


def phone(said: str, country: CountryCode | None = None) -> Contact:
    """A number as E.164; `country` is where one without a country's code is dialled.

    Raises:
        InvalidCustomerInput: it is none, or nobody can have it.
    """
    try:
        number = phonenumbers.parse(said, country)
    except phonenumbers.NumberParseException as error:
        message = (
            "phone is not a number: give it with its country's code, such as +39 045 800 0000."
        )
        raise InvalidCustomerInput(message, path=("phone",)) from error
    if number.extension or not phonenumbers.is_valid_number(number):
        raise InvalidCustomerInput("phone is not a number that anybody has.", path=("phone",))
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Contact(ContactKind.PHONE, written)


def card(said: str) -> Contact:
    """The number of a loyalty card, without what only makes it readable.

    Raises:
        InvalidCustomerInput: it is none.
    """
    number = re.sub(r"[ .-]", "", said).upper() if said.isascii() else ""
    if not CARD.fullmatch(number):
        raise InvalidCustomerInput("loyaltyCard is not a number of one.", path=("loyaltyCard",))
    return Contact(ContactKind.LOYALTY_CARD, number)


def look_of(contact: Contact) -> str:
    """What an address looks like: the same for all that can be taken for one another."""
    if contact.kind is not ContactKind.EMAIL:
        return contact.value
    local, _, domain = contact.value.rpartition("@")
    return "".join(map(_look, f"{local}@{idna.decode(domain)}"))


def _domain(domain: str) -> str:
    if DOTS & set(domain):
        raise InvalidCustomerInput("email is not an address.", path=("email",))
    try:
        return idna.encode(domain.translate(LOWER), uts46=False).decode()
    except idna.IDNAError as error:
        raise InvalidCustomerInput("email is not an address.", path=("email",)) from error


def _look(letter: str) -> str:
    """The Latin letter that one is taken for; itself, where it is taken for none."""
    if letter.isascii():
        return letter
    found = confusables.is_confusable(letter, greedy=True, preferred_aliases=[])
    for one in found[0]["homoglyphs"] if found else ():
        if one["c"].isascii():
            return str(one["c"]).translate(LOWER)
    return letter
