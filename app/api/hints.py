"""How long may what a field tells be kept? Said in the schema, by `@cacheControl`.

A hint is the most an answer may be kept; the windows of the settings and the age of the data can
only make it less. What says nothing is not kept.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.schema_directive import Location, schema_directive
from strawberry.types.unset import UNSET

from app.engine.caching.policy import Hint, Hints

DEFINITION = GraphQLCoreConverter.DEFINITION_BACKREF


@strawberry.enum(name="CacheControlScope", description="Who may keep an answer.")
class Scope(Enum):
    """Whose caches may keep an answer."""

    PUBLIC = strawberry.enum_value("PUBLIC", description="Everybody on the way.")
    PRIVATE = strawberry.enum_value("PRIVATE", description="Only the one who asked.")


@schema_directive(
    locations=[Location.OBJECT, Location.INTERFACE, Location.UNION, Location.FIELD_DEFINITION],
    name="cacheControl",
    description=(
        "How long an answer may be kept at most. maxAge in seconds: that of a field goes before"
        " that of its type; with neither, root fields and fields with fields are not kept unless"
        " inheritMaxAge says that they are as what they belong to, and all others are."
        " One PRIVATE makes the whole answer private."
    ),
)
class CacheControl:
    """The directive; see Apollo's documentation of the same name."""

    max_age: int | None = strawberry.directive_field(name="maxAge", default=UNSET)
    scope: Scope | None = strawberry.directive_field(name="scope", default=UNSET)
    inherit_max_age: bool | None = strawberry.directive_field(name="inheritMaxAge", default=UNSET)


CATALOGUE = 60  # seconds; as long as readers take what the catalogue said for new
PRICES = 30  # caches of others cannot be told of a new price, so that this is half of its window
STOCK = 2  # it changes all the time, and what was sold meanwhile cannot be sold again
PLACES = 300  # they are read again every five minutes
DOORS = 30  # what depends on the clock: whether doors are open is half a minute late at most
NOT = 0  # it holds for one moment, one basket and one caller
AS_ITS_OWNER = (CacheControl(inherit_max_age=True),)
NOBODY_KEEPS = (CacheControl(max_age=0, scope=Scope.PRIVATE),)


def kept(seconds: int) -> tuple[CacheControl, ...]:
    """The directives of what may be kept by everybody for so long."""
    return (CacheControl(max_age=seconds),)


def hints_of(schema: strawberry.Schema) -> Hints:
    """What a schema says."""
    types: dict[str, Hint] = {}
    fields: dict[tuple[str, str], Hint] = {}
    core = schema._schema  # noqa: SLF001  strawberry has no public name for it
    for name, one in core.type_map.items():
        if (hint := _hint(one.extensions)) is not None:
            types[name] = hint
        if isinstance(one, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in one.fields.items():
                if (hint := _hint(field.extensions)) is not None:
                    fields[name, field_name] = hint
    return Hints(types, fields)


def _hint(extensions: Mapping[str, Any]) -> Hint | None:
    definition = extensions.get(DEFINITION)
    directives: Iterable[object] = getattr(definition, "directives", None) or ()
    for one in directives:
        if isinstance(one, CacheControl):
            return Hint(
                max_age=None if one.max_age is UNSET else one.max_age,
                private=one.scope is Scope.PRIVATE,
                inherit=one.inherit_max_age is True,
            )
    return None
