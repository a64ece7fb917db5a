"""GraphQL face of why an appointment cannot be had."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from app.api.cart_problems import InvalidInput
from app.api.customer_problems import TYPES as OF_CUSTOMERS
from app.api.hints import NOBODY_KEEPS
from app.api.problems import Problem, ProblemCode
from app.appointments import refusals
from app.errors import Refusal

NEXT = "The first free start from there on; null where there is none."


@strawberry.type(
    description="There is no such appointment, or it is not the caller's.", directives=NOBODY_KEEPS
)
class AppointmentNotFound(Problem):
    """Which of the two is not told."""


@strawberry.type(
    description="The appointment was changed since the caller saw it; nothing was done.",
    directives=NOBODY_KEEPS,
)
class AppointmentVersionConflict(Problem):
    """Look at it and ask again."""

    current_version: int = strawberry.field(description="The version it has now.")


@strawberry.type(
    description="The appointment was cancelled, or has begun.", directives=NOBODY_KEEPS
)
class AppointmentClosed(Problem):
    """It stays as it is."""


@strawberry.type(description="There is no such kind of appointment.", directives=NOBODY_KEEPS)
class UnknownAppointmentKind(Problem):
    """Nothing was done."""

    kinds: list[str] = strawberry.field(description="The kinds there are, by their codes.")


@strawberry.type(
    description="There is no such location, or it has no appointments of the kind.",
    directives=NOBODY_KEEPS,
)
class AppointmentsNotOffered(Problem):
    """Nothing was done."""


@strawberry.type(
    description="The customer has as many appointments to come as one may have.",
    directives=NOBODY_KEEPS,
)
class AppointmentLimitReached(Problem):
    """Cancel one first."""

    most: int = strawberry.field(description="How many that is.")


@strawberry.type(
    description="All staff has appointments at this time; nothing was done.",
    directives=NOBODY_KEEPS,
)
class AppointmentFull(Problem):
    """Another was faster."""

    next_start: datetime | None = strawberry.field(description=NEXT)


@strawberry.type(
    description="The store is not open for all of it; nothing was done.", directives=NOBODY_KEEPS
)
class AppointmentOutsideHours(Problem):
    """Public holidays count."""

    next_start: datetime | None = strawberry.field(description=NEXT)


@strawberry.type(
    description="It would begin too soon, or has begun; nothing was done.", directives=NOBODY_KEEPS
)
class AppointmentTooSoon(Problem):
    """Staff needs no notice."""

    next_start: datetime | None = strawberry.field(description=NEXT)


@strawberry.type(
    description="It would begin too far ahead; nothing was done.", directives=NOBODY_KEEPS
)
class AppointmentTooFar(Problem):
    """Ask again later."""

    latest: datetime = strawberry.field(description="As far as one may book now.")


TYPES: Mapping[type[Refusal], type[Problem]] = {
    **OF_CUSTOMERS,
    refusals.InvalidAppointmentInput: InvalidInput,
    refusals.AppointmentNotFound: AppointmentNotFound,
    refusals.AppointmentVersionConflict: AppointmentVersionConflict,
    refusals.AppointmentClosed: AppointmentClosed,
    refusals.UnknownAppointmentKind: UnknownAppointmentKind,
    refusals.AppointmentsNotOffered: AppointmentsNotOffered,
    refusals.AppointmentLimitReached: AppointmentLimitReached,
    refusals.AppointmentFull: AppointmentFull,
    refusals.OutsideOpeningHours: AppointmentOutsideHours,
    refusals.TooSoon: AppointmentTooSoon,
    refusals.TooFar: AppointmentTooFar,
}


def appointment_problem(refusal: Refusal) -> Problem:
    """Dress a refusal."""
    path = ["input", *getattr(refusal, "path", ())]
    code = ProblemCode[refusal.code]
    return TYPES[type(refusal)](code=code, message=str(refusal), path=path, **_more(refusal))


def _more(refusal: Refusal) -> dict[str, Any]:
    match refusal:
        case refusals.AppointmentVersionConflict():
            return {"current_version": refusal.version}
        case refusals.UnknownAppointmentKind():
            return {"kinds": list(refusal.kinds)}
        case refusals.AppointmentLimitReached():
            return {"most": refusal.most}
        case refusals.StartRefused():
            return {"next_start": refusal.next_start}
        case refusals.TooFar():
            return {"latest": refusal.latest}
    return {}
