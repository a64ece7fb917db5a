"""GraphQL face of what carts refuse; each refusal, also of orders, has its problem here."""

from collections.abc import Callable, Mapping
from typing import Any, Self

import strawberry

from app.api.carts import Cart
from app.api.context import Context
from app.api.hints import NOBODY_KEEPS
from app.api.loyalty_problems import POINT_PROBLEMS
from app.api.order_problems import (
    HoldLost,
    OrderNotCancellable,
    OrderNotFound,
    OrderNotPossible,
    PaymentNeeded,
)
from app.api.partner_problems import PARTNER_PROBLEMS
from app.api.pricing import Money
from app.api.problems import Problem, ProblemCode
from app.api.promises import PromiseDrift, drifted, places, problem
from app.availability import refusals as stock
from app.carts import refusals
from app.errors import Refusal
from app.loyalty import refusals as points
from app.orders import refusals as orders
from app.pricing.redeeming import CouponUsedUp
from app.promises.refusals import PromiseRefusal
from app.store.keys import KeyInProgress, KeyReused
from app.values import LocationCode, Sku


@strawberry.type(
    description="What was asked cannot be; path leads to what is wrong.", directives=NOBODY_KEEPS
)
class InvalidInput(Problem):
    """Wrong whatever the state of things."""


@strawberry.type(description="There is no such cart, or it has expired.", directives=NOBODY_KEEPS)
class CartNotFound(Problem):
    """A cart that is not the caller's looks the same."""


@strawberry.type(
    description="The cart was bought, or merged into another: it cannot be changed any more.",
    directives=NOBODY_KEEPS,
)
class CartClosed(Problem):
    """Nothing was done."""

    order_number: strawberry.ID | None = strawberry.field(
        description="The order that it was bought by; null where it was merged into another."
    )


@strawberry.type(
    description="The cart was changed since the caller saw it; nothing was done.",
    directives=NOBODY_KEEPS,
)
class CartVersionConflict(Problem):
    """Look at the cart and ask again."""

    current_version: int = strawberry.field(description="The version it has now.")
    cart: Cart = strawberry.field(description="The cart as it is now.")


@strawberry.type(
    description="Some SKUs do not exist, or have no price in the channel.", directives=NOBODY_KEEPS
)
class VariantNotSold(Problem):
    """Nothing was done, not even for the others."""

    skus: list[Sku] = strawberry.field(description="Those that are not sold.")


@strawberry.type(
    description="Nobody can say what some SKUs cost at the moment; try again.",
    directives=NOBODY_KEEPS,
)
class PriceUnknown(Problem):
    """Nothing was done, not even for the others."""

    skus: list[Sku] = strawberry.field(description="Those whose price is not known.")


@strawberry.type(
    description="It costs something else by the rules of now; nothing was done.",
    directives=NOBODY_KEEPS,
)
class PriceChanged(Problem):
    """Set its codes again, or update its lines, to take the new price."""

    before: Money = strawberry.field(description="What the lines cost as the caller knows them.")
    after: Money | None = strawberry.field(
        description="What they cost by now; null where the price of a unit has changed, too."
    )


@strawberry.type(
    description="A code of the cart is not good any more; nothing was done.",
    directives=NOBODY_KEEPS,
)
class DiscountCodeRefused(Problem):
    """Somebody else was faster, or this buyer has had theirs: which of these is not told."""

    discount_code: str = strawberry.field(description="The code, to be taken out of the cart.")


@strawberry.type(
    description="Carts of different channels or currencies cannot become one.",
    directives=NOBODY_KEEPS,
)
class CurrencyMismatch(Problem):
    """Prices are never converted."""


@strawberry.type(
    description="What was promised does not hold any more; nothing was done. Choose another.",
    directives=NOBODY_KEEPS,
)
class PromiseDrifted(Problem):
    """What was held before stays held."""

    drift: PromiseDrift = strawberry.field(description="What has changed, and what can be instead.")


@strawberry.type(
    description="The idempotency key cannot be used for this, or not now.", directives=NOBODY_KEEPS
)
class IdempotencyKeyRefused(Problem):
    """It stands for another request, or for one in progress."""


@strawberry.type(
    description="A code that is wrong, was used, or is too old.", directives=NOBODY_KEEPS
)
class HandOverCodeRefused(Problem):
    """Which of these is not told."""


@strawberry.type(description="What was asked of a SKU, and what there is.", directives=NOBODY_KEEPS)
class Shortage:
    """Without a location it is over all those that may sell it."""

    sku: Sku = strawberry.field(description="The SKU.")
    location: LocationCode | None = strawberry.field(
        description="The location that was chosen; null for all that the channel sells from."
    )
    asked: int = strawberry.field(description="Units that were asked for.")
    available: int | None = strawberry.field(
        description="Units that there are; null where nobody can say."
    )

    @classmethod
    def of(cls, shortage: stock.Shortage) -> Self:
        """Dress a shortage."""
        return cls(
            sku=shortage.sku,
            location=shortage.location,
            asked=shortage.asked,
            available=shortage.available,
        )


@strawberry.type(
    description="There are fewer units than were asked for; nothing was held.",
    directives=NOBODY_KEEPS,
)
class InsufficientStock(Problem):
    """What was held before stays held."""

    shortages: list[Shortage] = strawberry.field(description="What there is too little of.")


@strawberry.type(
    description="Nobody can say whether there is enough, and unknown stock is not held; try again.",
    directives=NOBODY_KEEPS,
)
class StockUnknown(Problem):
    """What was held before stays held."""

    shortages: list[Shortage] = strawberry.field(description="What is not known.")


def problem_of(refusal: Refusal, context: Context) -> Problem:
    """Dress a refusal."""
    if isinstance(refusal, PromiseRefusal):
        return problem(refusal)
    if isinstance(refusal, refusals.PromiseDrifted):
        return PromiseDrifted(
            code=ProblemCode.PROMISE_DRIFTED,
            message=str(refusal),
            path=["input"],
            drift=drifted(refusal.drift, places(context, None)),
        )
    type_, more = PROBLEMS[type(refusal)]
    path = ["input", *getattr(refusal, "path", ())]
    return type_(code=ProblemCode[refusal.code], message=str(refusal), path=path, **more(refusal))


def _nothing(_refusal: Any) -> dict[str, Any]:
    return {}


def _skus(refusal: Any) -> dict[str, Any]:
    return {"skus": list(refusal.skus)}


def _shortages(refusal: Any) -> dict[str, Any]:
    return {"shortages": [Shortage.of(one) for one in refusal.shortages]}


def _current(refusal: Any) -> dict[str, Any]:
    cart = refusal.cart
    return {"current_version": cart.version, "cart": Cart.of(cart)}


def _order(refusal: Any) -> dict[str, Any]:
    return {"order_number": refusal.order}


def _amounts(refusal: Any) -> dict[str, Any]:
    after = refusal.after
    return {
        "before": Money.of(refusal.before),
        "after": None if after is None else Money.of(after),
    }


def _due(refusal: Any) -> dict[str, Any]:
    return {"due": Money.of(refusal.due)}


def _coupon(refusal: Any) -> dict[str, Any]:
    return {"discount_code": refusal.coupon}


def _state(refusal: Any) -> dict[str, Any]:
    return {"state": refusal.state}


More = Callable[[Any], dict[str, Any]]
PROBLEMS: Mapping[type[Refusal], tuple[type[Problem], More]] = {
    **POINT_PROBLEMS,
    **PARTNER_PROBLEMS,
    points.PointsRefused: (InvalidInput, _nothing),
    refusals.InvalidCartInput: (InvalidInput, _nothing),
    refusals.LineNotFound: (InvalidInput, _nothing),
    refusals.CartNotFound: (CartNotFound, _nothing),
    refusals.CartClosed: (CartClosed, _order),
    refusals.CartVersionConflict: (CartVersionConflict, _current),
    refusals.VariantNotSold: (VariantNotSold, _skus),
    refusals.PriceUnknown: (PriceUnknown, _skus),
    refusals.CartPriceChanged: (PriceChanged, _amounts),
    orders.PartnerPriceChanged: (PriceChanged, _amounts),
    CouponUsedUp: (DiscountCodeRefused, _coupon),
    refusals.CurrencyMismatch: (CurrencyMismatch, _nothing),
    refusals.CodeRefused: (HandOverCodeRefused, _nothing),
    stock.InsufficientStock: (InsufficientStock, _shortages),
    stock.StockUnknown: (StockUnknown, _shortages),
    stock.HoldExpired: (HoldLost, _nothing),
    stock.HoldSuperseded: (HoldLost, _nothing),
    orders.OrderNotHeld: (HoldLost, _nothing),
    orders.PaymentNeeded: (PaymentNeeded, _due),
    orders.NobodyCarriesOut: (OrderNotPossible, _nothing),
    orders.NoRoom: (OrderNotPossible, _nothing),
    orders.OrderNotFound: (OrderNotFound, _nothing),
    orders.OrderNotCancellable: (OrderNotCancellable, _state),
    KeyReused: (IdempotencyKeyRefused, _nothing),
    KeyInProgress: (IdempotencyKeyRefused, _nothing),
}
