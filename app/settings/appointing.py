"""What is somebody given an appointment for? Kinds, how many at once, and how long before."""

from collections.abc import Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from app.settings.words import Code, Name, Positive, Section

GRAIN = timedelta(minutes=5)
LONGEST = timedelta(hours=12)


def _in_grains(length: timedelta) -> timedelta:
    if not GRAIN <= length <= LONGEST or length % GRAIN:
        raise ValueError("length is a multiple of PT5M, PT12H at most")
    return length


class Team(Section):
    """The staff that appointments take time of: by patterns of locations, how many `at_once`.

    The first pattern that matches counts; where none does, there are no appointments.
    """

    at_once: Mapping[str, Annotated[int, Field(ge=1, le=1000)]] = Field(min_length=1)

    def many(self, location: str) -> int:
        """How many appointments it has at one time there, 0 where it is not."""
        found = (many for one, many in self.at_once.items() if fnmatchcase(location, one))
        return next(found, 0)


class AppointmentKind(Section):
    """What it is for: how long it takes, of which `team`, and its name in the default language."""

    label: Annotated[str, Field(min_length=1, max_length=100)]
    length: Annotated[timedelta, AfterValidator(_in_grains)]
    team: Name


class Appointments(Section):
    """Kinds of appointments and the teams that take them.

    A shopper books at least `notice` before the start, and nobody more than `ahead` of it; nobody
    has more than `most_each` to come. They start at minutes that are multiples of `step`.
    """

    notice: timedelta = Field(default=timedelta(hours=2), ge=timedelta(), le=timedelta(days=60))
    ahead: Annotated[Positive, Field(le=timedelta(days=366))] = timedelta(days=60)
    most_each: int = Field(default=10, ge=1, le=100)
    step: Literal[5, 10, 15, 20, 30, 60] = 15
    teams: Mapping[Name, Team] = Field(default_factory=dict)
    kinds: Mapping[Code, AppointmentKind] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _teams_are_there(self) -> Self:
        for code, kind in self.kinds.items():
            if kind.team not in self.teams:
                raise ValueError(f"kinds.{code}.team names no team: {kind.team!r}")
        if self.notice >= self.ahead:
            raise ValueError("notice is less than ahead")
        return self
