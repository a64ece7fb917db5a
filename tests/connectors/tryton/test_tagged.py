from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.tryton.tagged import plain

DAY = {"year": 2026, "month": 2, "day": 28}
HOUR = {"hour": 23, "minute": 5, "second": 1, "microsecond": 7}


@pytest.mark.parametrize(
    ("tagged", "meant"),
    [
        ({"__class__": "Decimal", "decimal": "104.50"}, Decimal("104.50")),
        ({"__class__": "date", **DAY}, date(2026, 2, 28)),
        ({"__class__": "time", **HOUR}, time(23, 5, 1, 7)),
        (
            {"__class__": "datetime", **DAY, **HOUR},
            datetime(2026, 2, 28, 23, 5, 1, 7, tzinfo=UTC),
        ),
        ({"__class__": "timedelta", "seconds": 90.5}, timedelta(seconds=90.5)),
        ({"__class__": "bytes", "base64": "aGk=\n"}, b"hi"),
        ({"__class__": "Fraction", "of": 3}, {"__class__": "Fraction", "of": 3}),
        ([{"a": {"__class__": "date", **DAY}}, None, 1.5], [{"a": date(2026, 2, 28)}, None, 1.5]),
    ],
)
def test_a_tagged_object_becomes_what_it_stands_for(tagged: Any, meant: Any) -> None:
    assert plain(tagged) == meant


@pytest.mark.parametrize(
    "malformed",
    [
        {"__class__": "Decimal"},
        {"__class__": "Decimal", "decimal": "twelve"},
        {"__class__": "Decimal", "decimal": "NaN"},
        {"__class__": "Decimal", "decimal": {"a": 1}},
        {"__class__": "Decimal", "decimal": "1E+1000000"},
        {"__class__": "Decimal", "decimal": [0, [1], 1_000_000]},
        {"__class__": "date", **DAY, "month": 13},
        {"__class__": "date", **DAY, "month": "2"},
        {"__class__": "datetime", **DAY},
        {"__class__": "timedelta", "seconds": "long"},
        {"__class__": "timedelta", "seconds": 1e300},
        {"__class__": "bytes", "base64": "a"},
    ],
)
def test_a_malformed_tag_spoils_its_own_row_only(malformed: Any) -> None:
    with pytest.raises((LookupError, TypeError, ValueError, ArithmeticError)):
        plain(malformed)
