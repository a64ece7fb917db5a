"""What does a document ask to be told later, and how does it read without that?"""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    REMOVE,
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    GraphQLDeferDirective,
    GraphQLError,
    GraphQLStreamDirective,
    IntValueNode,
    NullValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
    Visitor,
    VisitorAction,
    visit,
)

DEFER, STREAM = GraphQLDeferDirective.name, GraphQLStreamDirective.name
DEFERRING = frozenset({DEFER, STREAM})


def at_once(document: DocumentNode) -> DocumentNode:
    """The document without its @defer and @stream; the same one when it has none."""
    told: DocumentNode = visit(document, _AtOnce())
    return told


def deferring(document: DocumentNode) -> tuple[DirectiveNode, ...]:
    """Every @defer and @stream of a document."""
    found = _Found()
    visit(document, found)
    return tuple(found.directives)


def wrong_counts(
    directives: tuple[DirectiveNode, ...],
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> Iterator[GraphQLError]:
    """One error for each @stream that does not say how many items come first."""
    defaults = {
        one.variable.name.value: one.default_value for one in operation.variable_definitions or ()
    }
    for argument in (one for directive in directives for one in directive.arguments or ()):
        if argument.name.value == "initialCount" and _wrong(argument, defaults, variables):
            yield GraphQLError("initialCount is how many items come first, 0 or more.", argument)


def _wrong(
    argument: ArgumentNode, defaults: Mapping[str, ValueNode | None], variables: Mapping[str, Any]
) -> bool:
    value: ValueNode | None = argument.value
    if isinstance(value, VariableNode):
        name = value.name.value
        if name in variables and name in defaults:
            given = variables[name]
            return given is None or (isinstance(given, int | float) and given < 0)
        value = defaults.get(name)
    if isinstance(value, IntValueNode):
        return value.value.startswith("-")
    return isinstance(value, NullValueNode)


class _AtOnce(Visitor):
    """Takes the directives out."""

    def enter_directive(self, node: DirectiveNode, *_: object) -> VisitorAction:
        """Out with it, if it is one of ours."""
        return REMOVE if node.name.value in DEFERRING else None


class _Found(Visitor):
    """Collects the directives."""

    def __init__(self) -> None:
        super().__init__()
        self.directives: list[DirectiveNode] = []

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        """One directive of a document."""
        if node.name.value in DEFERRING:
            self.directives.append(node)
