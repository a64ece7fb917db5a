"""How long are the lists in which a schema describes itself?"""

from collections.abc import Iterable, Mapping
from math import ceil

from graphql import (
    GraphQLNamedType,
    GraphQLSchema,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
)

FREE = frozenset({"__Type.ofType"})  # mostly there is none, and questions for it are nested deep


def described(schema: GraphQLSchema) -> Mapping[str, int]:
    """The number of elements of each list of introspection by its coordinate, on average.

    A type that is told as one of several is told with its fields, and more of those have fields
    than of all types: they count by how many fields they have together.
    """
    kinds = list(schema.type_map.values())
    composite = [one for one in kinds if is_object_type(one) or is_interface_type(one)]
    fields = {one.name: len(one.fields) for one in composite}
    every = sum(fields.values())
    possible = [
        member
        for one in kinds
        if is_abstract_type(one)
        for member in schema.get_possible_types(one)
    ]
    above = [member for one in composite for member in one.interfaces]
    arguments = sum(len(field.args) for one in composite for field in one.fields.values())

    def together(members: Iterable[GraphQLNamedType]) -> int:
        return ceil(sum(fields[one.name] for one in members) / every)

    def each(total: int) -> int:
        return ceil(total / len(kinds))

    return {
        "__Schema.types": len(kinds),
        "__Schema.directives": len(schema.directives),
        "__Type.fields": each(every),
        "__Type.inputFields": each(sum(len(o.fields) for o in kinds if is_input_object_type(o))),
        "__Type.enumValues": each(sum(len(one.values) for one in kinds if is_enum_type(one))),
        "__Type.possibleTypes": together(possible),
        "__Type.interfaces": together(above),
        "__Field.args": ceil(arguments / every),
    }
