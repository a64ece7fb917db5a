"""Why can a cart not be changed like that? Each refusal says what to do instead."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.errors import Refusal
from app.values import Money, Sku

if TYPE_CHECKING:
    from app.carts.model import Cart
    from app.promises.drift import PromiseDrift


class InvalidCartInput(Refusal):
    """What was asked cannot be; `path` leads to what is wrong, from the input on."""

    code = "INVALID_INPUT"

    def __init__(self, message: str, *, path: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.path = tuple(path)


class LineNotFound(InvalidCartInput):
    """The cart has no such line; it was named in a `field` of the input, at a `place`."""

    def __init__(self, field: str, place: int) -> None:
        message = "The cart has no such line: pass an id of one of its lines."
        super().__init__(message, path=(field, str(place)))


class CartNotFound(Refusal):
    """There is no such cart, or none that this caller knows of, or it has expired."""

    code = "CART_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such cart, or it has expired: create a new one.")


class CartClosed(Refusal):
    """The cart was bought, by the `order` with that number, or merged into another."""

    code = "CART_CLOSED"

    def __init__(self, order: str | None = None) -> None:
        bought = "The cart was bought: look at its order, and create a new cart for more."
        merged = "The cart was merged into another: use that one."
        super().__init__(merged if order is None else bought)
        self.order = order


class CartVersionConflict(Refusal):
    """Somebody else has changed it meanwhile; `cart` is how it is now."""

    code = "CART_VERSION_CONFLICT"

    def __init__(self, cart: "Cart") -> None:
        super().__init__("The cart was changed meanwhile: look at it and ask again.")
        self.cart = cart


class PromiseDrifted(Refusal):
    """A promise does not hold any more; `drift` says why, and what can be promised instead."""

    code = "PROMISE_DRIFTED"

    def __init__(self, drift: "PromiseDrift") -> None:
        super().__init__("The promise does not hold any more: choose another.")
        self.drift = drift


class VariantNotSold(Refusal):
    """Some of what was asked does not exist, or has no price in this channel."""

    code = "VARIANT_NOT_SOLD"

    def __init__(self, skus: Sequence[Sku]) -> None:
        super().__init__("Not everything that was asked is sold through this channel.")
        self.skus = tuple(skus)


class PriceUnknown(Refusal):
    """Nobody can say what some of it costs."""

    code = "PRICE_UNKNOWN"

    def __init__(self, skus: Sequence[Sku]) -> None:
        super().__init__("The price of something is not known at the moment: try again later.")
        self.skus = tuple(skus)


class CartPriceChanged(Refusal):
    """By the rules of now it costs something else than it says; `after` None: prices, too."""

    code = "PRICE_CHANGED"

    def __init__(self, before: Money, after: Money | None) -> None:
        super().__init__("The cart costs something else by now: look at it and agree to it.")
        self.before = before
        self.after = after


class CurrencyMismatch(Refusal):
    """Two carts of different channels."""

    code = "CURRENCY_MISMATCH"

    def __init__(self) -> None:
        super().__init__("Carts of different channels or currencies cannot become one.")


class CodeRefused(Refusal):
    """A code that is wrong, used or too old: which of these is not told."""

    code = "HAND_OVER_CODE_REFUSED"

    def __init__(self) -> None:
        super().__init__("This code is not valid, or not any more: ask for a new one.")
