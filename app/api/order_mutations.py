"""GraphQL face of what can be done with orders."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import strawberry

from app.api import order_inputs as given
from app.api.cart_problems import (
    CartClosed,
    CartNotFound,
    CartVersionConflict,
    DiscountCodeRefused,
    IdempotencyKeyRefused,
    InsufficientStock,
    InvalidInput,
    PriceChanged,
    PromiseDrifted,
    problem_of,
)
from app.api.carts import cart_key
from app.api.context import Context, Info
from app.api.hints import NOBODY_KEEPS
from app.api.loyalty_problems import PointsNotUsable
from app.api.order_problems import (
    HoldLost,
    OrderNotCancellable,
    OrderNotFound,
    OrderNotPossible,
    PaymentDeclined,
    PaymentNeeded,
)
from app.api.orders import Order
from app.api.problems import ProblemCode
from app.api.promises import (
    DestinationProblem,
    QuantityProblem,
    SkuProblem,
    StoreProblem,
    TokenProblem,
)
from app.carts.acting import Request, at_version
from app.carts.model import Cart, CartPromise
from app.errors import Refusal
from app.orders import buying, model
from app.orders.model import CancelReason, OrderState
from app.orders.service import Placed
from app.promises.model import Destination
from app.promises.refusals import DestinationRefused
from app.store.keys import Once

Input = strawberry.argument(description="All that it takes.")
PAYMENT = {CancelReason.PAYMENT_DECLINED, CancelReason.PAYMENT_FAILED}


@strawberry.type(description="The order is there.", directives=NOBODY_KEEPS)
class OrderPlaced:
    """The token is told to whoever has the idempotency key."""

    order: Order = strawberry.field(
        description="The order as it stands; PENDING_CONFIRMATION: ask again with the same key."
    )
    access_token: str = strawberry.field(
        description="Who has it may look at the order and cancel it, signed in or not; keep it."
    )


@strawberry.type(description="The order is being cancelled.", directives=NOBODY_KEEPS)
class OrderCancelled:
    """It is CANCELLED once everybody has been told."""

    order: Order = strawberry.field(description="The order as it stands.")


OrderPlaceResult = Annotated[
    OrderPlaced
    | PaymentDeclined
    | PaymentNeeded
    | HoldLost
    | OrderNotPossible
    | InsufficientStock
    | PointsNotUsable
    | PriceChanged
    | DiscountCodeRefused
    | PromiseDrifted
    | QuantityProblem
    | SkuProblem
    | DestinationProblem
    | StoreProblem
    | TokenProblem
    | InvalidInput
    | CartNotFound
    | CartClosed
    | CartVersionConflict
    | IdempotencyKeyRefused,
    strawberry.union("OrderPlaceResult", description="What came of orderPlace."),
]
OrderCancelResult = Annotated[
    OrderCancelled | OrderNotFound | OrderNotCancellable,
    strawberry.union("OrderCancelResult", description="What came of orderCancel."),
]


async def _placed(context: Context, asked: given.OrderPlaceInput) -> Placed:
    once = asked.once()
    orders = context.services.orders
    if (before := await orders.again(once, asked.payment_token)) is not None:
        return before
    try:
        return await _bought(context, asked, once)
    except Refusal:
        # Sent twice at once, the other may have been done in between, and then the hold is gone.
        if (meanwhile := await orders.again(once, asked.payment_token)) is not None:
            return meanwhile
        raise


async def _bought(context: Context, asked: given.OrderPlaceInput, once: Once) -> Placed:
    services = context.services
    terms, by = buying.sound(asked.terms(once)), context.looking()
    found = await services.carts.find(cart_key(asked.cart_id), now=context.now, by=by)
    cart = at_version(found, asked.version)
    request = Request(now=context.now, inquiry=context.inquiry)
    await services.cart_codes.checked(cart, request)
    promises = await _promised(context, cart, request, terms.destination)
    own = await services.customers.enrolled(context.principal, now=context.now)
    bought = replace(cart, customer=cart.customer or own)
    points = services.cart_points.agreed(bought, context.now)
    redeemed = services.cart_codes.redemptions(bought, terms.buyer.email)
    purchase = buying.purchase(bought, promises, terms, points)
    purchase = buying.payable(purchase, charged=services.orders.charged)
    return await services.orders.place(replace(purchase, redemptions=redeemed))


async def _promised(
    context: Context, cart: Cart, request: Request, to: Destination | None
) -> Sequence[CartPromise]:
    """The promises of a cart whose units are held, for where it is sent."""
    try:
        return await context.services.cart_promises.checked(cart, request, to=to, held=True)
    except DestinationRefused as refusal:
        refusal.path = ("input", "address")  # where an order says it
        raise


def _told(placed: Placed) -> Any:
    order = placed.order
    if order.state is OrderState.REFUSED and order.reason in PAYMENT:
        return PaymentDeclined(
            code=ProblemCode.PAYMENT_DECLINED,
            message="The payment was declined, and nothing is kept for the order.",
            path=["input", "paymentToken"],
            order=Order.of(order),
        )
    return OrderPlaced(order=Order.of(order), access_token=placed.access_token)


@strawberry.type
class OrderMutations:
    """The root fields that change orders."""

    @strawberry.mutation(
        description="An order for what a cart holds: its goods and its money, or neither."
    )
    async def order_place(
        self,
        info: Info,
        input: Annotated[given.OrderPlaceInput, Input],  # noqa: A002
    ) -> OrderPlaceResult:
        """Place."""
        try:
            done: OrderPlaceResult = _told(await _placed(info.context, input))
        except Refusal as refusal:
            done = problem_of(refusal, info.context)  # type: ignore[assignment]  # one of the union's
        return done

    @strawberry.mutation(description="Stop an order, as long as nothing has left.")
    async def order_cancel(
        self,
        info: Info,
        input: Annotated[given.OrderCancelInput, Input],  # noqa: A002
    ) -> OrderCancelResult:
        """Cancel."""
        orders = info.context.services.orders
        try:
            viewer = info.context.looking()
            found = await orders.find(input.number, access=input.access_token, by=viewer)
            reason = CancelReason.STAFF if viewer.house else CancelReason.BUYER
            cancelled: model.Order = await orders.cancel(found.number, reason)
        except Refusal as refusal:
            refused: OrderCancelResult = problem_of(refusal, info.context)  # type: ignore[assignment]  # as above
            return refused
        return OrderCancelled(order=Order.of(cancelled))
