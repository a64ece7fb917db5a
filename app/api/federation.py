"""How is found what other subgraphs refer to? Two more root fields, which a router asks.

Nothing here knows a noun.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, NewType

import strawberry
from graphql import (
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
)
from strawberry import scalar
from strawberry.annotation import StrawberryAnnotation
from strawberry.tools import create_type
from strawberry.types.base import StrawberryList, StrawberryOptional, get_object_definition
from strawberry.types.scalar import ScalarDefinition
from strawberry.types.union import StrawberryUnion

from app.api.context import Info
from app.errors import InvalidInputError

MOST_REPRESENTATIONS = 1_000

Representation = NewType("Representation", dict[str, Any])


@dataclass(frozen=True, slots=True)
class Reference:
    """An object as another subgraph names it: `fields` holds at least those of `key`."""

    typename: str
    key: str
    fields: Mapping[str, Any]


Find = Callable[[Any, Sequence[Reference]], Awaitable[Sequence[object | None]]]


@dataclass(frozen=True, slots=True)
class Entity:
    """A type that others refer to by one of its keys.

    A key is a selection such as `sku` or `study { caseNumber }`; the first that a representation
    holds is used. `find` is `async (context, references) -> objects`: as many, in order, None for
    what does not exist, an exception for what cannot be answered. Entities that share it are
    found by one call.
    """

    type: type
    keys: tuple[str, ...]
    find: Find

    @property
    def name(self) -> str:
        """Its name in the schema."""
        return get_object_definition(self.type, strict=True).name

    @property
    def marks(self) -> str:
        """Its directives."""
        return " ".join(f'@key(fields: "{key}")' for key in self.keys)


Entities = Mapping[str, Entity]


def by_name(*entities: Entity) -> Entities:
    """Entities under their names in the schema."""
    return {entity.name: entity for entity in entities}


@strawberry.type(name="_Service", description="This schema, as a router composes it.")
class Service:
    """See Apollo's subgraph specification."""

    sdl: str = strawberry.field(description="The schema with federation's directives.")


def _any(value: Any) -> Representation:
    if not isinstance(value, dict):
        raise GraphQLError("_Any is an object with a __typename and the fields of a key.")
    return Representation(value)


FEDERATION_SCALARS: dict[object, ScalarDefinition] = {
    Representation: scalar(
        name="_Any",
        description="An object of another subgraph: its __typename and the fields of one key.",
        serialize=dict,
        parse_value=_any,
    )
}


def federated(query: type, entities: Entities, *, sdl: str | None) -> type:
    """The root type `query` with what a router asks: `_entities` and, to tell `sdl`, `_service`."""

    async def entities_represented(
        info: Info,
        representations: Annotated[
            list[Representation],
            strawberry.argument(description=f"At most {MOST_REPRESENTATIONS:,} objects."),
        ],
    ) -> list[object | None]:
        return await represented(entities, info.context, representations)

    fields: list[Any] = [
        strawberry.field(
            name="_entities",
            resolver=entities_represented,
            graphql_type=StrawberryList(StrawberryOptional(_union(entities))),
            description="For routers: the objects that other subgraphs refer to, in order.",
        ),
        *([] if sdl is None else [_service(sdl)]),
    ]
    root = type("Query", (query, create_type("FederationRoot", fields)), {})
    description = get_object_definition(query, strict=True).description
    return strawberry.type(root, name="Query", description=description)


def _service(sdl: str) -> Any:
    def service() -> Service:
        return Service(sdl=sdl)

    return strawberry.field(
        name="_service", resolver=service, description="For routers: this schema."
    )


def _union(entities: Entities) -> StrawberryUnion:
    return StrawberryUnion(
        "_Entity",
        type_annotations=tuple(
            StrawberryAnnotation(entities[name].type) for name in sorted(entities)
        ),
        description="What other subgraphs may refer to.",
    )


async def represented(
    entities: Entities, context: Any, representations: Sequence[Representation]
) -> list[object | None]:
    """The objects that representations stand for, in order; one that is wrong spoils only itself.

    Raises:
        InvalidInputError: there are too many.
    """
    if len(representations) > MOST_REPRESENTATIONS:
        raise InvalidInputError(
            f"representations takes at most {MOST_REPRESENTATIONS:,} objects,"
            f" {len(representations):,} were given: ask in several operations.",
            argument="representations",
        )
    read = [_reference(entities, one) for one in representations]
    sound = [one for one in read if isinstance(one, Reference)]
    found = iter(await referred(entities, context, sound))
    return [next(found) if isinstance(one, Reference) else one for one in read]


async def referred(
    entities: Entities, context: Any, references: Sequence[Reference]
) -> list[object | None]:
    """The objects that are referred to, in order; None where there is no such entity."""
    groups: dict[Find, list[int]] = {}
    for place, reference in enumerate(references):
        if (entity := entities.get(reference.typename)) is not None:
            groups.setdefault(entity.find, []).append(place)
    answers = await asyncio.gather(
        *(find(context, [references[at] for at in places]) for find, places in groups.items()),
        return_exceptions=True,
    )
    found: list[object | None] = [None] * len(references)
    for places, answer in zip(groups.values(), answers, strict=True):
        objects = [answer] * len(places) if isinstance(answer, BaseException) else answer
        for place, one in zip(places, objects, strict=True):
            found[place] = one
    return found


def _reference(entities: Entities, given: Representation) -> Reference | InvalidInputError:
    typename = given.get("__typename")
    entity = entities.get(typename) if isinstance(typename, str) else None
    if entity is None:
        known = ", ".join(sorted(entities))
        message = f"The __typename of a representation is one of {known}."
        return InvalidInputError(message, argument="representations")
    for key in entity.keys:
        if _holds(given, _selected(key)):
            return Reference(entity.name, key, given)
    message = f"A {entity.name} is represented by one of its keys: {', '.join(entity.keys)}."
    return InvalidInputError(message, argument="representations")


@cache
def _selected(key: str) -> SelectionSetNode:
    [operation] = parse(f"{{ {key} }}", no_location=True).definitions
    assert isinstance(operation, OperationDefinitionNode)  # noqa: S101  it begins with a brace
    return operation.selection_set


def _holds(given: Any, selected: SelectionSetNode) -> bool:
    """Whether an object has a value for every field of a key."""
    fields = [field for field in selected.selections if isinstance(field, FieldNode)]
    return isinstance(given, Mapping) and all(
        given.get(field.name.value) is not None
        and (field.selection_set is None or _holds(given[field.name.value], field.selection_set))
        for field in fields
    )
