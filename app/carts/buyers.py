"""Who buys, and can what they say of themselves be?"""

import re
from dataclasses import dataclass

from app.carts.refusals import InvalidCartInput
from app.values import CountryCode

LONGEST_EMAIL = 254
EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")
PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{3,30}")
SOUND = (
    ("email", EMAIL, "email is not an address."),
    ("phone", PHONE, "phone is not a number."),
    ("country", re.compile("[A-Z]{2}"), "country has two capital letters."),
    ("postal_code", re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{0,15}"), "postalCode is not one."),
)  # of what a buyer says; each message begins with the name it has for the caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who buys, as far as they said."""

    email: str | None = None
    phone: str | None = None
    country: CountryCode | None = None
    postal_code: str | None = None


def sound(buyer: Buyer) -> Buyer:
    """The buyer, if what is said of them can be.

    Raises:
        InvalidCartInput: it cannot.
    """
    for name, pattern, message in SOUND:
        said: str | None = getattr(buyer, name)
        if said is not None and (len(said) > LONGEST_EMAIL or not pattern.fullmatch(said)):
            raise InvalidCartInput(message, path=("buyer", message.split()[0]))
    return buyer
