"""GraphQL face of opening hours."""

import datetime as dt
from typing import Self

import strawberry

from app.api.hints import AS_ITS_OWNER, DOORS, kept
from app.locations import hours
from app.values import Locale


@strawberry.type(
    description="From when to when doors are open, in local time.", directives=AS_ITS_OWNER
)
class OpeningPeriod:
    """One stretch of one day."""

    opens: str = strawberry.field(description="HH:MM.")
    closes: str = strawberry.field(description="HH:MM; the end of the day is 24:00.")


@strawberry.type(description="An ordinary opening on one weekday.", directives=AS_ITS_OWNER)
class WeeklyOpening(OpeningPeriod):
    """One stretch of one weekday."""

    day: hours.Weekday = strawberry.field(description="The weekday.")


@strawberry.type(
    description="A day whose hours differ from those of its weekday.", directives=AS_ITS_OWNER
)
class SpecialDay:
    """A public holiday or another exception."""

    date: dt.date = strawberry.field(description="The local date.")
    name: str | None = strawberry.field(description="Name of the public holiday, if it is one.")
    periods: list[OpeningPeriod] = strawberry.field(description="Hours; none means closed.")


@strawberry.type(
    description="When a location is open, in its own time zone.", directives=AS_ITS_OWNER
)
class OpeningHours:
    """Hours as one caller sees them now."""

    time_zone: str = strawberry.field(description="IANA time zone, such as Europe/Rome.")
    open_now: bool = strawberry.field(
        description="Whether the doors are open.", directives=kept(DOORS)
    )
    next_change: dt.datetime | None = strawberry.field(
        description="When the doors next open or close; null if never.",
        directives=kept(DOORS),
    )
    weekly: list[WeeklyOpening] = strawberry.field(description="The ordinary week, Monday first.")
    special_days: list[SpecialDay] = strawberry.field(
        description="Exceptions of the next 60 days, public holidays among them."
    )

    @classmethod
    def of(cls, told: hours.Hours, *, now: dt.datetime, language: Locale) -> Self:
        """Dress opening hours."""
        today = told.today(now)
        return cls(
            time_zone=told.time_zone,
            open_now=told.is_open(now),
            next_change=told.next_change(now),
            weekly=[
                WeeklyOpening(day=day, opens=period.opens, closes=period.closes)
                for day, period in told.weekly(today)
            ],
            special_days=[
                SpecialDay(
                    date=day.date,
                    name=day.name,
                    periods=[OpeningPeriod(opens=p.opens, closes=p.closes) for p in day.periods],
                )
                for day in told.special_days(today, language=language)
            ],
        )
