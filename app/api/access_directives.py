"""How does the schema tell who may read what, and what is it of all that can be asked?"""

from collections.abc import Iterable, Iterator, Mapping

import strawberry
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
)
from graphql import is_abstract_type as is_abstract
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.schema_directive import Location, schema_directive

from app.api.access import (
    FIELDS,
    IMPERSONAL,
    PERSONAL,
    TYPES,
    Coordinate,
    Kinds,
    bits_of,
    kinds_of,
    personal,
)
from app.engine.gate import Access
from app.values import PrincipalKind

DEFINITION = GraphQLCoreConverter.DEFINITION_BACKREF
Composite = GraphQLObjectType | GraphQLInterfaceType


class UnruledError(Exception):
    """Fields that nobody said who may read; or rules for what is not there."""


@schema_directive(
    locations=[Location.OBJECT, Location.INTERFACE, Location.FIELD_DEFINITION],
    name="access",
    description=(
        "Who may read it. A field's own rule goes before that of its type. An operation that asks"
        " for more than its caller may read is refused as a whole."
    ),
)
class Restricted:
    """The directive."""

    to: list[PrincipalKind]


@schema_directive(
    locations=[Location.OBJECT, Location.FIELD_DEFINITION],
    name="personal",
    description=(
        "Tells of a person. What staff and operators read of it is written into the audit log."
    ),
)
class Personal:
    """The directive."""


def tell_rules(schema: strawberry.Schema) -> bool:
    """Put the rules into the definitions that a schema is made of, where they are printed from.

    Whether one was not there yet: the schema has to be made of them anew.

    Raises:
        UnruledError: see there.
    """
    new = False
    types = schema._schema.type_map  # noqa: SLF001  strawberry has no public name for it
    for name, one in _composites(types.values()):
        if name in TYPES:
            new |= _told(one, _rule(TYPES[name]))
        if name in PERSONAL:
            new |= _told(one, Personal())
        for field_name, field in one.fields.items():
            if (kinds := FIELDS.get(f"{name}.{field_name}")) is not None:
                new |= _told(field, _rule(kinds))
            if f"{name}.{field_name}" in PERSONAL:
                new |= _told(field, Personal())
    if unruled := sorted(f"{type_}.{field}" for type_, field in _unruled(types)):
        raise UnruledError("say in app/api/access.py who may read " + ", ".join(unruled))
    return new


def access_of(schema: GraphQLSchema) -> Access:
    """The rules, by what can be asked: of an interface, what may be read of all behind it."""
    told: dict[Coordinate, int] = {}
    for name, one in _composites(schema.type_map.values()):
        behind = schema.get_possible_types(one) if is_abstract(one) else ()
        for field in one.fields:
            bits = -1
            for owner in {name, *(each.name for each in behind)}:
                bits &= bits_of(kinds_of(owner, field)) | IMPERSONAL * (not personal(owner, field))
            told[name, field] = bits
    return told


def _composites(types: Iterable[GraphQLNamedType]) -> Iterator[tuple[str, Composite]]:
    for one in types:
        if isinstance(one, Composite) and not one.name.startswith("__"):
            yield one.name, one


def _unruled(types: Mapping[str, GraphQLNamedType]) -> Iterator[Coordinate]:
    for name, one in _composites(types.values()):
        yield from ((name, field) for field in one.fields if not kinds_of(name, field))


def _rule(kinds: Kinds) -> Restricted:
    return Restricted(to=[kind for kind in PrincipalKind if kind in kinds])


def _told(one: Composite | GraphQLField, directive: Restricted | Personal) -> bool:
    """A definition that is there in several schemas is told once."""
    definition = one.extensions[DEFINITION]
    directives = list(definition.directives or ())
    if any(isinstance(each, type(directive)) for each in directives):
        return False
    definition.directives = [*directives, directive]
    return True
