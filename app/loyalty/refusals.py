"""Why can points not be had, or not be spent?"""

from app.errors import Refusal


class NotAMember(Refusal):
    """Nobody by this id takes part."""

    code = "LOYALTY_NOT_A_MEMBER"

    def __init__(self) -> None:
        super().__init__("There is no loyalty account: enrol first.")


class NoCustomer(Refusal):
    """The cart is nobody's."""

    code = "CART_HAS_NO_CUSTOMER"

    def __init__(self) -> None:
        super().__init__("The cart is of no customer: sign in to spend points.")


class CardRefused(Refusal):
    """It is no card, or another's: the two are told apart by the check digit only."""

    code = "LOYALTY_CARD_REFUSED"

    def __init__(self, message: str) -> None:
        super().__init__(message)


class NotEnoughPoints(Refusal):
    """Fewer points can be spent than were asked for; `available` can."""

    code = "INSUFFICIENT_POINTS"

    def __init__(self, *, asked: int, available: int) -> None:
        super().__init__(f"{asked:,} points were asked for, and {available:,} are available.")
        self.asked = asked
        self.available = available


class PointsExpired(NotEnoughPoints):
    """As many were there a while ago, and have expired since."""

    code = "POINTS_EXPIRED"


class PointsNotUsable(Refusal):
    """So many points cannot be spent on this; `least`, `step` and `most` say how many can."""

    code = "POINTS_NOT_USABLE"

    def __init__(self, *, least: int, step: int, most: int) -> None:
        super().__init__(
            f"Between {least:,} and {most:,} points, in steps of {step:,}, can be spent on this."
            if most
            else "No points can be spent on this."
        )
        self.least = least
        self.step = step
        self.most = most


class PointsRefused(Refusal):
    """What was asked of points cannot be."""

    code = "INVALID_INPUT"
    path: tuple[str, ...]

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(message)
        self.path = path


class ProgrammeSilent(Refusal):
    """The programme that keeps the points does not say whether it is done."""

    code = "LOYALTY_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("The loyalty programme does not answer: try again later.")
