"""Which part of a schema do some documents use? The schema that every server here has."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import (
    DefinitionNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    FieldNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_schema,
    get_named_type,
    parse,
    print_ast,
    validate,
    visit,
)


def subset(sdl: str, documents: Iterable[str]) -> str:
    """The types, fields and arguments that documents use, without descriptions and directives.

    Raises:
        GraphQLError: a document is not valid.
    """
    schema, used = build_schema(sdl), _Used()
    for text in documents:
        document = parse(text)
        for error in validate(schema, document):
            raise error
        types = TypeInfo(schema)
        visit(document, TypeInfoVisitor(types, _Noting(used, types)))
    cut = (_cut(one, used) for one in parse(sdl, no_location=True).definitions)
    return print_ast(DocumentNode(definitions=tuple(one for one in cut if one is not None))) + "\n"


@dataclass(frozen=True, slots=True)
class _Used:
    """Names of types, and by type and field those of the arguments."""

    types: set[str] = field(default_factory=set)
    arguments: dict[str, dict[str, set[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )


class _Noting(Visitor):
    """Notes what a document uses."""

    def __init__(self, used: _Used, types: TypeInfo) -> None:
        super().__init__()
        self._used = used
        self._types = types

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """One field."""
        parent, definition = self._types.get_parent_type(), self._types.get_field_def()
        if parent is None or definition is None:
            raise TypeError(f"{node.name.value} is not a field")
        given = {argument.name.value for argument in node.arguments or ()}
        inputs = (definition.args[name].type for name in given)
        self._used.arguments[parent.name][node.name.value] |= given
        self._used.types.update(
            get_named_type(type_).name for type_ in (parent, definition.type, *inputs)
        )


def _cut(definition: DefinitionNode, used: _Used) -> DefinitionNode | None:
    """What is used of a definition; None if nothing is."""
    match definition:
        case ObjectTypeDefinitionNode(name=name) if name.value in used.types:
            asked = used.arguments[name.value]
            fields = tuple(
                _cut_field(one, asked[one.name.value])
                for one in definition.fields or ()
                if one.name.value in asked
            )
            return replace(
                definition, description=None, interfaces=(), directives=(), fields=fields
            )
        case EnumTypeDefinitionNode(name=name) if name.value in used.types:
            values = tuple(replace(one, description=None) for one in definition.values or ())
            return replace(definition, description=None, directives=(), values=values)
        case ScalarTypeDefinitionNode(name=name) if name.value in used.types:
            return replace(definition, description=None, directives=())
    return None


def _cut_field(definition: FieldDefinitionNode, given: set[str]) -> FieldDefinitionNode:
    arguments = tuple(
        replace(one, description=None)
        for one in definition.arguments or ()
        if one.name.value in given
    )
    return replace(definition, description=None, directives=(), arguments=arguments)
