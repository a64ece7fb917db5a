"""Why can units not be promised? Each refusal says what there is."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.availability.model import Spot
from app.errors import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """What was asked of one spot, and what there is; None where nobody could say."""

    spot: Spot
    asked: int
    available: int | None


class InsufficientStock(Refusal):
    """Some of what was asked is not there."""

    code = "INSUFFICIENT_STOCK"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        super().__init__("There is not enough stock for everything that was asked.")
        self.shortages = shortages


class HoldExpired(Refusal):
    """The hold ran out."""

    code = "HOLD_EXPIRED"

    def __init__(self) -> None:
        super().__init__("The hold has expired: place it again.")


class HoldSuperseded(Refusal):
    """The hold is not the holder's last one."""

    code = "HOLD_SUPERSEDED"

    def __init__(self) -> None:
        super().__init__("The hold was released, or replaced by a later one.")
