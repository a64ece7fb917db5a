"""Whose a cart or an order is, and who else may follow it? Decided here, for all of them."""

from app.api.context import Context
from app.principals.model import Principal
from app.values import CustomerId, PrincipalKind

THE_HOUSE = frozenset({PrincipalKind.STAFF, PrincipalKind.OPERATOR})


def of_the_house(principal: Principal) -> bool:
    """Whether somebody works for the retailer."""
    return principal.kind in THE_HOUSE


async def may_follow(context: Context, owner: CustomerId | None, *, knows: bool) -> bool:
    """Whether the caller may see what becomes of something.

    `knows`: it has shown what only those know who may see it, such as an order's token. What has an
    owner is for that owner only.
    """
    if of_the_house(context.principal):
        return True
    if owner is None:
        return knows
    return owner == customer_of(context.principal)


def customer_of(principal: Principal) -> CustomerId | None:
    """The customer that a principal is; None where it is none."""
    if principal.kind is not PrincipalKind.CUSTOMER:
        return None
    return CustomerId(principal.pseudonym)
