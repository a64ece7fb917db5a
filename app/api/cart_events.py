"""GraphQL face of a cart that changes."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import strawberry

from app.api.carts import Cart, cart_key
from app.api.context import Context, Info
from app.carts import model
from app.carts.following import CARTS
from app.carts.refusals import CartNotFound
from app.events.model import Happened, Lost, Quiet, There


@strawberry.type
class CartSubscriptions:
    """The root fields of subscriptions to carts."""

    @strawberry.subscription(
        description=(
            "The cart as it is, and again whenever it has changed: whoever comes back has missed"
            " nothing. Changes in quick succession may be told as one. It ends when the cart does."
        )
    )
    async def cart_changed(
        self,
        info: Info,
        id: Annotated[  # noqa: A002  the schema's name
            strawberry.ID, strawberry.argument(description="The id of a cart.")
        ],
    ) -> AsyncGenerator[Cart, None]:
        """Follow."""
        context, key = info.context, cart_key(id)
        known = await _seen(context, key)
        if known is None:
            raise CartNotFound
        told: model.Cart | None = None
        async with aclosing(_moments(context, key)) as moments:
            async for moment in moments:
                there = told is not None and told.expires_at > context.services.events.now()
                if isinstance(moment, Quiet) and there:
                    continue
                cart = await _seen(context, key)
                if cart is None:
                    return
                if cart != told:
                    told = cart
                    yield Cart.of(cart)


async def _moments(
    context: Context, key: str
) -> AsyncGenerator[There[Any] | Happened | Quiet, None]:
    """At once, whenever something happened to a cart, and now and then while nothing does."""
    while True:
        events = context.services.events.followed(CARTS, after=None, entity=key)
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Lost):
                    break  # what it is now is all that counts
                yield event


async def _seen(context: Context, key: str) -> model.Cart | None:
    """The cart as it is now; None where it is over, or not the caller's to see."""
    services = context.services
    try:
        viewer = await services.customers.viewer(context.principal)
        return await services.carts.find(key, now=services.events.now(), by=viewer)
    except CartNotFound:
        return None
