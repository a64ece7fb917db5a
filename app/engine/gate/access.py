"""Who may read what an operation asks for? Decided once a document, with a bit for each.

What a document asks for behind `@skip` and `@include` counts: whether it may be asked must not
depend on a variable.
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)

Access: TypeAlias = Mapping[tuple[str, str], int]
"""By type and field, a bit for each who may read it; what is not told of is open to everybody."""
EVERYBODY = -1
ANYTHING: Access = {}


def closed(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    schema: GraphQLSchema,
    access: Access,
    bit: int,
) -> list[tuple[str, str]]:
    """The fields of an operation that are closed to somebody, in the order of their names."""
    fragments = {
        one.name.value: one
        for one in document.definitions
        if isinstance(one, FragmentDefinitionNode)
    }
    found: set[tuple[str, str]] = set()
    for part in _reached(operation, fragments):
        info = TypeInfo(schema)
        visit(part, TypeInfoVisitor(info, _Closed(info, access, bit, found)))
    return sorted(found)


def _reached(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterator[OperationDefinitionNode | FragmentDefinitionNode]:
    """The operation, and each fragment that it spreads."""
    yield operation
    waiting, seen = [operation.selection_set], set[str]()
    while waiting:
        spreads = _Spreads()
        visit(waiting.pop(), spreads)
        for name in spreads.names - seen:
            seen.add(name)
            if (fragment := fragments.get(name)) is not None:
                waiting.append(fragment.selection_set)
                yield fragment


class _Spreads(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        self.names.add(node.name.value)


class _Closed(Visitor):
    def __init__(
        self, info: TypeInfo, access: Access, bit: int, found: set[tuple[str, str]]
    ) -> None:
        super().__init__()
        self._info = info
        self._access = access
        self._bit = bit
        self._found = found

    def enter_field(self, node: FieldNode, *_: object) -> None:
        if (parent := self._info.get_parent_type()) is None:
            return
        key = parent.name, node.name.value
        if not self._access.get(key, EVERYBODY) & self._bit:
            self._found.add(key)
