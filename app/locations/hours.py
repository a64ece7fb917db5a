"""When is it open? Opening hours in local time, with the public holidays of the country."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from babel import Locale as BabelLocale
from babel import UnknownLocaleError
from holidays import country_holidays
from opening_hours import OpeningHours as Expression
from opening_hours import State, UnknownCountryError  # type: ignore[attr-defined]  # no stub

from app.values import CountryCode, Locale

SPECIAL_DAYS_AHEAD = 60  # days


class Weekday(StrEnum):
    """A day of the week, Monday first (ISO 8601)."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


WEEKDAYS = tuple(Weekday)


@dataclass(frozen=True, slots=True)
class Period:
    """From when to when on one day, as `HH:MM` of local time; midnight at the end is `24:00`."""

    opens: str
    closes: str


Periods: TypeAlias = tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day that differs from its weekday; without periods it is closed."""

    date: date
    name: str | None
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Opening hours of one place.

    `expression` follows the OpenStreetMap opening hours specification; `time_zone` is an IANA name;
    `country` decides what `PH` means.
    """

    expression: str
    time_zone: str
    country: CountryCode | None

    def is_open(self, at: datetime) -> bool:
        """Whether the doors are open at `at`."""
        return self._evaluated.is_open(self._local(at))

    def next_change(self, at: datetime) -> datetime | None:
        """When the doors next open or close; None when they never do."""
        return self._evaluated.next_change(self._local(at))

    def weekly(self, today: date) -> tuple[tuple[Weekday, Period], ...]:
        """The ordinary week: for each weekday, what it mostly is in the next two months."""
        ordinary = _coming(self, today).ordinary
        return tuple((day, period) for day in WEEKDAYS for period in ordinary[day])

    def special_days(self, today: date, *, language: Locale) -> tuple[SpecialDay, ...]:
        """The days of the next two months whose hours differ from those of their weekday."""
        coming = _coming(self, today)
        return tuple(
            SpecialDay(day, holiday_name(self.country, day, language), periods)
            for day, periods in coming.days.items()
            if periods != coming.ordinary[_weekday(day)]
        )

    def periods(self, day: date) -> tuple[Period, ...]:
        """The open stretches of one local day."""
        zone = ZoneInfo(self.time_zone)
        start = datetime.combine(day, time(), zone)
        end = datetime.combine(day + timedelta(days=1), time(), zone)
        return tuple(
            Period(f"{opens:%H:%M}", "24:00" if closes >= end else f"{closes:%H:%M}")
            for opens, closes, state, _ in self._evaluated.intervals(start, end)
            if state is State.OPEN
        )

    def open_between(self, start: datetime, end: datetime) -> tuple[tuple[datetime, datetime], ...]:
        """The open stretches between two moments, as instants of local time."""
        return tuple(
            (opens, closes)
            for opens, closes, state, _ in self._evaluated.intervals(
                self._local(start), self._local(end)
            )
            if state is State.OPEN
        )

    def today(self, at: datetime) -> date:
        """The local date at `at`."""
        return self._local(at).date()

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.time_zone))

    @property
    def _evaluated(self) -> Expression:
        return _expression(self.expression, self.time_zone, self.country)


@dataclass(frozen=True, slots=True)
class Coming:
    """The hours of the days to come, and what is ordinary among them."""

    days: Mapping[date, Periods]
    ordinary: Mapping[Weekday, Periods]


@lru_cache(maxsize=4096)
def _coming(hours: Hours, today: date) -> Coming:
    days = {
        day: hours.periods(day)
        for day in (today + timedelta(days=ahead) for ahead in range(SPECIAL_DAYS_AHEAD))
    }
    seen: dict[Weekday, Counter[Periods]] = {day: Counter() for day in WEEKDAYS}
    for day, periods in days.items():
        seen[_weekday(day)][periods] += 1
    return Coming(days, {day: counted.most_common(1)[0][0] for day, counted in seen.items()})


def _weekday(day: date) -> Weekday:
    return WEEKDAYS[day.weekday()]


@lru_cache(maxsize=4096)
def _expression(expression: str, zone: str, country: CountryCode | None) -> Expression:
    """The evaluator; a country without a known calendar has no public holidays."""
    try:
        return Expression(
            expression,
            timezone=ZoneInfo(zone),
            country=country,
            auto_country=False,
            auto_timezone=False,
        )
    except UnknownCountryError:
        return _expression(expression, zone, None)


@lru_cache(maxsize=1024)
def _named_days(country: str, year: int, language: str | None) -> dict[date, str]:
    return dict(country_holidays(country, years=year, language=language).items())


def holiday_name(country: CountryCode | None, day: date, language: Locale) -> str | None:
    """The name of a public holiday, in the language if the calendar has it, else in its own."""
    if country is None:
        return None
    try:
        known = country_holidays(country).supported_languages
        wanted = BabelLocale.parse(language, sep="-").language
    except (NotImplementedError, UnknownLocaleError, ValueError):
        return None
    match = next((tag for tag in known if tag.split("_")[0] == wanted), None)
    return _named_days(country, day.year, match).get(day)
