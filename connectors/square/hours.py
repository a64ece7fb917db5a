"""When is a location open, in the words of OpenStreetMap?"""

from collections.abc import Iterable, Mapping
from datetime import time
from typing import Any

from connectors.kit.cells import text

Row = Mapping[str, Any]
DAYS = {
    "MON": "Mo",
    "TUE": "Tu",
    "WED": "We",
    "THU": "Th",
    "FRI": "Fr",
    "SAT": "Sa",
    "SUN": "Su",
}


def opening_hours(periods: Iterable[Row]) -> str | None:
    """Business hours as an OpenStreetMap expression; None where none are told.

    Days with the same hours are told together. A period that ends at midnight ends at 24:00, and
    one that ends before it begins goes on after midnight. Then the days are added to one another:
    else the hours of a day would take the place of what is left of the night before.
    """
    by_day: dict[str, list[str]] = {}
    overnight = False
    for period in periods:
        day, (start, end) = DAYS[text(period, "day_of_week")], _span(period)
        overnight |= end < start
        by_day.setdefault(day, []).append(f"{start}-{end}")
    by_hours: dict[str, list[str]] = {}
    for day in filter(by_day.__contains__, DAYS.values()):
        by_hours.setdefault(",".join(sorted(by_day[day])), []).append(day)
    rules = (f"{_named(days)} {hours}" for hours, days in by_hours.items())
    return (", " if overnight else "; ").join(rules) or None


def _span(period: Row) -> tuple[str, str]:
    start, end = (_clock(period, f"{which}_local_time") for which in ("start", "end"))
    return start, "24:00" if end == "00:00" else end


def _clock(period: Row, name: str) -> str:
    return time.fromisoformat(text(period, name)).strftime("%H:%M")


def _named(days: list[str]) -> str:
    """`Mo-Fr` for three days or more in a row, else one by one."""
    week = list(DAYS.values())
    first, last = week.index(days[0]), week.index(days[-1])
    in_a_row = len(days) > 2 and last - first == len(days) - 1  # noqa: PLR2004  fewer are named
    return f"{days[0]}-{days[-1]}" if in_a_row else ",".join(days)
