"""What may come of what is asked of carts: one success, or one of some refusals."""

from datetime import datetime
from typing import Annotated

import strawberry

from app.api.cart_problems import (
    CartClosed,
    CartNotFound,
    CartVersionConflict,
    CurrencyMismatch,
    HandOverCodeRefused,
    IdempotencyKeyRefused,
    InsufficientStock,
    InvalidInput,
    PriceChanged,
    PriceUnknown,
    PromiseDrifted,
    StockUnknown,
    VariantNotSold,
)
from app.api.carts import Cart
from app.api.hints import NOBODY_KEEPS
from app.api.loyalty_problems import (
    CartWithoutCustomer,
    InsufficientPoints,
    LoyaltyUnavailable,
    NotAMember,
    PointsNotUsable,
)
from app.api.promises import (
    DestinationProblem,
    QuantityProblem,
    SkuProblem,
    StoreProblem,
    TokenProblem,
)


@strawberry.type(description="It was done.", directives=NOBODY_KEEPS)
class CartChanged:
    """The success of most."""

    cart: Cart = strawberry.field(description="The cart after it.")


@strawberry.type(description="Another device may take the cart over.", directives=NOBODY_KEEPS)
class CartHandedOver:
    """The code is told here and nowhere else."""

    take_over_code: str = strawberry.field(
        description="Good for one cartTakeOver; a later code takes its place."
    )
    expires_at: datetime = strawberry.field(description="From then on it is not good any more.")


CartCreateResult = Annotated[
    CartChanged | InvalidInput | VariantNotSold | PriceUnknown | IdempotencyKeyRefused,
    strawberry.union("CartCreateResult", description="What came of cartCreate."),
]
CartLinesAddResult = Annotated[
    CartChanged
    | InvalidInput
    | CartNotFound
    | CartClosed
    | CartVersionConflict
    | VariantNotSold
    | PriceUnknown
    | IdempotencyKeyRefused,
    strawberry.union("CartLinesAddResult", description="What came of cartLinesAdd."),
]
CartLinesUpdateResult = Annotated[
    CartChanged
    | InvalidInput
    | CartNotFound
    | CartClosed
    | CartVersionConflict
    | VariantNotSold
    | PriceUnknown
    | IdempotencyKeyRefused,
    strawberry.union("CartLinesUpdateResult", description="What came of cartLinesUpdate."),
]
CartLinesRemoveResult = Annotated[
    CartChanged
    | InvalidInput
    | CartNotFound
    | CartClosed
    | CartVersionConflict
    | IdempotencyKeyRefused,
    strawberry.union("CartLinesRemoveResult", description="What came of cartLinesRemove."),
]
CartBuyerSetResult = Annotated[
    CartChanged
    | InvalidInput
    | CartNotFound
    | CartClosed
    | CartVersionConflict
    | IdempotencyKeyRefused,
    strawberry.union("CartBuyerSetResult", description="What came of cartBuyerSet."),
]
CartCustomerSetResult = Annotated[
    CartChanged
    | InvalidInput
    | CartNotFound
    | CartClosed
    | CartVersionConflict
    | VariantNotSold
    | PriceUnknown
    | IdempotencyKeyRefused,
    strawberry.union("CartCustomerSetResult", description="What came of cartCustomerSet."),
]
CartDiscountCodesSetResult = Annotated[
    CartChanged
    | InvalidInput
    | CartNotFound
    | CartClosed
    | CartVersionConflict
    | IdempotencyKeyRefused,
    strawberry.union(
        "CartDiscountCodesSetResult", description="What came of cartDiscountCodesSet."
    ),
]
CartPromiseSelectResult = Annotated[
    CartChanged
    | InvalidInput
    | CartNotFound
    | CartClosed
    | CartVersionConflict
    | PromiseDrifted
    | QuantityProblem
    | SkuProblem
    | DestinationProblem
    | StoreProblem
    | TokenProblem
    | IdempotencyKeyRefused,
    strawberry.union("CartPromiseSelectResult", description="What came of cartPromiseSelect."),
]
CartMergeResult = Annotated[
    CartChanged
    | InvalidInput
    | CartNotFound
    | CartClosed
    | CartVersionConflict
    | CurrencyMismatch
    | IdempotencyKeyRefused,
    strawberry.union("CartMergeResult", description="What came of cartMerge."),
]
CartHandOverResult = Annotated[
    CartHandedOver | CartNotFound | CartClosed,
    strawberry.union("CartHandOverResult", description="What came of cartHandOver."),
]
CartTakeOverResult = Annotated[
    CartChanged | InvalidInput | HandOverCodeRefused | IdempotencyKeyRefused,
    strawberry.union("CartTakeOverResult", description="What came of cartTakeOver."),
]
CartHoldResult = Annotated[
    CartChanged
    | InvalidInput
    | CartNotFound
    | CartClosed
    | CartVersionConflict
    | InsufficientStock
    | StockUnknown
    | CartWithoutCustomer
    | NotAMember
    | InsufficientPoints
    | PointsNotUsable
    | LoyaltyUnavailable
    | PriceChanged
    | PromiseDrifted
    | QuantityProblem
    | SkuProblem
    | DestinationProblem
    | StoreProblem
    | TokenProblem
    | IdempotencyKeyRefused,
    strawberry.union("CartHoldResult", description="What came of cartHold."),
]
CartHoldReleaseResult = Annotated[
    CartChanged
    | InvalidInput
    | CartNotFound
    | CartClosed
    | CartVersionConflict
    | IdempotencyKeyRefused,
    strawberry.union("CartHoldReleaseResult", description="What came of cartHoldRelease."),
]
