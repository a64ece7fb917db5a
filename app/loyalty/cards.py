"""Is this the number of a card? Digits of which the last is the check digit of GS1 (EAN-13)."""

import secrets

LENGTH = 13
PREFIX = "28"  # GS1 leaves 20 to 29 to the retailer
SEPARATORS = str.maketrans("", "", " -.")


def sound(number: str) -> str | None:
    """The number of a card without what only makes it readable; None where it is none."""
    digits = number.translate(SEPARATORS)
    if len(digits) != LENGTH or not digits.isascii() or not digits.isdecimal():
        return None
    return digits if check_digit(digits[:-1]) == digits[-1] else None


def check_digit(digits: str) -> str:
    """The digit that follows, by the GS1 General Specifications, section 7.9."""
    weighed = sum(int(one) * (1 if place % 2 else 3) for place, one in enumerate(reversed(digits)))
    return str(-weighed % 10)


def drawn() -> str:
    """The number of a new card; one in ten thousand million others is the same."""
    digits = f"{PREFIX}{secrets.randbelow(10 ** (LENGTH - len(PREFIX) - 1)):010}"
    return digits + check_digit(digits)
