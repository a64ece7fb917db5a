"""A refusal in the schema: every one of them can be read the same way."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Self

import strawberry


class ProblemCode(StrEnum):
    """What stands against an answer."""

    QUANTITY_INVALID = "QUANTITY_INVALID"
    SKU_UNKNOWN = "SKU_UNKNOWN"
    SKU_NOT_SOLD = "SKU_NOT_SOLD"
    DESTINATION_UNKNOWN = "DESTINATION_UNKNOWN"
    DESTINATION_NOT_SERVED = "DESTINATION_NOT_SERVED"
    LOCATION_UNKNOWN = "LOCATION_UNKNOWN"
    TOKEN_INVALID = "TOKEN_INVALID"  # noqa: S105  a word for what is wrong with one
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105
    TOKEN_OF_OTHER_LINES = "TOKEN_OF_OTHER_LINES"  # noqa: S105


@strawberry.interface(description="Why the retailer says no: an answer, not an error.")
class Problem:
    """Clients that know no more than this can still tell their user."""

    code: ProblemCode = strawberry.field(description="What stands against it, for programs.")
    message: str = strawberry.field(description="What stands against it and what to change.")
    path: list[str] = strawberry.field(description="The part of the input it is about.")

    @classmethod
    def told(cls, code: str, message: object, path: Sequence[str]) -> Self:
        """Dress a refusal."""
        return cls(code=ProblemCode(code), message=str(message), path=list(path))
