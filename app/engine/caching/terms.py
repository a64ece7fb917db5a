"""On what terms may the answer of an operation be kept? Told by its document alone, once.

Every definition is walked once, fragments before those that spread them, so that the time is linear
in the document, whatever it expands to. Conditions (`@skip`, `@include`) are taken as if everything
were included. The document has passed the gate: it is valid and has no cycles.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from math import inf

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NullValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
)

from app.engine.caching.policy import FREE, NOT_KEPT, FieldPolicies, Hints, Policy
from app.engine.gate.analysis import in_order

KEY_SIZE = 16  # bytes
IN_PARTS = frozenset({"defer", "stream"})  # directives of answers that come in parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What the names of a schema mean for keeping.

    `fresh_arguments` are arguments that ask for newer values: who gives one is asked for again.
    `told` is the enum that says how a value came: `first` when it was made for this answer, `again`
    in an answer that was kept, `late` in one that was kept for too long.
    """

    fresh_arguments: frozenset[str] = frozenset()
    told: str = ""
    first: str = ""
    again: str = ""
    late: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long the answer of one operation may be kept at most, in whole seconds, and by whom.

    `types` are the object types it may hold; `variables` those it has; `told` the keys under which
    it says how a value came; `digest` stands for the document and the operation.
    """

    max_age: int
    private: bool
    types: frozenset[str]
    variables: tuple[str, ...]
    told: tuple[str, ...]
    digest: bytes


@dataclass(slots=True)
class _Figure:
    """Of one selection set: its policy, and which types' objects it asks anything of (bits)."""

    policy: Policy = FREE
    asked: int = 0
    types: int = 0


def terms_of(
    document: DocumentNode,
    text: str,
    operation: OperationDefinitionNode,
    rules: "Rules",
) -> Terms:
    """The terms of one operation of a valid document."""
    walk = _Walk(document, rules)
    figure = walk.operation(operation)
    policy = figure.policy
    if operation.operation is not OperationType.QUERY or walk.ambiguous or policy.max_age == inf:
        policy = NOT_KEPT
    name = "" if operation.name is None else operation.name.value
    return Terms(
        max_age=int(policy.max_age),
        private=policy.private,
        types=frozenset(rules.named(figure.types)),
        variables=tuple(one.variable.name.value for one in operation.variable_definitions or ()),
        told=tuple(sorted(walk.told)),
        digest=blake2b(f"{name} {text}".encode(), digest_size=KEY_SIZE).digest(),
    )


class Rules:
    """What a schema says of keeping, ready to be asked."""

    def __init__(self, schema: GraphQLSchema, hints: Hints, wording: Wording) -> None:
        self.schema = schema
        self.wording = wording
        self._policies = FieldPolicies(schema, hints)
        objects = sorted(
            name for name, one in schema.type_map.items() if isinstance(one, GraphQLObjectType)
        )
        self._bits: Mapping[str, int] = {name: 1 << place for place, name in enumerate(objects)}
        self._names: Mapping[int, str] = {bit: name for name, bit in self._bits.items()}
        self._possible: dict[str, int] = {}

    def possible(self, type_: GraphQLNamedType) -> int:
        """The object types behind a type."""
        if (known := self._possible.get(type_.name)) is None:
            known = sum(self._bits[one.name] for one in self._policies.possible(type_))
            self._possible[type_.name] = known
        return known

    def named(self, types: int) -> Iterator[str]:
        """The names behind bits."""
        while types:
            lowest = types & -types
            yield self._names[lowest]
            types ^= lowest

    def policy(self, parent: GraphQLNamedType, name: str, given: int | None) -> Policy:
        """Of a field that gives objects of some types, or a leaf."""
        if given is None:
            return self._policies.of(parent.name, name, None)
        policy = FREE
        for one in self.named(given):
            policy = policy.strictest(self._policies.of(parent.name, name, one))
        return policy


@dataclass(slots=True)
class _Walk:
    document: DocumentNode
    rules: Rules
    told: set[str] = field(default_factory=set)
    _others: set[str] = field(default_factory=set)
    _known: dict[str, _Figure] = field(default_factory=dict)

    def operation(self, operation: OperationDefinitionNode) -> _Figure:
        fragments = {
            one.name.value: one
            for one in self.document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        for name in in_order(fragments):
            on = self.rules.schema.type_map[fragments[name].type_condition.name.value]
            self._known[name] = self._set(fragments[name].selection_set, on)
        root = self.rules.schema.get_root_type(operation.operation)
        assert root is not None  # noqa: S101  the gate selected it
        return self._set(operation.selection_set, root)

    @property
    def ambiguous(self) -> bool:
        """Whether a key that says how values came says something else elsewhere."""
        return not self.told.isdisjoint(self._others)

    def _set(self, selections: SelectionSetNode, on: GraphQLNamedType) -> _Figure:
        figure = _Figure()
        for one in selections.selections:
            if any(by.name.value in IN_PARTS for by in one.directives or ()):
                figure.policy = NOT_KEPT
            self._selection(one, on, figure)
        return figure

    def _selection(self, one: SelectionNode, on: GraphQLNamedType, figure: _Figure) -> None:
        if isinstance(one, FieldNode):
            self._field(one, on, figure)
            return
        if isinstance(one, FragmentSpreadNode):
            below = self._known[one.name.value]
        else:
            assert isinstance(one, InlineFragmentNode)  # noqa: S101  there is no other selection
            condition = one.type_condition
            narrowed = on if condition is None else self.rules.schema.type_map[condition.name.value]
            below = self._set(one.selection_set, narrowed)
        figure.policy = figure.policy.strictest(below.policy)
        figure.asked |= below.asked & self.rules.possible(on)
        figure.types |= below.types

    def _field(self, node: FieldNode, on: GraphQLNamedType, figure: _Figure) -> None:
        name = node.name.value
        key = name if node.alias is None else node.alias.value
        if name.startswith("__"):
            self._others.add(key)
            if name != "__typename":
                figure.policy = NOT_KEPT
            return
        figure.asked |= self.rules.possible(on)
        given = self._given(on, name)
        policy = self._policy(node, on, given, figure)
        if _asks_for_newer(node, self.rules.wording):
            policy = NOT_KEPT
        figure.policy = figure.policy.strictest(policy)
        (self.told if given.name == self.rules.wording.told else self._others).add(key)

    def _policy(
        self, node: FieldNode, on: GraphQLNamedType, given: GraphQLNamedType, figure: _Figure
    ) -> Policy:
        """Of a field and all below; of several types it may give, those count that are asked."""
        name = node.name.value
        if not is_composite_type(given) or node.selection_set is None:
            return self.rules.policy(on, name, None)
        below = self._set(node.selection_set, given)
        possible = self.rules.possible(given)
        asked = below.asked & possible or possible
        figure.types |= below.types | asked
        return self.rules.policy(on, name, asked).strictest(below.policy)

    def _given(self, on: GraphQLNamedType, name: str) -> GraphQLNamedType:
        assert is_composite_type(on)  # noqa: S101  fields are selected of nothing else
        definition = self.rules.schema.get_field(on, name)
        assert definition is not None  # noqa: S101  the document is valid
        return get_named_type(definition.type)


def _asks_for_newer(node: FieldNode, wording: Wording) -> bool:
    return any(
        argument.name.value in wording.fresh_arguments
        and not isinstance(argument.value, NullValueNode)
        for argument in node.arguments or ()
    )
