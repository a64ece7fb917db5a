"""How large is each operation of a document, with its fragments expanded?

Every definition is walked once and every fragment measured once, in the order in which they need
one another; a spread then adds the figures of its fragment. So the time is linear in the document,
whatever it expands to, and nothing here expects the document to be valid: a spread of a fragment
that does not exist, or that closes a cycle, adds nothing (validation tells of both).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

from app.engine.deferring import DEFERRING
from app.engine.gate.access import ANYTHING, EVERYBODY, Access
from app.engine.gate.costs import Cost, Part, Program
from app.engine.gate.limits import MOST
from app.engine.gate.sizes import ListSizes, Size, count_at, literal, size_of

INTROSPECTION = frozenset({"__schema", "__type"})
LATER = 10  # objects: what one part that is told later costs (100 µs of CPU against 10)


@dataclass(slots=True)
class Tally:
    """The figures of one selection set. `items` is what each element of the list around it costs.

    `open_to` has a bit for everybody who may read all of it.

    A list without a slicing argument of its own (the edges of a connection) has the size its parent
    was given, so its cost stays apart until the parent is known.
    """

    depth: int = 0
    introspection_depth: int = 0
    aliases: int = 0
    directives: int = 0
    deferrals: int = 0
    root_fields: int = 0
    selections: int = 0
    cost: Cost = 0
    items: Cost = 0
    open_to: int = EVERYBODY
    parts: list[Part] = field(default_factory=list)
    item_parts: list[Part] = field(default_factory=list)

    def join(self, other: "Tally", *, spread: bool = True) -> None:
        """Add the figures of a set below; of one that is spread here, its fields too."""
        self.aliases = min(MOST, self.aliases + other.aliases)
        self.directives = min(MOST, self.directives + other.directives)
        self.deferrals = min(MOST, self.deferrals + other.deferrals)
        self.selections = min(MOST, self.selections + other.selections)
        self.introspection_depth = max(self.introspection_depth, other.introspection_depth)
        self.open_to &= other.open_to
        if spread:
            self.depth = max(self.depth, other.depth)
            self.root_fields = min(MOST, self.root_fields + other.root_fields)
            self.parts.append((1, other.cost))
            self.item_parts.append((1, other.items))


NOTHING = Tally()  # of a field without fields


@dataclass(frozen=True, slots=True)
class Analysis:
    """The figures of a document. `steps` counts the selections that were looked at."""

    operations: Sequence[tuple[OperationDefinitionNode, Tally]]
    directives: int
    program: Program
    steps: int

    @property
    def defers(self) -> bool:
        """Whether any operation asks for something later."""
        return any(tally.deferrals for _, tally in self.operations)

    def figures(self) -> Iterator[dict[str, int]]:
        """What is measured of every operation, but for its cost."""
        selections = min(MOST, sum(tally.selections for _, tally in self.operations))
        for operation, tally in self.operations:
            mutation = operation.operation is OperationType.MUTATION
            yield {
                "operations": len(self.operations),
                "depth": tally.depth,
                "introspectionDepth": tally.introspection_depth,
                "aliases": tally.aliases,
                "directives": max(self.directives, tally.directives),
                "deferrals": tally.deferrals,
                "rootFields": tally.root_fields,
                "mutations": tally.root_fields if mutation else 0,
                "selections": selections,
            }


def analyse(
    document: DocumentNode, schema: GraphQLSchema, sizes: ListSizes, access: Access = ANYTHING
) -> Analysis:
    """Measure every operation of a document."""
    return _Walk(document, schema, sizes, access).analysis()


class _Walk:
    def __init__(
        self, document: DocumentNode, schema: GraphQLSchema, sizes: ListSizes, access: Access
    ) -> None:
        self._schema = schema
        self._access = access
        self._sizes = sizes
        self._operations = [
            one for one in document.definitions if isinstance(one, OperationDefinitionNode)
        ]
        self._fragments = {
            one.name.value: one
            for one in document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        self._known: dict[str, Tally] = {}
        self._defaults: dict[str, Any] = {}
        self._program = Program()
        self._directives = 0
        self._steps = 0

    def analysis(self) -> Analysis:
        self._defaults = self._variable_defaults()
        for name in in_order(self._fragments):
            fragment = self._fragments[name]
            parent = self._schema.get_type(fragment.type_condition.name.value)
            self._directives += len(fragment.directives or ())
            self._known[name] = self._set(fragment.selection_set, parent)
        tallies = [(one, self._operation(one)) for one in self._operations]
        return Analysis(tallies, self._directives, self._program, self._steps)

    def _variable_defaults(self) -> dict[str, Any]:
        """Defaults by name; where operations differ, the largest."""
        defaults: dict[str, Any] = {}
        for definition in (one for op in self._operations for one in op.variable_definitions or ()):
            self._directives += len(definition.directives or ())
            name, value = definition.variable.name.value, literal(definition.default_value)
            if value is not None:
                defaults[name] = _larger(value, defaults.get(name))
        return defaults

    def _operation(self, operation: OperationDefinitionNode) -> Tally:
        self._directives += len(operation.directives or ())
        tally = self._set(operation.selection_set, self._schema.get_root_type(operation.operation))
        parts: list[Part] = [(1, tally.cost), (self._sizes.unsliced, tally.items)]
        tally.cost = self._program.total(0, parts)
        return tally

    def _set(self, selection_set: SelectionSetNode, parent: GraphQLNamedType | None) -> Tally:
        tally = Tally()
        for selection in selection_set.selections:
            self._steps += 1
            directives = len(selection.directives or ())
            self._directives += directives
            tally.selections = min(MOST, tally.selections + 1)
            tally.directives = min(MOST, tally.directives + directives)
            if directives and (deferrals := _deferrals(selection)):
                tally.deferrals = min(MOST, tally.deferrals + deferrals)
                if not isinstance(selection, FieldNode):
                    tally.parts.append((1, LATER))
            self._selection(selection, parent, tally)
        tally.cost = self._program.total(0, tally.parts)
        tally.items = self._program.total(0, tally.item_parts)
        return tally

    def _selection(
        self, selection: SelectionNode, parent: GraphQLNamedType | None, tally: Tally
    ) -> None:
        match selection:
            case FieldNode():
                self._field(selection, parent, tally)
            case InlineFragmentNode(type_condition=None, selection_set=nested):
                tally.join(self._set(nested, parent))
            case InlineFragmentNode(type_condition=NamedTypeNode(name=name), selection_set=nested):
                tally.join(self._set(nested, self._schema.get_type(name.value)))
            case FragmentSpreadNode(name=name) if name.value in self._known:
                tally.join(self._known[name.value])

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, tally: Tally) -> None:
        tally.root_fields = min(MOST, tally.root_fields + 1)
        tally.aliases = min(MOST, tally.aliases + (node.alias is not None))
        definition = self._definition(parent, node.name.value)
        named = None if definition is None else get_named_type(definition.type)
        if parent is not None:
            tally.open_to &= self._access.get((parent.name, node.name.value), EVERYBODY)
        below = NOTHING
        if node.selection_set is not None:
            below = self._set(node.selection_set, named)
            tally.join(below, spread=False)
        if node.name.value in INTROSPECTION:
            deepest = max(tally.introspection_depth, below.depth + 1)
            tally.introspection_depth, tally.depth = deepest, max(tally.depth, 1)
        else:
            tally.depth = max(tally.depth, below.depth + 1)
        charged = node.selection_set is not None or is_composite_type(named) or _deferrals(node)
        if charged:
            self._charge(node, definition, f"{parent}.{node.name.value}", below, tally)

    def _definition(self, parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
        if parent is None or not is_composite_type(parent):
            return None
        return self._schema.get_field(parent, name)

    def _charge(
        self,
        node: FieldNode,
        definition: GraphQLField | None,
        coordinate: str,
        below: Tally,
        tally: Tally,
    ) -> None:
        """Add the cost of a field with fields: one for each object, and what is below it."""
        size: Size | None = None
        wraps = 0
        if definition is not None:
            size = size_of(node, definition, coordinate, self._sizes, self._defaults)
            wraps = _lists(definition)
        unsliced = self._sizes.unsliced
        inner = unsliced if wraps or size is None else size
        itself = (coordinate not in self._sizes.free) + LATER * _deferrals(node)
        parts: list[Part] = [(1, below.cost), (inner, below.items)]
        if (price := self._sizes.prices.get(coordinate)) is not None:
            parts.append((count_at(node, price.path, self._defaults), price.each))
        each = self._program.total(itself, parts)
        for _ in range(wraps - 1):
            each = self._program.total(0, [(unsliced, each)])
        if wraps and size is None:
            tally.item_parts.append((1, each))
        else:
            tally.parts.append((size if wraps and size is not None else 1, each))


def _deferrals(selection: SelectionNode) -> int:
    return sum(one.name.value in DEFERRING for one in selection.directives or ())


def in_order(fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[str]:
    """The fragments, each after those it spreads; no recursion, since chains can be long."""
    begun: set[str] = set()
    for start in fragments:
        path = [] if start in begun else [(start, _spreads(fragments[start]))]
        begun.add(start)
        while path:
            name, spreads = path[-1]
            following = next(
                (one for one in spreads if one in fragments and one not in begun), None
            )
            if following is None:
                path.pop()
                yield name
            else:
                begun.add(following)
                path.append((following, _spreads(fragments[following])))


def _spreads(fragment: FragmentDefinitionNode) -> Iterator[str]:
    waiting = [fragment.selection_set]
    while waiting:
        for selection in waiting.pop().selections:
            if isinstance(selection, FragmentSpreadNode):
                yield selection.name.value
            elif isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set:
                waiting.append(selection.selection_set)


def _lists(definition: GraphQLField) -> int:
    """How many lists are wrapped around the named type."""
    wraps, kind = 0, get_nullable_type(definition.type)
    while is_list_type(kind):
        wraps, kind = wraps + 1, get_nullable_type(kind.of_type)
    return wraps


def _larger(one: Any, other: Any) -> Any:
    """The larger of two defaults; of objects, the larger of each of their fields."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _larger(one.get(key), other.get(key)) for key in one | other}
    return one if _weight(one) >= _weight(other) else other


def _weight(value: Any) -> int:
    if isinstance(value, list):
        return len(value)
    return value if isinstance(value, int) else -1
