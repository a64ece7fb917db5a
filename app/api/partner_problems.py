"""GraphQL face of what is refused to partners who sell."""

from collections.abc import Callable, Mapping
from typing import Any

import strawberry

from app.api.hints import NOBODY_KEEPS
from app.api.problems import Problem
from app.errors import Refusal
from app.orders import refusals as orders
from app.partners import limits
from app.partners.limits import Limit
from app.values import CurrencyCode, Sku


@strawberry.type(
    description="Some SKUs are not the partner's to sell; nothing was ordered.",
    directives=NOBODY_KEEPS,
)
class SkusNotOffered(Problem):
    """They are not in its assortment, or have no price in the currency."""

    skus: list[Sku] = strawberry.field(description="Those that are not.")


@strawberry.type(
    description="The partner does not settle in this currency; nothing was ordered.",
    directives=NOBODY_KEEPS,
)
class CurrencyNotAllowed(Problem):
    """Prices are never converted."""

    allowed: list[CurrencyCode] = strawberry.field(description="Those that it may settle in.")


@strawberry.type(
    description="The partner would sell more than it may; nothing was ordered.",
    directives=NOBODY_KEEPS,
)
class AllocationLimitExceeded(Problem):
    """The retailer's settings say how much that is."""

    limit: Limit = strawberry.field(description="Which limit it is.")
    sku: Sku | None = strawberry.field(
        description="The SKU whose units are limited; null where orders are."
    )
    most: int = strawberry.field(description="The limit.")
    used: int = strawberry.field(description="What counts towards it already.")
    asked: int = strawberry.field(description="What was asked for.")


@strawberry.type(
    description="Another order of the partner has this reference; nothing was ordered.",
    directives=NOBODY_KEEPS,
)
class ReferenceUsed(Problem):
    """A reference is good for one order, whatever becomes of it."""

    order_number: strawberry.ID = strawberry.field(description="The number of that order.")


def _skus(refusal: orders.SkusNotOffered) -> dict[str, Any]:
    return {"skus": list(refusal.skus)}


def _limit(refusal: limits.AllocationLimitExceeded) -> dict[str, Any]:
    return {name: getattr(refusal, name) for name in ("limit", "sku", "most", "used", "asked")}


More = Callable[[Any], dict[str, Any]]
PARTNER_PROBLEMS: Mapping[type[Refusal], tuple[type[Problem], More]] = {
    orders.SkusNotOffered: (SkusNotOffered, _skus),
    orders.CurrencyNotAllowed: (CurrencyNotAllowed, lambda one: {"allowed": list(one.allowed)}),
    orders.ReferenceUsed: (ReferenceUsed, lambda one: {"order_number": one.number}),
    limits.AllocationLimitExceeded: (AllocationLimitExceeded, _limit),
}
