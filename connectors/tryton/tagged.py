"""How does Tryton write what JSON has no word for? As objects tagged with a class name."""

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from connectors.kit.cells import decimal

Tagged = Mapping[str, Any]


def plain(value: Any) -> Any:
    """The value with every tagged object turned into what it stands for.

    A tag we do not know stays an object, for the reader of that field to refuse.

    Raises:
        KeyError, TypeError, ValueError, ArithmeticError: a tagged object is malformed.
    """
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    read = _READERS.get(str(value.get("__class__")))
    return {key: plain(one) for key, one in value.items()} if read is None else read(value)


def written(value: Any) -> Any:
    """A decimal or a day as Tryton writes it; anything else as it is.

    Raises:
        TypeError: it has no spelling there.
    """
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case datetime():
            raise TypeError("an instant is not written here")
        case date():
            return {
                "__class__": "date",
                "year": value.year,
                "month": value.month,
                "day": value.day,
            }
    return value


def _decimal(value: Tagged) -> Decimal:
    if not isinstance(said := value["decimal"], str):
        raise TypeError("a decimal is not a text")
    return decimal(said)


def _date(value: Tagged) -> date:
    return date(value["year"], value["month"], value["day"])


def _time(value: Tagged) -> time:
    return time(value["hour"], value["minute"], value["second"], value["microsecond"])


def _datetime(value: Tagged) -> datetime:
    return datetime.combine(_date(value), _time(value), tzinfo=UTC)  # Tryton's are naive UTC


def _timedelta(value: Tagged) -> timedelta:
    return timedelta(seconds=value["seconds"])


def _bytes(value: Tagged) -> bytes:
    return base64.b64decode(value["base64"])


_READERS: Mapping[str, Callable[[Tagged], Any]] = {
    "Decimal": _decimal,
    "bytes": _bytes,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
    "timedelta": _timedelta,
}
