"""GraphQL face of what can be put into carts, for whom: one input, one result or refusals."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Protocol

import strawberry

from app.api import cart_inputs as given
from app.api.cart_problems import problem_of
from app.api.cart_results import (
    CartBuyerSetResult,
    CartChanged,
    CartCreateResult,
    CartCustomerSetResult,
    CartDiscountCodesSetResult,
    CartLinesAddResult,
    CartLinesRemoveResult,
    CartLinesUpdateResult,
)
from app.api.carts import Cart, cart_key
from app.api.context import Context, Info
from app.api.nodes import key_of
from app.carts import model
from app.carts.acting import Request
from app.carts.model import CartId
from app.carts.refusals import InvalidCartInput
from app.errors import InvalidInputError, Refusal
from app.values import CustomerId

Input = strawberry.argument(description="All that it takes.")
WHOSE, NO_SUCH_CUSTOMER = "Say which customer's it is.", "There is no such customer."


class ToCart(Protocol):
    """What is asked of a cart that is there."""

    cart_id: strawberry.ID


async def changed(act: Callable[[], Awaitable[model.Cart]], context: Context) -> Any:
    """What came of an act: the cart, or why not."""
    try:
        return CartChanged(cart=Cart.of(await act()))
    except Refusal as refusal:
        return problem_of(refusal, context)


async def on_cart(
    act: Callable[[CartId, Request], Awaitable[model.Cart]], asked: ToCart, context: Context
) -> Any:
    """The same of an act on the cart that the input names."""

    async def named() -> model.Cart:
        cart = cart_key(asked.cart_id)
        return await act(cart, given.request_of(context, cart, asked))

    return await changed(named, context)


async def _customer(context: Context, named: str | None) -> CustomerId:
    """The customer that a caller may name.

    Raises:
        InvalidCartInput: they may not, or there is none.
    """
    path = ("customerId",)
    try:
        asked = None if named is None else CustomerId(key_of(named, "Customer"))
    except InvalidInputError as error:
        raise InvalidCartInput(NO_SUCH_CUSTOMER, path=path) from error
    found = await context.services.customers.named(context.principal, asked, now=context.now)
    if found is None:
        raise InvalidCartInput(WHOSE if named is None else NO_SUCH_CUSTOMER, path=path)
    return found


@strawberry.type
class CartMutations:
    """The root fields that change what is in carts, and whose they are."""

    @strawberry.mutation(description="A new cart.")
    async def cart_create(
        self,
        info: Info,
        input: Annotated[given.CartCreateInput, Input],  # noqa: A002
    ) -> CartCreateResult:
        """Open one."""

        async def act() -> model.Cart:
            context = info.context
            try:
                channel, _ = context.services.channel(input.channel)
            except InvalidInputError as error:
                raise InvalidCartInput(str(error), path=["channel"]) from error
            items = given.items_of(input.lines)
            request = given.request_of(context, None, input)
            services = context.services
            own = await services.customers.enrolled(context.principal, now=context.now)
            return await services.carts.create(channel.code, items, request, own)

        done: CartCreateResult = await changed(act, info.context)
        return done

    @strawberry.mutation(description="More units, at the prices of now; a SKU has one line.")
    async def cart_lines_add(
        self,
        info: Info,
        input: Annotated[given.CartLinesAddInput, Input],  # noqa: A002
    ) -> CartLinesAddResult:
        """Add."""

        async def act(cart: CartId, request: Request) -> model.Cart:
            items = given.items_of(input.lines)
            return await info.context.services.carts.add(cart, input.version, items, request)

        done: CartLinesAddResult = await on_cart(act, input, info.context)
        return done

    @strawberry.mutation(description="Other quantities of lines, at the prices of now.")
    async def cart_lines_update(
        self,
        info: Info,
        input: Annotated[given.CartLinesUpdateInput, Input],  # noqa: A002
    ) -> CartLinesUpdateResult:
        """Update."""

        async def act(cart: CartId, request: Request) -> model.Cart:
            lines = [
                (given.number_of(one.line_id, "lines", str(place), "lineId"), one.quantity)
                for place, one in enumerate(input.lines)
            ]
            return await info.context.services.carts.update(cart, input.version, lines, request)

        done: CartLinesUpdateResult = await on_cart(act, input, info.context)
        return done

    @strawberry.mutation(description="Without some lines.")
    async def cart_lines_remove(
        self,
        info: Info,
        input: Annotated[given.CartLinesRemoveInput, Input],  # noqa: A002
    ) -> CartLinesRemoveResult:
        """Remove."""

        async def act(cart: CartId, request: Request) -> model.Cart:
            numbers = given.numbers_of(input.line_ids)
            return await info.context.services.carts.remove(cart, input.version, numbers, request)

        done: CartLinesRemoveResult = await on_cart(act, input, info.context)
        return done

    @strawberry.mutation(description="Who buys; null takes it back.")
    async def cart_buyer_set(
        self,
        info: Info,
        input: Annotated[given.CartBuyerSetInput, Input],  # noqa: A002
    ) -> CartBuyerSetResult:
        """Say who."""

        async def act(cart: CartId, request: Request) -> model.Cart:
            buyer = None if input.buyer is None else input.buyer.buyer()
            carts = info.context.services.carts
            return await carts.set_buyer(cart, input.version, buyer, request)

        done: CartBuyerSetResult = await on_cart(act, input, info.context)
        return done

    @strawberry.mutation(
        description=(
            "Make a cart somebody's own: the caller's, or for staff that of a customer they serve."
            " Nobody but they and staff can use it then."
        )
    )
    async def cart_customer_set(
        self,
        info: Info,
        input: Annotated[given.CartCustomerSetInput, Input],  # noqa: A002
    ) -> CartCustomerSetResult:
        """Say whose."""
        context = info.context

        async def act(cart: CartId, request: Request) -> model.Cart:
            customer = await _customer(context, input.customer_id)
            carts = context.services.carts
            return await carts.set_customer(cart, input.version, customer, request)

        done: CartCustomerSetResult = await on_cart(act, input, context)
        return done

    @strawberry.mutation(
        description=(
            "Codes of coupons in the place of those a cart has; what rules take off is worked out"
            " anew. One that takes nothing off is no refusal: the cart's problems say so."
        )
    )
    async def cart_discount_codes_set(
        self,
        info: Info,
        input: Annotated[given.CartDiscountCodesSetInput, Input],  # noqa: A002
    ) -> CartDiscountCodesSetResult:
        """Set."""

        async def act(cart: CartId, request: Request) -> model.Cart:
            codes = info.context.services.cart_codes
            return await codes.set(cart, input.version, input.codes, request)

        done: CartDiscountCodesSetResult = await on_cart(act, input, info.context)
        return done
