"""GraphQL face of what can be done with points."""

from typing import Annotated, Any

import strawberry

from app.api.cart_inputs import VERSION, once_only
from app.api.cart_mutations import Input, on_cart
from app.api.cart_problems import (
    CartClosed,
    CartNotFound,
    CartVersionConflict,
    IdempotencyKeyRefused,
    InvalidInput,
    problem_of,
)
from app.api.cart_results import CartChanged
from app.api.context import Info
from app.api.hints import NOBODY_KEEPS
from app.api.loyalty import LoyaltyAccount, whose
from app.api.loyalty_problems import (
    CartWithoutCustomer,
    InsufficientPoints,
    LoyaltyCardRefused,
    LoyaltyUnavailable,
    NotAMember,
    PointsNotUsable,
)
from app.carts import model
from app.carts.acting import Request, once_of
from app.carts.model import CartId
from app.errors import Refusal
from app.loyalty import refusals


@strawberry.input(description="Points that are to pay for a cart.")
class CartPointsSetInput:
    """See cartPointsSet."""

    cart_id: strawberry.ID = strawberry.field(description="The id of a cart.")
    version: int = strawberry.field(description=VERSION)
    points: int = strawberry.field(description="How many; 0 to spend none.")
    idempotency_key: str | None = once_only()


@strawberry.input(description="Somebody who takes part.")
class LoyaltyEnrolInput:
    """See loyaltyEnrol."""

    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of a customer, which staff give; shoppers are themselves."
    )
    card_number: str | None = strawberry.field(
        default=None,
        description="The number of a card, 13 digits of which the last is the check digit.",
    )


@strawberry.input(description="Points given or taken by staff.")
class PointsAdjustInput:
    """See pointsAdjust."""

    customer_id: strawberry.ID = strawberry.field(description="The id of a customer.")
    points: int = strawberry.field(description="Points given, or taken where below zero.")
    reason: str = strawberry.field(
        description="Why, 1 to 200 characters; the customer can read it."
    )
    idempotency_key: str = strawberry.field(
        description="16 to 100 characters that are only this request's, such as a UUID: asked again"
        " with the same key, it is done once."
    )


@strawberry.type(description="It was done.", directives=NOBODY_KEEPS)
class LoyaltyChanged:
    """The success."""

    account: LoyaltyAccount = strawberry.field(description="The account after it.")


CartPointsSetResult = Annotated[
    CartChanged
    | InvalidInput
    | CartNotFound
    | CartClosed
    | CartVersionConflict
    | CartWithoutCustomer
    | NotAMember
    | InsufficientPoints
    | PointsNotUsable
    | LoyaltyUnavailable
    | IdempotencyKeyRefused,
    strawberry.union("CartPointsSetResult", description="What came of cartPointsSet."),
]
LoyaltyEnrolResult = Annotated[
    LoyaltyChanged | NotAMember | LoyaltyCardRefused | LoyaltyUnavailable,
    strawberry.union("LoyaltyEnrolResult", description="What came of loyaltyEnrol."),
]
PointsAdjustResult = Annotated[
    LoyaltyChanged
    | NotAMember
    | InsufficientPoints
    | InvalidInput
    | LoyaltyUnavailable
    | IdempotencyKeyRefused,
    strawberry.union("PointsAdjustResult", description="What came of pointsAdjust."),
]


@strawberry.type
class LoyaltyMutations:
    """The root fields that change points."""

    @strawberry.mutation(
        description=(
            "Spend so many of the customer's points on a cart, as a means of payment: prices stay."
            " What was held for the cart is released: hold it again, points and units together."
        )
    )
    async def cart_points_set(
        self,
        info: Info,
        input: Annotated[CartPointsSetInput, Input],  # noqa: A002
    ) -> CartPointsSetResult:
        """Say how many."""

        async def act(cart: CartId, request: Request) -> model.Cart:
            points = info.context.services.cart_points
            return await points.set(cart, input.version, input.points, request)

        done: CartPointsSetResult = await on_cart(act, input, info.context)
        return done

    @strawberry.mutation(
        description=(
            "Take part in the loyalty programme, with a card that is given or a new one. What was"
            " bought with the card before earns now. Asked again, nothing changes."
        )
    )
    async def loyalty_enrol(
        self,
        info: Info,
        input: Annotated[LoyaltyEnrolInput, Input],  # noqa: A002
    ) -> LoyaltyEnrolResult:
        """Enrol."""
        context = info.context
        try:
            customer = await whose(context, input.customer_id)
            if customer is None and input.customer_id is None:
                customer = await context.services.customers.enrolled(
                    context.principal, now=context.now
                )
            if customer is None or not await context.services.customers.find([customer]):
                raise refusals.NotAMember
            account = await context.services.loyalty.enrol(
                customer, input.card_number, now=context.now
            )
        except Refusal as refusal:
            refused: Any = problem_of(refusal, context)
            done: LoyaltyEnrolResult = refused
            return done
        return LoyaltyChanged(account=LoyaltyAccount.of(account))

    @strawberry.mutation(
        description="Give somebody points, or take some, with the reason why; once a key."
    )
    async def points_adjust(
        self,
        info: Info,
        input: Annotated[PointsAdjustInput, Input],  # noqa: A002
    ) -> PointsAdjustResult:
        """Adjust."""
        context = info.context
        try:
            once_of("loyalty", input.idempotency_key, "")
            if (customer := await whose(context, input.customer_id)) is None:
                raise refusals.NotAMember
            account = await context.services.loyalty.adjust(
                customer,
                input.points,
                reason=input.reason,
                key=input.idempotency_key,
                now=context.now,
            )
        except Refusal as refusal:
            refused: Any = problem_of(refusal, context)
            done: PointsAdjustResult = refused
            return done
        return LoyaltyChanged(account=LoyaltyAccount.of(account))
