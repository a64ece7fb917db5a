"""How do variables and arguments become values when the same operation comes again and again?

What is settled by the operation is coerced once, and plain variables take a short way. Whatever is
unusual or wrong is left to graphql-core, which also says what is wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    is_leaf_type,
    is_non_null_type,
    is_required_argument,
    visit,
)
from graphql.execution.get_variable_signature import (
    GraphQLVariableSignature,
    get_variable_signature,
)
from graphql.execution.values import (
    VariableValues,
    VariableValueSource,
    get_argument_values,
    get_variable_values,
)
from graphql.pyutils import Undefined
from graphql.type import GraphQLLeafType

MOST_VARIABLE_ERRORS = 50
NO_VARIABLES = VariableValues({}, {})


@dataclass(frozen=True, slots=True)
class _Plain:
    """A variable of a scalar or an enum; `default` is Undefined where it has none."""

    signature: GraphQLVariableSignature
    type: GraphQLLeafType
    required: bool
    default: Any


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables of one operation; `plain` is None when one of them is not."""

    schema: GraphQLSchema
    definitions: Sequence[VariableDefinitionNode]
    plain: Sequence[_Plain] | None

    @classmethod
    def of(cls, schema: GraphQLSchema, operation: OperationDefinitionNode) -> Self:
        """Those that an operation declares."""
        definitions = operation.variable_definitions or ()
        plain = [_plain(schema, one) for one in definitions]
        sound = [one for one in plain if one is not None]
        return cls(schema, definitions, sound if len(sound) == len(plain) else None)

    @property
    def simple(self) -> bool:
        """Whether their values are scalars and enums, which nobody can change."""
        return self.plain is not None

    def coerced(self, given: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        """Their values for one request, or what is wrong with them."""
        if not self.definitions:
            return NO_VARIABLES
        quickly = None if self.plain is None else _quickly(self.plain, given)
        if quickly is not None:
            return quickly
        return get_variable_values(
            self.schema, self.definitions, dict(given), max_errors=MOST_VARIABLE_ERRORS
        )


def _plain(schema: GraphQLSchema, definition: VariableDefinitionNode) -> _Plain | None:
    signature = get_variable_signature(schema, definition)
    if isinstance(signature, GraphQLError):
        return None
    required = is_non_null_type(signature.type)
    type_: Any = signature.type.of_type if is_non_null_type(signature.type) else signature.type
    if not is_leaf_type(type_):
        return None
    default = Undefined
    if definition.default_value is not None:
        alone = get_variable_values(schema, [definition], {})
        if isinstance(alone, list):
            return None
        default = alone.coerced[signature.name]
    return _Plain(signature, type_, required, default)


def _quickly(plain: Sequence[_Plain], given: Mapping[str, Any]) -> VariableValues | None:
    """None when a value is missing or does not fit."""
    sources: dict[str, VariableValueSource] = {}
    coerced: dict[str, Any] = {}
    for one in plain:
        name = one.signature.name
        value = given.get(name, Undefined)
        sources[name] = VariableValueSource(one.signature, value)
        if value is Undefined:
            value = one.default
            if value is Undefined and one.required:
                return None
        elif value is not None:
            try:
                value = one.type.coerce_input_value(value)
            except Exception:  # noqa: BLE001  graphql-core meets it again and tells it
                return None
            if value is Undefined:
                return None
        elif one.required:
            return None
        if value is not Undefined:
            coerced[name] = value
    return VariableValues(sources, coerced)


@dataclass(frozen=True, slots=True)
class _Taken:
    """An argument that is a variable and nothing else."""

    name: str
    variable: str
    required: bool
    nullable: bool


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a field at one place of an operation.

    `settled` are those that no variable changes, and the defaults of those in `taken`; None when
    they have to be looked at as a whole. Values are shared by all requests: nobody changes them.
    """

    definition: GraphQLField
    node: FieldNode
    settled: Mapping[str, Any] | None
    taken: Sequence[_Taken] = ()

    @classmethod
    def of(cls, definition: GraphQLField, node: FieldNode) -> Self:
        """Those that a field is given."""
        given = {one.name.value: one for one in node.arguments or ()}
        variable = [name for name, one in given.items() if isinstance(one.value, VariableNode)]
        mixed = any(_names_variable(one) for name, one in given.items() if name not in variable)
        if mixed or not given.keys() <= definition.args.keys():
            return cls(definition, node, None)
        try:
            settled = _settled(definition, node, variable)
        except GraphQLError:
            return cls(definition, node, None)
        taken = [_taken(definition, given[name]) for name in variable]
        return cls(definition, node, settled, taken)

    @property
    def constant(self) -> bool:
        """Whether they are the same for every request."""
        return self.settled is not None and not self.taken

    def values(self, variables: VariableValues) -> Mapping[str, Any]:
        """The coerced arguments of one request.

        Raises:
            GraphQLError: one of them is not what the schema asks for.
        """
        if self.settled is None:
            return get_argument_values(self.definition, self.node, variables)
        if not self.taken:
            return self.settled
        values, coerced = dict(self.settled), variables.coerced
        for one in self.taken:
            if one.variable in coerced:
                value = values[one.name] = coerced[one.variable]
                fits = value is not None or one.nullable
            else:
                fits = not one.required
            if not fits:
                return get_argument_values(self.definition, self.node, variables)
        return values


def _settled(
    definition: GraphQLField, node: FieldNode, variable: Sequence[str]
) -> Mapping[str, Any]:
    """Constant arguments and defaults, as graphql-core coerces them."""
    arguments = {
        name: argument
        for name, argument in definition.args.items()
        if name not in variable or not is_required_argument(argument)
    }
    constant = [one for one in node.arguments or () if one.name.value not in variable]
    alone = FieldNode(name=node.name, arguments=tuple(constant))
    return get_argument_values(GraphQLField(definition.type, arguments), alone, NO_VARIABLES)


def _taken(definition: GraphQLField, node: ArgumentNode) -> _Taken:
    argument = definition.args[node.name.value]
    assert isinstance(node.value, VariableNode)  # noqa: S101  told by its caller
    return _Taken(
        argument.out_name or node.name.value,
        node.value.name.value,
        required=is_required_argument(argument),
        nullable=not is_non_null_type(argument.type),
    )


def _names_variable(node: ArgumentNode) -> bool:
    found: list[VariableNode] = []

    class Finder(Visitor):
        """Collects the variables of a literal."""

        def enter_variable(self, variable: VariableNode, *_: Any) -> None:
            """One more."""
            found.append(variable)

    visit(node, Finder())
    return bool(found)
