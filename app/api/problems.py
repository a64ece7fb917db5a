"""How does the schema say no? Every refusal of a mutation is a `Problem`."""

from collections.abc import Sequence
from enum import Enum
from typing import Self

import strawberry


@strawberry.enum(
    description="What a refusal means to a program. Treat an unknown value as a refusal for good."
)
class ProblemCode(Enum):
    """The codes of refusals; `app.errors.Refusal.code` names one."""

    INVALID_INPUT = strawberry.enum_value(
        "INVALID_INPUT", description="What was asked cannot be; path leads to what is wrong."
    )
    IDEMPOTENCY_KEY_REUSED = strawberry.enum_value(
        "IDEMPOTENCY_KEY_REUSED", description="The key stands for another request."
    )
    IDEMPOTENCY_IN_PROGRESS = strawberry.enum_value(
        "IDEMPOTENCY_IN_PROGRESS", description="The request of this key is in progress."
    )
    CART_NOT_FOUND = strawberry.enum_value(
        "CART_NOT_FOUND", description="There is no such cart, or it has expired."
    )
    CART_CLOSED = strawberry.enum_value(
        "CART_CLOSED", description="The cart was bought, or merged into another."
    )
    CART_VERSION_CONFLICT = strawberry.enum_value(
        "CART_VERSION_CONFLICT", description="The cart has another version now."
    )
    CURRENCY_MISMATCH = strawberry.enum_value(
        "CURRENCY_MISMATCH", description="The carts are of different channels or currencies."
    )
    VARIANT_NOT_SOLD = strawberry.enum_value(
        "VARIANT_NOT_SOLD",
        description="Some SKUs do not exist, or are not sold through the channel.",
    )
    PRICE_UNKNOWN = strawberry.enum_value(
        "PRICE_UNKNOWN", description="Nobody can say what some of it costs at the moment."
    )
    PRICE_CHANGED = strawberry.enum_value(
        "PRICE_CHANGED", description="It costs something else by the rules of now."
    )
    DISCOUNT_CODE_REFUSED = strawberry.enum_value(
        "DISCOUNT_CODE_REFUSED", description="A code of a coupon is not good any more."
    )
    INSUFFICIENT_STOCK = strawberry.enum_value(
        "INSUFFICIENT_STOCK", description="There are fewer units than were asked for."
    )
    STOCK_UNKNOWN = strawberry.enum_value(
        "STOCK_UNKNOWN", description="Nobody can say whether there are enough units."
    )
    HOLD_EXPIRED = strawberry.enum_value("HOLD_EXPIRED", description="The hold has run out.")
    HOLD_SUPERSEDED = strawberry.enum_value(
        "HOLD_SUPERSEDED", description="The hold was released, or replaced by a later one."
    )
    ORDER_NOT_HELD = strawberry.enum_value(
        "ORDER_NOT_HELD", description="The units of the cart are not held."
    )
    ORDER_NOT_POSSIBLE = strawberry.enum_value(
        "ORDER_NOT_POSSIBLE", description="Nobody carries out orders from one of the locations."
    )
    PAYMENT_DECLINED = strawberry.enum_value(
        "PAYMENT_DECLINED", description="The money was declined; nothing is charged."
    )
    PAYMENT_NEEDED = strawberry.enum_value(
        "PAYMENT_NEEDED", description="Something is to be paid, and there is no means of payment."
    )
    ORDER_NOT_FOUND = strawberry.enum_value(
        "ORDER_NOT_FOUND", description="There is no such order, or the token is of another."
    )
    ORDER_NOT_CANCELLABLE = strawberry.enum_value(
        "ORDER_NOT_CANCELLABLE", description="The order has gone too far, or is over."
    )
    NOT_IN_ASSORTMENT = strawberry.enum_value(
        "NOT_IN_ASSORTMENT", description="The partner does not sell some of it."
    )
    NOT_PRICED = strawberry.enum_value(
        "NOT_PRICED", description="Some of it has no price for the partner in this currency."
    )
    CURRENCY_NOT_ALLOWED = strawberry.enum_value(
        "CURRENCY_NOT_ALLOWED", description="The partner does not settle in this currency."
    )
    ALLOCATION_LIMIT_EXCEEDED = strawberry.enum_value(
        "ALLOCATION_LIMIT_EXCEEDED", description="The partner would sell more than it may."
    )
    REFERENCE_USED = strawberry.enum_value(
        "REFERENCE_USED", description="Another order of the partner has this reference."
    )
    CUSTOMER_NOT_FOUND = strawberry.enum_value(
        "CUSTOMER_NOT_FOUND", description="There is no such customer, or it is not the caller's."
    )
    CUSTOMER_VERSION_CONFLICT = strawberry.enum_value(
        "CUSTOMER_VERSION_CONFLICT", description="The customer has another version now."
    )
    IDENTITY_NOT_FOUND = strawberry.enum_value(
        "IDENTITY_NOT_FOUND", description="The system knows nobody by that id, or cannot say now."
    )
    IDENTITY_LINKED = strawberry.enum_value(
        "IDENTITY_LINKED", description="They are linked to another customer."
    )
    CUSTOMERS_NOT_MERGEABLE = strawberry.enum_value(
        "CUSTOMERS_NOT_MERGEABLE", description="They are one already, or one was merged before."
    )
    CUSTOMER_NOT_MERGED = strawberry.enum_value(
        "CUSTOMER_NOT_MERGED", description="There is no merger to take back."
    )
    APPOINTMENT_NOT_FOUND = strawberry.enum_value(
        "APPOINTMENT_NOT_FOUND",
        description="There is no such appointment, or it is not the caller's.",
    )
    APPOINTMENT_VERSION_CONFLICT = strawberry.enum_value(
        "APPOINTMENT_VERSION_CONFLICT", description="The appointment has another version now."
    )
    APPOINTMENT_CLOSED = strawberry.enum_value(
        "APPOINTMENT_CLOSED", description="The appointment was cancelled, or has begun."
    )
    APPOINTMENT_KIND_UNKNOWN = strawberry.enum_value(
        "APPOINTMENT_KIND_UNKNOWN", description="There is no such kind of appointment."
    )
    APPOINTMENT_NOT_OFFERED = strawberry.enum_value(
        "APPOINTMENT_NOT_OFFERED", description="The location has no appointments of the kind."
    )
    APPOINTMENT_LIMIT_REACHED = strawberry.enum_value(
        "APPOINTMENT_LIMIT_REACHED", description="The customer has as many to come as one may have."
    )
    APPOINTMENT_FULL = strawberry.enum_value(
        "APPOINTMENT_FULL", description="All staff has appointments at this time."
    )
    APPOINTMENT_OUTSIDE_HOURS = strawberry.enum_value(
        "APPOINTMENT_OUTSIDE_HOURS", description="The store is not open for all of it."
    )
    APPOINTMENT_TOO_SOON = strawberry.enum_value(
        "APPOINTMENT_TOO_SOON", description="It would begin too soon."
    )
    APPOINTMENT_TOO_FAR = strawberry.enum_value(
        "APPOINTMENT_TOO_FAR", description="It would begin too far ahead."
    )
    CART_HAS_NO_CUSTOMER = strawberry.enum_value(
        "CART_HAS_NO_CUSTOMER", description="The cart is of no customer."
    )
    LOYALTY_NOT_A_MEMBER = strawberry.enum_value(
        "LOYALTY_NOT_A_MEMBER", description="The customer takes no part in the loyalty programme."
    )
    LOYALTY_CARD_REFUSED = strawberry.enum_value(
        "LOYALTY_CARD_REFUSED", description="It is not the number of a card, or of another's."
    )
    INSUFFICIENT_POINTS = strawberry.enum_value(
        "INSUFFICIENT_POINTS", description="There are fewer points than were asked for."
    )
    POINTS_EXPIRED = strawberry.enum_value(
        "POINTS_EXPIRED", description="There were as many points, and some have expired since."
    )
    LOYALTY_UNAVAILABLE = strawberry.enum_value(
        "LOYALTY_UNAVAILABLE", description="The loyalty programme does not answer; try again."
    )
    POINTS_NOT_USABLE = strawberry.enum_value(
        "POINTS_NOT_USABLE", description="So many points cannot be spent on this."
    )
    PROMISE_DRIFTED = strawberry.enum_value(
        "PROMISE_DRIFTED", description="What was promised does not hold any more."
    )
    HAND_OVER_CODE_REFUSED = strawberry.enum_value(
        "HAND_OVER_CODE_REFUSED", description="The code is wrong, was used, or is too old."
    )
    QUANTITY_INVALID = strawberry.enum_value(
        "QUANTITY_INVALID", description="So many units, or lines, cannot be ordered."
    )
    SKU_UNKNOWN = strawberry.enum_value("SKU_UNKNOWN", description="There is no such variant.")
    SKU_NOT_SOLD = strawberry.enum_value(
        "SKU_NOT_SOLD", description="The variant is not sold through the channel."
    )
    DESTINATION_UNKNOWN = strawberry.enum_value(
        "DESTINATION_UNKNOWN", description="No destination is told, or it is in no zone."
    )
    DESTINATION_NOT_SERVED = strawberry.enum_value(
        "DESTINATION_NOT_SERVED", description="Nothing is sent there."
    )
    LOCATION_UNKNOWN = strawberry.enum_value(
        "LOCATION_UNKNOWN", description="There is no such location."
    )
    TOKEN_INVALID = strawberry.enum_value(
        "TOKEN_INVALID", description="The token was not made here."
    )
    TOKEN_EXPIRED = strawberry.enum_value(
        "TOKEN_EXPIRED", description="The token is too old to be looked at."
    )
    TOKEN_OF_OTHER_LINES = strawberry.enum_value(
        "TOKEN_OF_OTHER_LINES", description="The token is of another basket, or of another channel."
    )


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

    @classmethod
    def told(cls, code: str, message: object, path: Sequence[str]) -> Self:
        """Dress a refusal."""
        return cls(code=ProblemCode(code), message=str(message), path=list(path))
