"""How does the engine resolve each field of our schema?"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any, Self

import strawberry
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_nullable_type,
    is_leaf_type,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import StrawberryArgument, convert_arguments
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from app.api.batching import BATCH
from app.engine.execution import Engine
from app.engine.plans import Attribute, Batch, Description, Each, How
from app.engine.runs import Call

DEFINITION = GraphQLCoreConverter.DEFINITION_BACKREF


def build_engine(schema: strawberry.Schema, **options: Any) -> Engine:
    """The engine that executes a schema; `options` are those of `Engine`."""
    core = schema._schema  # noqa: SLF001  strawberry has no public name for it
    how = _nothing if _watched(schema) else partial(_how, schema)
    return Engine(core, Description(how, _classes(core)), **options)


def _watched(schema: strawberry.Schema) -> bool:
    """Whether something of strawberry's wants to see every field while it is resolved."""
    kinds = [one if isinstance(one, type) else type(one) for one in schema.extensions]
    known = [kind for kind in kinds if issubclass(kind, SchemaExtension)]
    hooked = any(kind.resolve is not SchemaExtension.resolve for kind in known)
    return hooked or len(known) < len(kinds) or bool(schema.schema_converter.exception_handlers)


def _nothing(_type: GraphQLObjectType, _name: str, _field: GraphQLField) -> None:
    """No field is the engine's."""


def _classes(schema: GraphQLSchema) -> Mapping[str, type]:
    """The class behind each object type; one that stands behind several tells nothing."""
    found = {
        name: definition.origin
        for name, type_ in schema.type_map.items()
        if isinstance(type_, GraphQLObjectType)
        and isinstance(definition := type_.extensions.get(DEFINITION), StrawberryObjectDefinition)
    }
    shared = Counter(found.values())
    return {name: class_ for name, class_ in found.items() if shared[class_] == 1}


def _how(
    schema: strawberry.Schema, _type: GraphQLObjectType, _name: str, field: GraphQLField
) -> How | None:
    definition = field.extensions.get(DEFINITION)
    if not isinstance(definition, StrawberryField):
        return None if field.resolve is None else Each(partial(_foreign, field.resolve))
    if definition.is_subscription:
        return Each(_event)
    if definition.extensions or _streamed(definition):
        return None
    if definition.base_resolver is None:
        plain = definition.default_resolver is getattr
        return Attribute(definition.python_name) if plain else None
    arguments = Arguments.of(schema, definition, field)
    if (function := definition.metadata.get(BATCH)) is not None:
        return Batch(partial(_batch, function, arguments), eager=True)
    resolver = _Resolver.of(schema, definition, arguments)
    return Each(resolver.bound, follows=resolver.follows)


def _streamed(definition: StrawberryField) -> bool:
    """Whether a list is given element by element."""
    resolver = definition.base_resolver
    return resolver is not None and isasyncgenfunction(resolver.wrapped_func)


def _event(_call: Call) -> Callable[[Any], Any]:
    """The field of a subscription: its resolver gave the events, each of which is the answer."""
    return lambda event: event


def _foreign(resolve: Callable[..., Any], call: Call) -> Callable[[Any], Any]:
    """A field that strawberry made itself, such as those of a federated schema."""
    info = call.info()
    return lambda parent: resolve(parent, info, **call.arguments)


@dataclass(frozen=True, slots=True)
class Arguments:
    """Turns coerced arguments into those of a resolver.

    `plain` names those that strawberry passes on as they are: scalars and enums, by schema name.
    There is one of this for each field of each plan.
    """

    schema: strawberry.Schema
    plain: Mapping[str, str]
    others: Mapping[str, StrawberryArgument]
    turned: list[Mapping[str, Any]] = field(default_factory=list)

    @classmethod
    def of(
        cls, schema: strawberry.Schema, definition: StrawberryField, field: GraphQLField
    ) -> Self:
        """For one field."""
        names = schema.config.name_converter
        plain: dict[str, str] = {}
        others: dict[str, StrawberryArgument] = {}
        for one in definition.arguments:
            name = names.from_argument(one)
            type_ = get_nullable_type(field.args[name].type)
            if is_leaf_type(type_) and not one.is_maybe and type_.name != "GlobalID":
                plain[name] = one.python_name
            else:
                others[name] = one
        return cls(schema, plain, others)

    def __call__(self, call: Call) -> Mapping[str, Any]:
        """The keyword arguments; those that no request can change are turned once."""
        if self.turned:
            return self.turned[0]
        given = call.arguments
        passed = {name: given[known] for known, name in self.plain.items() if known in given}
        others = []
        for known, one in self.others.items():
            if known in given and given[known] is None and not one.is_maybe:
                passed[one.python_name] = None
            elif known in given:
                others.append(one)
        if others:  # strawberry makes them anew for every resolver, which may change them
            return passed | self._converted(call, others)
        if call.field.arguments.constant:
            self.turned.append(passed)
        return passed

    def _converted(self, call: Call, others: list[StrawberryArgument]) -> dict[str, Any]:
        converter = self.schema.schema_converter
        return convert_arguments(
            dict(call.arguments),
            others,
            scalar_registry=converter.scalar_registry,
            config=converter.config,
        )


class LateInfo:
    """What graphql-core tells a resolver, put together when more than the context is asked."""

    def __init__(self, call: Call) -> None:
        self.context = call.context
        self._call = call

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call.info(), name)


def _batch(
    function: Callable[..., Awaitable[Sequence[Any]]], arguments: Arguments, call: Call
) -> Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]:
    passed = arguments(call)
    return lambda parents: function(parents, call.context, **passed)


@dataclass(frozen=True, slots=True)
class _Resolver:
    """A method of a strawberry type, and what it wants to be told beside its arguments."""

    schema: strawberry.Schema
    definition: StrawberryField
    function: Callable[..., Any]
    arguments: Arguments
    info: str | None
    parents: tuple[str, ...]
    of_parent: bool

    @classmethod
    def of(
        cls, schema: strawberry.Schema, definition: StrawberryField, arguments: Arguments
    ) -> Self:
        """That of a field."""
        resolver = definition.base_resolver
        if resolver is None or not callable(function := resolver.wrapped_func):
            raise TypeError(f"{definition.python_name} has no resolver that can be called")
        info = resolver.info_parameter
        parents = resolver.parent_parameter, resolver.root_parameter
        return cls(
            schema,
            definition,
            function,
            arguments,
            None if info is None else info.name,
            tuple(one.name for one in parents if one),
            resolver.self_parameter is not None,
        )

    @property
    def follows(self) -> bool:
        """Whether it is told nothing but its parent and its arguments, and waits for nothing."""
        return self.info is None and not iscoroutinefunction(self.function)

    def bound(self, call: Call) -> Callable[[Any], Any]:
        """What answers for one parent."""
        function, passed = self.function, self.arguments(call)
        if self.info is not None:
            raw: Any = LateInfo(call)
            info = self.schema.config.info_class(_raw_info=raw, _field=self.definition)
            passed = {**passed, self.info: info}
        if self.parents:
            return lambda parent: function(**passed, **dict.fromkeys(self.parents, parent))
        if self.of_parent:
            return partial(function, **passed) if passed else function
        return lambda _parent: function(**passed)
