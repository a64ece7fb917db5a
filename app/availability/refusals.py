"""Why can units not be promised? Each refusal says what there is."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.errors import Refusal
from app.values import LocationCode, Sku


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """What was asked of a SKU, and what there is; None where nobody could say.

    Without a location it is over all those that may sell it.
    """

    sku: Sku
    location: LocationCode | None = None
    asked: int
    available: int | None


class InsufficientStock(Refusal):
    """Some of what was asked is not there."""

    code = "INSUFFICIENT_STOCK"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        super().__init__("There is not enough stock for everything that was asked.")
        self.shortages = shortages


class StockUnknown(Refusal):
    """Nobody can say whether it is there: unknown is not zero, and not enough either."""

    code = "STOCK_UNKNOWN"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        super().__init__("What is not known to be there cannot be held: try again later.")
        self.shortages = shortages


class SlotsFull(Refusal):
    """Slots of work have taken all the orders they take."""

    code = "SLOTS_FULL"

    def __init__(self) -> None:
        super().__init__("There is no room for the order when it would be worked on.")


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
