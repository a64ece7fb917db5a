"""Why can an order not be placed, found or stopped?"""

from app.errors import Refusal
from app.orders.model import OrderState
from app.values import Money


class OrderNotFound(Refusal):
    """There is none, or the caller may not see it: the two are not told apart."""

    code = "ORDER_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such order.")


class OrderNotCancellable(Refusal):
    """It has gone too far, or is over."""

    code = "ORDER_NOT_CANCELLABLE"

    def __init__(self, state: OrderState) -> None:
        super().__init__("The order cannot be cancelled any more.")
        self.state = state


class OrderNotHeld(Refusal):
    """What is to be bought is not what is held."""

    code = "ORDER_NOT_HELD"

    def __init__(self) -> None:
        super().__init__("The lines of the order are not what is held: hold them again.")


class PaymentNeeded(Refusal):
    """Something is to be paid in money, and nothing was said of how."""

    code = "PAYMENT_NEEDED"
    path = ("paymentToken",)

    def __init__(self, due: Money) -> None:
        super().__init__(
            f"{due.amount} {due.currency} are to be paid: ask again with a paymentToken, under the"
            " same key; or pay all of it with points."
        )
        self.due = due


class NobodyCarriesOut(Refusal):
    """No connection takes orders for one of the locations."""

    code = "ORDER_NOT_POSSIBLE"

    def __init__(self) -> None:
        super().__init__("Nothing can be ordered from one of the locations.")


class MarketOrderNotReady(Refusal):
    """What a marketplace tells of an order is not enough to carry it out, now or ever."""

    code = "ORDER_NOT_POSSIBLE"
