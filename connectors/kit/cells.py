"""Is this cell what the vendor's contract says? Strict readers of single values.

They raise what `connectors.kit.rows.answer` tells as a rejected row. A value of another type is
never made to fit: `"4"` is not 4, and nothing is not zero.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

MOST_DIGITS = 18  # of a number before its point
LONGEST_NUMBER = 100  # characters; and digits behind the point before the first one that counts


def text(row: Mapping[str, Any], name: str) -> str:
    """A text that says something."""
    value = row[name]
    if not isinstance(value, str) or not value.strip():
        raise TypeError(f"{name}: not a text")
    return value


def whole(row: Mapping[str, Any], name: str) -> int:
    """A whole number; a truth value is none."""
    value = row[name]
    if type(value) is not int:
        raise TypeError(f"{name}: not a whole number")
    return value


def exact(row: Mapping[str, Any], name: str) -> Decimal:
    """A decimal number the vendor wrote as text or as a whole number; a float is not exact."""
    value = row[name]
    if type(value) is not int and not isinstance(value, str):
        raise TypeError(f"{name}: not an exact number")
    try:
        return decimal(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def decimal(said: str | int) -> Decimal:
    """A decimal number of a size that can be meant: a few letters can name one of a million digits.

    Raises:
        ValueError: it is no number, or none of such a size.
    """
    try:
        number = Decimal(said)
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not number.is_finite():
        raise ValueError("not a number")
    sound = -LONGEST_NUMBER <= number.adjusted() < MOST_DIGITS
    if not sound or (isinstance(said, str) and len(said) > LONGEST_NUMBER):
        raise ValueError("no number of a size that can be meant")
    return number


def instant(row: Mapping[str, Any], name: str) -> datetime:
    """An ISO 8601 instant with its offset."""
    try:
        value = datetime.fromisoformat(text(row, name))
    except ValueError:
        raise ValueError(f"{name}: not an instant") from None
    if value.utcoffset() is None:
        raise ValueError(f"{name}: has no offset")
    return value
