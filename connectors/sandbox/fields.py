"""What does a cell of a vendor's row hold? A wrong type is an error, never a guess."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.values import GeoPoint, Locale, Texts
from connectors.kit import cells

LATITUDES, LONGITUDES = 90, 180  # degrees either side of zero


def count(row: Any, name: str) -> int:
    """A whole number that is not negative."""
    value = cells.whole(row, name)
    if value < 0:
        raise ValueError(f"{name}: negative")
    return value


def flag(row: Any, name: str) -> bool:
    """True or false."""
    value = row[name]
    if not isinstance(value, bool):
        raise TypeError(f"{name}: neither true nor false")
    return value


def yes(row: Any, name: str) -> bool:
    """`yes` or `no`."""
    answers = {"yes": True, "no": False}
    if (value := cells.text(row, name)) not in answers:
        raise ValueError(f"{name}: neither yes nor no")
    return answers[value]


def part(row: Any, name: str) -> Mapping[str, Any]:
    """An object inside the row."""
    value = row[name]
    if not isinstance(value, Mapping):
        raise TypeError(f"{name}: not an object")
    return value


def rows(row: Any, name: str) -> list[Any]:
    """A list."""
    value = row[name]
    if not isinstance(value, list):
        raise TypeError(f"{name}: not a list")
    return value


def amount(row: Any, name: str) -> Decimal:
    """An exact amount of money, written as text."""
    value = cells.exact(row, name)
    if value < 0:
        raise ValueError(f"{name}: negative")
    return value


def day(row: Any, name: str) -> date:
    """A calendar day in ISO 8601."""
    try:
        return date.fromisoformat(cells.text(row, name))
    except ValueError as error:
        raise ValueError(f"{name}: not a day") from error


def epoch(row: Any, name: str) -> datetime:
    """A moment in seconds since 1970."""
    try:
        return datetime.fromtimestamp(cells.whole(row, name), tz=UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"{name}: not a moment") from error


def zone(row: Any, name: str) -> ZoneInfo:
    """An IANA time zone."""
    try:
        return ZoneInfo(cells.text(row, name))
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"{name}: not a time zone") from error


def texts(row: Any, name: str) -> Texts:
    """A text in several languages: a list of `{lang, text}`."""
    pairs = ((cells.text(one, "lang"), cells.text(one, "text")) for one in rows(row, name))
    return Texts({Locale(language): words for language, words in pairs})


def point(latitude: Any, longitude: Any) -> GeoPoint:
    """A position, from numbers or their text."""
    try:
        north, east = _degrees(latitude), _degrees(longitude)
    except (TypeError, ValueError) as error:
        raise ValueError("the position is not a pair of numbers") from error
    if not (isfinite(north) and isfinite(east)):
        raise ValueError("the position is not on earth")
    if abs(north) > LATITUDES or abs(east) > LONGITUDES:
        raise ValueError("the position is not on earth")
    return GeoPoint(north, east)


def _degrees(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError("a truth value is no number")
    return float(value)


def valid_gtin(digits: str) -> bool:
    """Whether the check digit fits (GS1 General Specifications, section 7.9)."""
    if not digits.isascii() or not digits.isdecimal() or len(digits) not in {8, 12, 13, 14}:
        return False
    return _weighed(map(int, reversed(digits))) % 10 == 0


def _weighed(digits: Iterable[int]) -> int:
    return sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits))
