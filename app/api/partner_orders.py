"""GraphQL face of what partners sell for the house."""

from typing import Annotated

import strawberry

from app.api.cart_problems import (
    IdempotencyKeyRefused,
    InsufficientStock,
    InvalidInput,
    PriceChanged,
    StockUnknown,
    problem_of,
)
from app.api.context import Info
from app.api.hints import NOBODY_KEEPS
from app.api.order_problems import OrderNotCancellable, OrderNotFound, OrderNotPossible
from app.api.orders import Order
from app.api.partner_inputs import PartnerOrderCancelInput, PartnerOrderPlaceInput
from app.api.partner_problems import (
    AllocationLimitExceeded,
    CurrencyNotAllowed,
    ReferenceUsed,
    SkusNotOffered,
)
from app.api.promises import DestinationProblem, QuantityProblem, SkuProblem
from app.errors import Refusal
from app.partners.model import PartnerUnknown

Input = strawberry.argument(description="All that it takes.")


@strawberry.type(description="The order is there, with its goods.", directives=NOBODY_KEEPS)
class PartnerOrderPlaced:
    """It is settled on account: its total is what the partner owes."""

    order: Order = strawberry.field(description="The order as it stands.")


@strawberry.type(description="The order is being cancelled.", directives=NOBODY_KEEPS)
class PartnerOrderCancelled:
    """It is CANCELLED once everybody has been told."""

    order: Order = strawberry.field(description="The order as it stands.")


PartnerOrderPlaceResult = Annotated[
    PartnerOrderPlaced
    | SkusNotOffered
    | CurrencyNotAllowed
    | AllocationLimitExceeded
    | ReferenceUsed
    | InsufficientStock
    | StockUnknown
    | PriceChanged
    | OrderNotPossible
    | QuantityProblem
    | SkuProblem
    | DestinationProblem
    | InvalidInput
    | IdempotencyKeyRefused,
    strawberry.union("PartnerOrderPlaceResult", description="What came of partnerOrderPlace."),
]
PartnerOrderCancelResult = Annotated[
    PartnerOrderCancelled
    | OrderNotFound
    | OrderNotCancellable
    | InvalidInput
    | IdempotencyKeyRefused,
    strawberry.union("PartnerOrderCancelResult", description="What came of partnerOrderCancel."),
]


@strawberry.type
class PartnerOrderMutations:
    """The root fields by which partners sell."""

    @strawberry.mutation(
        description=(
            "An order that the calling partner has taken: sent from its locations to its buyer,"
            " with its goods or not at all, and settled on account at its prices."
        )
    )
    async def partner_order_place(
        self,
        info: Info,
        input: Annotated[PartnerOrderPlaceInput, Input],  # noqa: A002
    ) -> PartnerOrderPlaceResult:
        """Place."""
        context, partner = info.context, info.context.principal.subject
        try:
            asked = input.order(partner)
            placed = await context.services.partner_orders.place(partner, asked, context.inquiry)
        except PartnerUnknown:
            raise
        except Refusal as refusal:
            refused: PartnerOrderPlaceResult = problem_of(refusal, context)  # type: ignore[assignment]  # one of the union's
            return refused
        return PartnerOrderPlaced(order=Order.of(placed))

    @strawberry.mutation(
        description="Stop an order that the calling partner placed, as long as nothing has left."
    )
    async def partner_order_cancel(
        self,
        info: Info,
        input: Annotated[PartnerOrderCancelInput, Input],  # noqa: A002
    ) -> PartnerOrderCancelResult:
        """Cancel."""
        context, partner = info.context, info.context.principal.subject
        try:
            cancelled = await context.services.partner_orders.cancel(
                partner,
                number=input.number,
                reference=input.reference,
                once=input.once(partner),
            )
        except PartnerUnknown:
            raise
        except Refusal as refusal:
            refused: PartnerOrderCancelResult = problem_of(refusal, context)  # type: ignore[assignment]  # as above
            return refused
        return PartnerOrderCancelled(order=Order.of(cancelled))
