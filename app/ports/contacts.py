"""In which form is a contact compared? The one form that every system's spelling is brought to.

Two addresses are the same only if they are written with the same characters: what merely looks the
same (a Cyrillic letter for a Latin one) is another address.
"""

import re
from unicodedata import normalize

import idna
import phonenumbers

from app.ports.customers import Contact, ContactKind
from app.values import CountryCode

LONGEST_EMAIL, LONGEST_LOCAL = 254, 64
LOCAL = re.compile(r"[^@\s\x00-\x1f\x7f\"<>(),:;\\\[\]]+")
CARD = re.compile(r"[0-9A-Z]{4,40}")
LOWER = str.maketrans({chr(one): chr(one + 32) for one in range(ord("A"), ord("Z") + 1)})
DOTS = {"\u3002", "\uff0e", "\uff61"}  # that IDNA takes for full stops


def email_contact(said: str) -> Contact | None:
    """The address in NFC, ASCII letters small, its domain in IDNA; None where it is none.

    Before the @ case is folded for ASCII alone, as folding others would turn strange letters into
    familiar ones; a domain has no capitals, of any script. Letters that only stand for others are
    no part of an address.
    """
    text = normalize("NFC", said.strip())
    local, at, domain = text.rpartition("@")
    if text.isascii() != said.strip().isascii() or not at or len(text) > LONGEST_EMAIL:
        return None
    if not LOCAL.fullmatch(local) or len(local) > LONGEST_LOCAL or DOTS & set(domain):
        return None
    if normalize("NFKC", local) != local:
        return None
    try:
        name = idna.encode("".join(map(str.lower, domain)), uts46=False).decode()
    except idna.IDNAError:
        return None
    return Contact(ContactKind.EMAIL, f"{local.translate(LOWER)}@{name}")


def compared_email(said: str | None) -> str | None:
    """The form in which an address is compared; None where it is none."""
    contact = None if said is None else email_contact(said)
    return None if contact is None else contact.value


def phone_contact(said: str, country: CountryCode | None = None) -> Contact | None:
    """A number as E.164, None where it is none; `country`: where it would be dialled.

    Whether it has been given out is not looked at: new ranges come faster than our metadata.
    """
    bare = said.strip()
    if country is None and bare.startswith("00"):  # as it is dialled from most countries
        bare = f"+{bare[2:]}"
    try:
        number = phonenumbers.parse(bare, country)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_possible_number(number):
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Contact(ContactKind.PHONE, written)


def card_contact(said: str) -> Contact | None:
    """The number of a loyalty card without what only makes it readable; None where it is none."""
    number = re.sub(r"[ .-]", "", said).upper() if said.isascii() else ""
    return Contact(ContactKind.LOYALTY_CARD, number) if CARD.fullmatch(number) else None


def spellings(contact: Contact) -> tuple[str, ...]:
    """The usual ways to write a contact, for systems that find only what is written the same."""
    if contact.kind is not ContactKind.PHONE:
        return (contact.value,)
    try:
        number = phonenumbers.parse(contact.value)
    except phonenumbers.NumberParseException:
        return (contact.value,)
    forms = phonenumbers.PhoneNumberFormat
    kinds = (forms.E164, forms.INTERNATIONAL, forms.NATIONAL)
    written = [phonenumbers.format_number(number, kind) for kind in kinds]
    bare = ["".join(re.findall(r"\d", one)) for one in written]
    return tuple(dict.fromkeys((*written, f"00{bare[0]}", bare[2])))
