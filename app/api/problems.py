"""How does the schema say no? Every refusal of a mutation is a `Problem`."""

from enum import StrEnum

import strawberry


class ProblemCode(StrEnum):
    """What a refusal means to a program."""

    INVALID_INPUT = "INVALID_INPUT"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    IDEMPOTENCY_IN_PROGRESS = "IDEMPOTENCY_IN_PROGRESS"
    CART_NOT_FOUND = "CART_NOT_FOUND"
    CART_CLOSED = "CART_CLOSED"
    CART_VERSION_CONFLICT = "CART_VERSION_CONFLICT"
    CURRENCY_MISMATCH = "CURRENCY_MISMATCH"
    VARIANT_NOT_SOLD = "VARIANT_NOT_SOLD"
    PRICE_UNKNOWN = "PRICE_UNKNOWN"
    INSUFFICIENT_STOCK = "INSUFFICIENT_STOCK"
    STOCK_UNKNOWN = "STOCK_UNKNOWN"
    HAND_OVER_CODE_REFUSED = "HAND_OVER_CODE_REFUSED"


@strawberry.interface(
    description="Why something was refused. Types that a client does not know implement it, too."
)
class Problem:
    """A refusal, as a client reads it."""

    code: ProblemCode = strawberry.field(description="What it means to a program.")
    message: str = strawberry.field(description="What it means to a developer.")
    path: list[str] = strawberry.field(
        description="Leads from the argument to what is wrong in it; empty for no place."
    )
