"""What is an appointment, and where can there be one?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, NewType

from app.locations.hours import Hours
from app.values import CustomerId, LocationCode

AppointmentId = NewType("AppointmentId", str)
GRAIN = 300  # seconds; appointments begin and end at multiples of it


class AppointmentState(StrEnum):
    """Whether it takes place."""

    BOOKED = "BOOKED"
    CANCELLED = "CANCELLED"


class Place(NamedTuple):
    """A grain of a team's time at a location, by its beginning in seconds since 1970."""

    location: LocationCode
    team: str
    begins: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """Somebody's time with the staff of a store; `kind` says what for, `team` whose time."""

    id: AppointmentId
    version: int
    customer: CustomerId
    location: LocationCode
    kind: str
    team: str
    starts: datetime
    ends: datetime
    booked_at: datetime
    cancelled_at: datetime | None = None

    @property
    def state(self) -> AppointmentState:
        """Whether it takes place."""
        cancelled = self.cancelled_at is not None
        return AppointmentState.CANCELLED if cancelled else AppointmentState.BOOKED

    @property
    def places(self) -> frozenset[Place]:
        """What it takes of the team's time."""
        stretch = range(int(self.starts.timestamp()), int(self.ends.timestamp()), GRAIN)
        return frozenset(Place(self.location, self.team, begins) for begins in stretch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A kind of appointment at a location: `length` in seconds, `most` of its team at once."""

    location: LocationCode
    hours: Hours = field(repr=False)
    kind: str
    team: str
    length: int
    step: int
    most: int

    def left(self, taken: Mapping[int, int], start: int) -> int:
        """How many more can begin at a time, with so many taken of each grain."""
        stretch = range(start, start + self.length, GRAIN)
        return max(0, self.most - max(taken.get(begins, 0) for begins in stretch))


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """A time at which an appointment can begin, and how many can."""

    starts: datetime
    ends: datetime
    left: int
