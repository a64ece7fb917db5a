"""Where do the events of a subscription come from, and where is a failure of theirs?"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    VariableNode,
    create_source_event_stream,
    located_error,
)
from graphql.execution.collect_fields import collect_fields

from app.engine.execution import Request


@dataclass(frozen=True, slots=True)
class Source:
    """The open source of a subscription: each event is the root of an execution of its own."""

    executor: Executor[Any]
    events: AsyncIterator[Any]

    async def close(self) -> None:
        """Let what gives the events clean up."""
        if (close := getattr(self.events, "aclose", None)) is not None:
            await close()

    def located(self, failure: Exception) -> GraphQLError:
        """A failure of the source, at the field it is the source of."""
        build = self.executor
        root = build.schema.subscription_type
        assert root is not None  # noqa: S101  the source would not have been opened
        grouped = collect_fields(
            build.schema, build.fragments, build.variable_values, root, build.operation
        ).grouped_field_set
        key, details = next(iter(grouped.items()))
        return located_error(failure, [one.node for one in details], [key])


async def open_source(schema: GraphQLSchema, request: Request) -> Source | list[GraphQLError]:
    """The source of a subscription's events, or why there is none.

    A failure at the field has a path; one of the variables has none.
    """
    executor = Executor.build(
        schema,
        request.document,
        request.root,
        request.context,
        dict(request.variables),
        request.operation_name,
    )
    if isinstance(executor, list):
        return executor
    opened = create_source_event_stream(executor)
    if isawaitable(opened):
        opened = await opened
    if isinstance(opened, ExecutionResult):
        return opened.errors or []
    return Source(executor, aiter(cast("AsyncIterator[Any]", opened)))


def used_by_events(document: DocumentNode, operation: OperationDefinitionNode) -> frozenset[str]:
    """The variables that the answer to an event depends on.

    Those that are given to the field of the subscription alone decide which events there are, and
    no more.
    """
    used: set[str] = set()
    for root in operation.selection_set.selections:
        if isinstance(root, FieldNode):
            used |= _variables_in((root.directives, root.selection_set))
        else:
            used |= _variables_in(root)
    fragments = (one for one in document.definitions if isinstance(one, FragmentDefinitionNode))
    return frozenset(used | _variables_in(tuple(fragments)))


def _variables_in(found: Any) -> set[str]:
    if isinstance(found, VariableNode):
        return {found.name.value}
    if isinstance(found, Node):
        return _variables_in(tuple(getattr(found, key, None) for key in found.keys))
    if isinstance(found, list | tuple):
        return set().union(*map(_variables_in, found))
    return set()
