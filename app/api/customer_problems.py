"""GraphQL face of what customers refuse."""

from collections.abc import Mapping
from typing import Any

import strawberry

from app.api.cart_problems import IdempotencyKeyRefused, InvalidInput
from app.api.hints import NOBODY_KEEPS
from app.api.problems import Problem, ProblemCode
from app.customers import refusals
from app.errors import Refusal
from app.store.keys import KeyInProgress, KeyReused


@strawberry.type(
    description="There is no such customer, or it is not the caller's.", directives=NOBODY_KEEPS
)
class CustomerNotFound(Problem):
    """Which of the two is not told."""


@strawberry.type(
    description="The customer was changed since the caller saw it; nothing was done.",
    directives=NOBODY_KEEPS,
)
class CustomerVersionConflict(Problem):
    """Look at it and ask again."""

    current_version: int = strawberry.field(description="The version it has now.")


@strawberry.type(
    description="The system knows nobody by that id, or cannot be asked now.",
    directives=NOBODY_KEEPS,
)
class IdentityNotFound(Problem):
    """Nothing was linked, or unlinked."""


@strawberry.type(
    description="They are linked to another customer; nothing was done.", directives=NOBODY_KEEPS
)
class IdentityLinked(Problem):
    """Two customers that turn out to be one are merged."""


@strawberry.type(
    description="The two are one customer already, or one was merged before.",
    directives=NOBODY_KEEPS,
)
class CustomersNotMergeable(Problem):
    """Nothing was done."""


@strawberry.type(description="The customer was not merged into another.", directives=NOBODY_KEEPS)
class CustomerNotMerged(Problem):
    """There is nothing to be undone."""


TYPES: Mapping[type[Refusal], type[Problem]] = {
    refusals.InvalidCustomerInput: InvalidInput,
    refusals.CustomerNotFound: CustomerNotFound,
    refusals.CustomerVersionConflict: CustomerVersionConflict,
    refusals.IdentityNotFound: IdentityNotFound,
    refusals.IdentityLinked: IdentityLinked,
    refusals.CustomersNotMergeable: CustomersNotMergeable,
    refusals.CustomerNotMerged: CustomerNotMerged,
    KeyReused: IdempotencyKeyRefused,
    KeyInProgress: IdempotencyKeyRefused,
}


def customer_problem(refusal: Refusal) -> Problem:
    """Dress a refusal."""
    more: dict[str, Any] = {}
    if isinstance(refusal, refusals.CustomerVersionConflict):
        more["current_version"] = refusal.version
    path = ["input", *getattr(refusal, "path", ())]
    code = ProblemCode[refusal.code]
    return TYPES[type(refusal)](code=code, message=str(refusal), path=path, **more)
