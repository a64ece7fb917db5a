"""GraphQL face of carts."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from app.api.auditing import looked_at
from app.api.cart_parts import CartBuyer, CartHold, CartLine, CartProblem, CartPromise
from app.api.context import Info
from app.api.hints import NOBODY_KEEPS
from app.api.nodes import global_id, key_of
from app.api.pricing import Discount, Money
from app.carts import model
from app.carts.acting import Request
from app.carts.model import CartId, CartStatus, sound_id
from app.carts.refusals import CartNotFound
from app.errors import InvalidInputError
from app.loyalty.refusals import PointsNotUsable
from app.pricing.amounts import together
from app.values import (
    ChannelCode,
    CurrencyCode,
)


@strawberry.type(
    description="What somebody means to buy. Who knows its id may use it.", directives=NOBODY_KEEPS
)
class Cart:
    """A cart at one version."""

    id: strawberry.ID = strawberry.field(description="Opaque and not to be guessed: keep it.")
    version: int = strawberry.field(description="One more with every change; changes name it.")
    status: CartStatus = strawberry.field(description="Whether it may still be changed.")
    order_number: strawberry.ID | None = strawberry.field(
        description="The order it became, if any."
    )
    channel: ChannelCode = strawberry.field(description="The channel it buys through.")
    currency: CurrencyCode = strawberry.field(description="The currency of its prices.")
    lines: list[CartLine] = strawberry.field(description="What is in it; at most 100 lines.")
    subtotal: Money = strawberry.field(
        description="What its lines cost together, before discounts."
    )
    discounts: list[Discount] = strawberry.field(
        description="What rules take off all its lines together."
    )
    total: Money = strawberry.field(description="What is paid for its lines, after discounts.")
    discount_codes: list[str] = strawberry.field(
        description="The codes it was told, also those that take nothing off: see its problems."
    )
    points: int = strawberry.field(description="Points of the customer that are to pay for it.")
    buyer: CartBuyer | None = strawberry.field(description="Who buys; null while nobody said so.")
    promises: list[CartPromise] = strawberry.field(
        description="How its lines reach the buyer, as far as it was chosen."
    )
    hold: CartHold | None = strawberry.field(description="What is held for it now, if anything.")
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    expires_at: datetime = strawberry.field(
        description="From then on it is gone, unless it is changed before."
    )
    kept: strawberry.Private[model.Cart]

    @strawberry.field(description="What stands in the way of buying it, as of now.")
    async def problems(self, info: Info) -> list[CartProblem]:
        """One question a source."""
        context = info.context
        request = Request(now=context.now, inquiry=context.inquiry)
        found = await context.services.cart_checks.problems(self.kept, request)
        return [CartProblem.of(one, context) for one in found]

    @strawberry.field(
        description="What its points pay of it as of now; null where it spends none, or cannot."
    )
    def points_value(self, info: Info) -> Money | None:
        """By the rules alone."""
        try:
            value = info.context.services.cart_points.worth(self.kept, info.context.now)
        except PointsNotUsable:
            return None
        return None if value is None else Money.of(value)

    @strawberry.field(
        description=(
            "Points that it would earn if it were bought now by somebody who takes part; guests are"
            " told too."
        )
    )
    def points_forecast(self, info: Info) -> int:
        """By the rules alone."""
        return info.context.services.cart_points.forecast(self.kept, info.context.now)

    @classmethod
    def of(cls, cart: model.Cart) -> Self:
        """Dress a cart."""
        looked_at(cart.id)
        buyer, hold = cart.buyer, cart.hold
        return cls(
            id=global_id("Cart", cart.id),
            version=cart.version,
            status=cart.status,
            order_number=None if cart.order is None else strawberry.ID(cart.order),
            channel=cart.channel,
            currency=cart.currency,
            lines=[CartLine.of(line) for line in cart.lines],
            subtotal=Money.of(cart.subtotal),
            points=cart.points,
            discounts=_off(cart),
            total=Money.of(cart.total),
            discount_codes=list(cart.codes),
            buyer=None if buyer is None else CartBuyer.of(buyer),
            promises=[CartPromise.of(one) for one in cart.promises],
            hold=None if hold is None else CartHold.of(cart.id, hold),
            created_at=cart.created_at,
            updated_at=cart.updated_at,
            expires_at=cart.expires_at,
            kept=cart,
        )


def _off(cart: model.Cart) -> list[Discount]:
    off = together(one for line in cart.lines for one in line.discounts)
    return [Discount.of(one) for one in off]


def cart_key(given: str) -> CartId:
    """The key of a cart's id.

    Raises:
        CartNotFound: it is none; one that nobody has looks the same.
    """
    try:
        return sound_id(key_of(given, "Cart"))
    except InvalidInputError as error:
        raise CartNotFound from error


@strawberry.type
class CartRoot:
    """The root fields of carts."""

    @strawberry.field(
        description=(
            "The cart with an id; null if there is none, it has expired, or it is somebody else's."
        )
    )
    async def cart(
        self,
        info: Info,
        id: Annotated[  # noqa: A002  the schema's name
            strawberry.ID, strawberry.argument(description="The id of a cart.")
        ],
    ) -> Cart | None:
        """One cart."""
        context = info.context
        try:
            by = context.looking()
            found = await context.services.carts.find(cart_key(id), now=context.now, by=by)
        except CartNotFound:
            return None
        return Cart.of(found)
