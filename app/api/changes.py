"""What does a change of the schema mean for those who use it?"""

from dataclasses import dataclass
from enum import StrEnum

from graphql import (
    BreakingChange,
    DangerousChange,
    GraphQLError,
    GraphQLSchema,
    SchemaChange,
    build_schema,
    find_schema_changes,
)

from app.errors import InvalidInputError


class Impact(StrEnum):
    """Who has to act: BREAKING everybody, DANGEROUS those it may surprise, SAFE nobody."""

    BREAKING = "breaking"
    DANGEROUS = "dangerous"
    SAFE = "safe"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two schemas."""

    impact: Impact
    description: str


def changes(old: str, new: str) -> list[Change]:
    """The differences between two documents in the schema definition language, worst first.

    Raises:
        InvalidInputError: one of them is not a schema.
    """
    found = find_schema_changes(_built(old, "old"), _built(new, "new"))
    return sorted(
        (Change(_impact(change), change.description) for change in found),
        key=lambda change: (list(Impact).index(change.impact), change.description),
    )


def _built(text: str, which: str) -> GraphQLSchema:
    try:
        schema = build_schema(text)
    except (GraphQLError, TypeError) as error:
        raise InvalidInputError(f"the {which} file is not a schema: {error}", argument=which) from (
            error
        )
    if schema.query_type is None:
        raise InvalidInputError(f"the {which} file is not a schema: no Query", argument=which)
    return schema


def _impact(change: SchemaChange) -> Impact:
    match change:
        case BreakingChange():
            return Impact.BREAKING
        case DangerousChange():
            return Impact.DANGEROUS
        case _:
            return Impact.SAFE
