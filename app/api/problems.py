"""A refusal in the schema: every one of them can be read the same way."""

from collections.abc import Sequence
from enum import Enum
from typing import Self

import strawberry


@strawberry.enum(description="What stands against an answer. Treat an unknown value as a refusal.")
class ProblemCode(Enum):
    """What stands against an answer."""

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
