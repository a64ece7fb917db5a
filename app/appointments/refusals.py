"""Why can an appointment not be had?"""

from collections.abc import Collection, Sequence
from datetime import datetime

from app.errors import Refusal


class InvalidAppointmentInput(Refusal):
    """What was asked cannot be; `path` leads to what is wrong, from the input on."""

    code = "INVALID_INPUT"

    def __init__(self, message: str, *, path: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.path = tuple(path)


class AppointmentNotFound(Refusal):
    """There is none, or it is another's: the two are not told apart."""

    code = "APPOINTMENT_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such appointment.")


class AppointmentVersionConflict(Refusal):
    """Somebody else has changed it meanwhile; `version` is the one it has."""

    code = "APPOINTMENT_VERSION_CONFLICT"

    def __init__(self, version: int) -> None:
        super().__init__("The appointment was changed meanwhile: look at it and ask again.")
        self.version = version


class AppointmentClosed(Refusal):
    """It was cancelled, or has begun."""

    code = "APPOINTMENT_CLOSED"

    def __init__(self) -> None:
        super().__init__("The appointment was cancelled, or has begun.")


class UnknownAppointmentKind(Refusal):
    """There is no such kind; `kinds` are those there are."""

    code = "APPOINTMENT_KIND_UNKNOWN"
    path = ("kind",)

    def __init__(self, kinds: Collection[str]) -> None:
        super().__init__("There is no such kind of appointment.")
        self.kinds = tuple(sorted(kinds))


class AppointmentsNotOffered(Refusal):
    """There is no such location, or it has no appointments of the kind."""

    code = "APPOINTMENT_NOT_OFFERED"
    path = ("location",)

    def __init__(self) -> None:
        super().__init__("The location has no appointments of this kind.")


class AppointmentLimitReached(Refusal):
    """They have as many to come as one may have."""

    code = "APPOINTMENT_LIMIT_REACHED"

    def __init__(self, most: int) -> None:
        super().__init__(f"Nobody has more than {most} appointments to come.")
        self.most = most


class StartRefused(Refusal):
    """It cannot begin then; `next_start` is the first from there on that is free, if one is."""

    path = ("start",)

    def __init__(self, message: str, next_start: datetime | None = None) -> None:
        super().__init__(message)
        self.next_start = next_start


class AppointmentFull(StartRefused):
    """All staff has appointments then."""

    code = "APPOINTMENT_FULL"

    def __init__(self, next_start: datetime | None = None) -> None:
        super().__init__("All staff has appointments at this time.", next_start)


class OutsideOpeningHours(StartRefused):
    """The store is closed before it would end."""

    code = "APPOINTMENT_OUTSIDE_HOURS"

    def __init__(self, next_start: datetime | None = None) -> None:
        super().__init__("The store is not open for all of it.", next_start)


class TooSoon(StartRefused):
    """It would begin before anybody could be ready."""

    code = "APPOINTMENT_TOO_SOON"

    def __init__(self, next_start: datetime | None = None) -> None:
        super().__init__("It would begin too soon.", next_start)


class TooFar(Refusal):
    """So far ahead nobody knows; `latest` is as far as one may book."""

    code = "APPOINTMENT_TOO_FAR"
    path = ("start",)

    def __init__(self, latest: datetime) -> None:
        super().__init__("It would begin too far ahead.")
        self.latest = latest
