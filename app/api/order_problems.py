"""GraphQL face of what orders refuse."""

import strawberry

from app.api.hints import NOBODY_KEEPS
from app.api.orders import Order
from app.api.pricing import Money
from app.api.problems import Problem
from app.orders.model import OrderState


@strawberry.type(
    description="The money was declined; nothing is kept, and nothing is charged.",
    directives=NOBODY_KEEPS,
)
class PaymentDeclined(Problem):
    """Hold the cart again and ask with another means of payment, under another key."""

    order: Order = strawberry.field(description="The refused order.")


@strawberry.type(
    description="Something is left to pay in money, and there is no paymentToken: ask again with"
    " one, under the same key. Nothing was done.",
    directives=NOBODY_KEEPS,
)
class PaymentNeeded(Problem):
    """Points may pay all of it, too."""

    due: Money = strawberry.field(description="What is to be paid in money.")


@strawberry.type(
    description="The units of the cart are not held, or not any more.", directives=NOBODY_KEEPS
)
class HoldLost(Problem):
    """Hold them again."""


@strawberry.type(
    description="Nobody carries out what is ordered from one of the locations.",
    directives=NOBODY_KEEPS,
)
class OrderNotPossible(Problem):
    """Hold the units at other locations."""


@strawberry.type(
    description="There is no such order, or the token is of another.", directives=NOBODY_KEEPS
)
class OrderNotFound(Problem):
    """An order that is not the caller's looks the same."""


@strawberry.type(
    description="The order has gone too far to be cancelled, or is over.", directives=NOBODY_KEEPS
)
class OrderNotCancellable(Problem):
    """Nothing was done."""

    state: OrderState = strawberry.field(description="How far it is.")
