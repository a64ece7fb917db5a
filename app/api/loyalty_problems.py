"""GraphQL face of what is refused of points."""

from collections.abc import Mapping
from typing import Any

import strawberry

from app.api.hints import NOBODY_KEEPS
from app.api.problems import Problem
from app.errors import Refusal
from app.loyalty import refusals


@strawberry.type(
    description="The customer takes no part in the loyalty programme.", directives=NOBODY_KEEPS
)
class NotAMember(Problem):
    """Enrol first; a customer that is not the caller's looks the same."""


@strawberry.type(
    description="The cart is of no customer, and a guest has no points.", directives=NOBODY_KEEPS
)
class CartWithoutCustomer(Problem):
    """Sign in first."""


@strawberry.type(
    description="It is not the number of a card, or of another's.", directives=NOBODY_KEEPS
)
class LoyaltyCardRefused(Problem):
    """Nothing was done."""


@strawberry.type(
    description="Fewer points can be spent than were asked for; nothing was done.",
    directives=NOBODY_KEEPS,
)
class InsufficientPoints(Problem):
    """POINTS_EXPIRED: as many were there within the last thirty days, and have expired since."""

    asked: int = strawberry.field(description="Points that were asked for.")
    available: int = strawberry.field(description="Points that can be spent.")


@strawberry.type(
    description="So many points cannot be spent on this; nothing was done.",
    directives=NOBODY_KEEPS,
)
class PointsNotUsable(Problem):
    """Others can, if most is more than none."""

    least: int = strawberry.field(description="The fewest that can be spent.")
    step: int = strawberry.field(description="Only multiples of it can be spent.")
    most: int = strawberry.field(description="The most that can be spent on it; 0 where none.")


@strawberry.type(
    description="The loyalty programme does not answer; nothing was done here. Try again.",
    directives=NOBODY_KEEPS,
)
class LoyaltyUnavailable(Problem):
    """What it may have done meanwhile is undone in time."""


def _points(refusal: Any) -> dict[str, Any]:
    return {"asked": refusal.asked, "available": refusal.available}


def _steps(refusal: Any) -> dict[str, Any]:
    return {"least": refusal.least, "step": refusal.step, "most": refusal.most}


def _nothing(_refusal: Any) -> dict[str, Any]:
    return {}


POINT_PROBLEMS: Mapping[type[Refusal], tuple[type[Problem], Any]] = {
    refusals.NotAMember: (NotAMember, _nothing),
    refusals.NoCustomer: (CartWithoutCustomer, _nothing),
    refusals.CardRefused: (LoyaltyCardRefused, _nothing),
    refusals.NotEnoughPoints: (InsufficientPoints, _points),
    refusals.PointsExpired: (InsufficientPoints, _points),
    refusals.ProgrammeSilent: (LoyaltyUnavailable, _nothing),
    refusals.PointsNotUsable: (PointsNotUsable, _steps),
}
