"""GraphQL face of what can be done with a cart as a whole: promise, merge, hand over, hold."""

from typing import Annotated, Any

import strawberry

from app.api import cart_inputs as given
from app.api.cart_mutations import Input, changed, on_cart
from app.api.cart_problems import problem_of
from app.api.cart_results import (
    CartHandedOver,
    CartHandOverResult,
    CartHoldReleaseResult,
    CartHoldResult,
    CartMergeResult,
    CartPromiseSelectResult,
    CartTakeOverResult,
)
from app.api.carts import cart_key
from app.api.context import Info
from app.carts import model
from app.carts.acting import Request
from app.carts.model import CartId
from app.errors import Refusal


@strawberry.type
class WholeCartMutations:
    """The root fields that say where a cart goes, who has it, and what is held for it."""

    @strawberry.mutation(
        description=(
            "Choose how lines reach the buyer, by an option of promiseOptions for exactly these"
            " lines. What was held for the cart is released: hold it again, where it was promised."
        )
    )
    async def cart_promise_select(
        self,
        info: Info,
        input: Annotated[given.CartPromiseSelectInput, Input],  # noqa: A002
    ) -> CartPromiseSelectResult:
        """Choose."""

        async def act(cart: CartId, request: Request) -> model.Cart:
            numbers = None if input.line_ids is None else given.numbers_of(input.line_ids)
            promises = info.context.services.cart_promises
            return await promises.select(cart, input.version, input.choice(), numbers, request)

        done: CartPromiseSelectResult = await on_cart(act, input, info.context)
        return done

    @strawberry.mutation(
        description=(
            "Put what is in one cart into another and close it, as when a guest signs in. Asked"
            " again it gives the cart as it is."
        )
    )
    async def cart_merge(
        self,
        info: Info,
        input: Annotated[given.CartMergeInput, Input],  # noqa: A002
    ) -> CartMergeResult:
        """Merge."""

        async def act() -> model.Cart:
            source, into = cart_key(input.from_), cart_key(input.into)
            request = given.request_of(info.context, into, input)
            return await info.context.services.carts.merge(source, into, input.version, request)

        done: CartMergeResult = await changed(act, info.context)
        return done

    @strawberry.mutation(
        description="A short code by which another device takes the cart over, once and soon."
    )
    async def cart_hand_over(
        self,
        info: Info,
        input: Annotated[given.CartHandOverInput, Input],  # noqa: A002
    ) -> CartHandOverResult:
        """Offer."""
        context = info.context
        try:
            code, until = await context.services.hand_overs.offer(
                cart_key(input.cart_id), now=context.now, by=context.looking()
            )
        except Refusal as refusal:
            refused: Any = problem_of(refusal, context)
            done: CartHandOverResult = refused
            return done
        return CartHandedOver(take_over_code=code, expires_at=until)

    @strawberry.mutation(description="The cart that a code stands for; both devices have it then.")
    async def cart_take_over(
        self,
        info: Info,
        input: Annotated[given.CartTakeOverInput, Input],  # noqa: A002
    ) -> CartTakeOverResult:
        """Take."""

        async def act() -> model.Cart:
            request = given.request_of(info.context, None, input)
            return await info.context.services.hand_overs.take(input.code, request)

        done: CartTakeOverResult = await changed(act, info.context)
        return done

    @strawberry.mutation(
        description=(
            "Hold all units of a cart for a while, in the place of what it held before; or say what"
            " is missing. A change of its lines ends it."
        )
    )
    async def cart_hold(
        self,
        info: Info,
        input: Annotated[given.CartHoldInput, Input],  # noqa: A002
    ) -> CartHoldResult:
        """Hold."""

        async def act(cart: CartId, request: Request) -> model.Cart:
            parts = None if input.parts is None else given.parts_of(input.parts)
            holds = info.context.services.cart_holds
            return await holds.hold(cart, input.version, parts, request)

        done: CartHoldResult = await on_cart(act, input, info.context)
        return done

    @strawberry.mutation(description="Hold nothing for a cart any more.")
    async def cart_hold_release(
        self,
        info: Info,
        input: Annotated[given.CartHoldReleaseInput, Input],  # noqa: A002
    ) -> CartHoldReleaseResult:
        """Release."""

        async def act(cart: CartId, request: Request) -> model.Cart:
            return await info.context.services.cart_holds.release(cart, input.version, request)

        done: CartHoldReleaseResult = await on_cart(act, input, info.context)
        return done
