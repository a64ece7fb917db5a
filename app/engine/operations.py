"""Which operation of a document is meant, and what may change its shape?"""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    get_operation_ast,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails

from app.engine.arguments import Variables
from app.engine.deferring import at_once
from app.engine.planning import Uncompilable

MOST_CONDITIONS = 6  # variables of @skip and @include: each doubles the plans


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `conditions` are the variables that its @skip and @include read."""

    definition: OperationDefinitionNode
    fragments: Mapping[str, FragmentDetails]
    variables: Variables
    conditions: tuple[str, ...]


def operation_of(schema: GraphQLSchema, document: DocumentNode, name: str | None) -> Operation:
    """The operation that is meant, to be answered at once whatever it asks for later.

    Raises:
        Uncompilable: there is none, or it uses what only the interpreter knows.
    """
    document = at_once(document)
    definition = get_operation_ast(document, name)
    if definition is None:
        raise Uncompilable("no operation")
    fragments = {
        one.name.value: FragmentDetails(one)
        for one in document.definitions
        if isinstance(one, FragmentDefinitionNode)
    }
    if any(one.definition.variable_definitions for one in fragments.values()):
        raise Uncompilable("fragment variables")
    directives = _Directives()
    visit(document, directives)
    if directives.foreign:
        raise Uncompilable(f"@{min(directives.foreign)}")
    if len(directives.conditions) > MOST_CONDITIONS:
        raise Uncompilable("many conditions")
    variables = Variables.of(schema, definition)
    return Operation(definition, fragments, variables, tuple(sorted(directives.conditions)))


class _Directives(Visitor):
    """Reads the directives of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.conditions: set[str] = set()
        self.foreign: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        """One directive."""
        if node.name.value not in {"skip", "include"}:
            self.foreign.add(node.name.value)
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.conditions.add(argument.value.name.value)
