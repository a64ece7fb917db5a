"""Why can an order not be placed, found or stopped?"""

from collections.abc import Sequence

from app.errors import Refusal
from app.orders.model import OrderNumber, OrderState
from app.values import CurrencyCode, Money, Sku


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


class SkusNotOffered(Refusal):
    """A partner does not sell these: they are not in its assortment, or have no price for it."""

    def __init__(self, skus: Sequence[Sku], *, priced: bool) -> None:
        what = "in the assortment" if priced else "priced in this currency"
        super().__init__(f"Some SKUs are not {what}; nothing was ordered.")
        self.skus = skus
        self.code = "NOT_IN_ASSORTMENT" if priced else "NOT_PRICED"


class CurrencyNotAllowed(Refusal):
    """A partner does not buy in this currency, but in those `allowed`."""

    code = "CURRENCY_NOT_ALLOWED"

    def __init__(self, allowed: Sequence[CurrencyCode]) -> None:
        super().__init__("Orders are not settled in this currency.")
        self.allowed = allowed
        self.path = ("currency",)


class PartnerPriceChanged(Refusal):
    """A partner pays something else by now than it was told last."""

    code = "PRICE_CHANGED"

    def __init__(self, before: Money, after: Money) -> None:
        super().__init__("Some prices have changed, and are told in a moment: order again then.")
        self.before = before
        self.after = after


class ReferenceUsed(Refusal):
    """The partner calls another order so."""

    code = "REFERENCE_USED"

    def __init__(self, number: OrderNumber) -> None:
        super().__init__("Another order has this reference.")
        self.number = number
        self.path = ("reference",)


class NoRoom(Refusal):
    """There is stock, and nobody has the time to send it."""

    code = "ORDER_NOT_POSSIBLE"

    def __init__(self) -> None:
        super().__init__("Others were faster again and again: try again in a moment.")


class MarketOrderNotReady(Refusal):
    """What a marketplace tells of an order is not enough to carry it out, now or ever."""

    code = "ORDER_NOT_POSSIBLE"
