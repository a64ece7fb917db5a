"""When was a file true, and which number has it among its kind?"""

import re
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connectors.filedrop.documents import Mistake, Unreadable
from connectors.filedrop.sections import Dates

LONGEST_SEQUENCE = 18  # digits
FIRST = datetime(2000, 1, 1, tzinfo=UTC)  # what is older was dated by mistake
EDIFACT_DATES = {
    "102": "%Y%m%d",
    "203": "%Y%m%d%H%M",
    "204": "%Y%m%d%H%M%S",
    "303": "%Y%m%d%H%M%Z",
}


class Version(NamedTuple):
    """Which of two files is newer: by date, then by sequence, then by name."""

    as_of: datetime
    sequence: int
    name: str


def instant(said: str, dates: Dates) -> datetime:
    """A time as a partner writes it; without an offset it is of the partner's zone.

    Raises:
        ValueError: it is no time, or one that the zone did not have.
    """
    text = said.strip()
    try:
        form = dates.format if dates.by == "document" else None
        found = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007  its zone follows
    except ValueError:
        raise ValueError("is not a time") from None
    return zoned(found, dates)


def zoned(found: datetime, dates: Dates) -> datetime:
    """The same time in UTC.

    Raises:
        ValueError: no clock of the zone ever showed it, or in UTC it has no year of four digits.
    """
    local = found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(dates.zone))
    try:
        utc = local.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside of the calendar") from None
    if found.tzinfo is None and utc.astimezone(local.tzinfo).replace(tzinfo=None) != found:
        raise ValueError("is a time that was left out when clocks went forward")
    return utc


def edifact_instant(said: str, form: str, dates: Dates) -> datetime:
    """A time of a DTM segment.

    Raises:
        ValueError: it is no time, or in a form that is not known.
    """
    layout = EDIFACT_DATES.get(form)
    if layout is None:
        raise ValueError("is in a form that is not known")
    try:
        return zoned(datetime.strptime(said, layout), dates)  # noqa: DTZ007  its zone follows
    except ValueError:
        raise ValueError("is not a time") from None


def version(
    name: str,
    dates: Dates,
    *,
    within: datetime | None,
    modified: datetime,
    now: datetime,
    sequence: int = 0,
) -> Version:
    """Of a file that says `within` when it was true, and was last written at `modified`.

    Raises:
        Unreadable: it has no date, or one in the future.
    """
    found = re.fullmatch(dates.pattern, name) if dates.pattern else None
    groups = {} if found is None else found.groupdict()
    if (number := groups.get("sequence")) is not None:
        sequence = _number(number)
    as_of = {"document": within, "modified": modified, "name": _named(groups, dates)}[dates.by]
    if as_of is None:
        raise Unreadable(Mistake(1, 1, f"has no date (dates are by {dates.by})"))
    if as_of > now + dates.ahead:
        raise Unreadable(Mistake(1, 1, "its date lies in the future"))
    if as_of < FIRST:
        raise Unreadable(Mistake(1, 1, "its date lies before the year 2000"))
    return Version(as_of.astimezone(UTC), sequence, name)


def _number(said: str) -> int:
    if not (said.isascii() and said.isdigit() and len(said) <= LONGEST_SEQUENCE):
        raise Unreadable(Mistake(1, 1, "the sequence in its name is not a number"))
    return int(said)


def _named(groups: dict[str, str], dates: Dates) -> datetime | None:
    if dates.by != "name" or dates.format is None or groups.get("date") is None:
        return None
    try:
        return zoned(datetime.strptime(groups["date"], dates.format), dates)  # noqa: DTZ007  its zone follows
    except ValueError:
        raise Unreadable(Mistake(1, 1, "the date in its name is not a time")) from None
