"""How is an operation settled: which fields, in which order, resolved how?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues
from graphql.pyutils import Path

from app.engine.arguments import Arguments
from app.engine.lasting import framed, lasts
from app.engine.plans import (
    Attribute,
    Description,
    FieldPlan,
    How,
    Items,
    Leaf,
    Objects,
    Selection,
    Shape,
    Typename,
)

MOST_FIELDS = 1_000  # a plan grows with doubled fragments and with abstract types
MOST_DEPTH = 60  # completion recurses
Grouped = Mapping[str, Sequence[FieldDetails]]


class Uncompilable(Exception):  # noqa: N818  an answer, not a failure
    """An operation that is left to the interpreter; the message is the reason, as counted."""


@dataclass(slots=True)
class Planner:
    """Builds the selections of one operation for one set of values of its conditions."""

    schema: GraphQLSchema
    description: Description
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDetails]
    conditions: VariableValues
    planned: int = 0
    slots: int = field(default=0)

    def roots(self) -> tuple[GraphQLObjectType, Grouped]:
        """The fields of the operation itself.

        Raises:
            Uncompilable: the schema has no such root.
        """
        root = self.schema.get_root_type(self.operation.operation)
        if root is None:
            raise Uncompilable("no root type")
        found = collect_fields(
            self.schema, dict(self.fragments), self.conditions, root, self.operation
        )
        return root, found.grouped_field_set

    def selection(
        self,
        parent: GraphQLObjectType,
        grouped: Grouped,
        path: Path | None = None,
        *,
        single: bool = True,
    ) -> Selection:
        """What is asked of objects of one type, or of a `single` one.

        Raises:
            Uncompilable: not everything in it can be compiled.
        """
        fields: list[FieldPlan | Typename] = []
        for key, details in grouped.items():
            self.planned += 1
            if self.planned > MOST_FIELDS:
                raise Uncompilable("too large")
            name = details[0].node.name.value
            if name == "__typename":
                fields.append(Typename(key))
            elif name.startswith("__"):
                raise Uncompilable("introspection")
            elif (definition := parent.fields.get(name)) is not None:
                fields.append(self._field(parent, definition, key, details, path, single=single))
        working = (one for one in fields if isinstance(one, FieldPlan) and one.slot is not None)
        return Selection(parent, tuple(fields), tuple(working))

    def _field(
        self,
        parent: GraphQLObjectType,
        definition: GraphQLField,
        key: str,
        details: Sequence[FieldDetails],
        above: Path | None,
        *,
        single: bool,
    ) -> FieldPlan:
        nodes = [one.node for one in details]
        how = self.description.how(parent, nodes[0].name.value, definition)
        if how is None:
            raise Uncompilable("resolver")
        path = Path(above, key, parent.name)
        shape = self._shape(definition.type, details, path, single=single)
        return FieldPlan(
            key=key,
            definition=definition,
            parent_type=parent,
            nodes=nodes,
            path=path,
            how=how,
            shape=shape,
            slot=self._slot(how, shape),
            arguments=Arguments.of(definition, nodes[0]),
            framed=single and shape.busy and framed(shape.kind) is not None,
        )

    def _slot(self, how: How, shape: Shape) -> int | None:
        if isinstance(how, Attribute) and not shape.busy:
            return None
        self.slots += 1
        return self.slots - 1

    def _shape(
        self, type_: GraphQLOutputType, details: Sequence[FieldDetails], path: Path, *, single: bool
    ) -> Shape:
        required = is_non_null_type(type_)
        inner = cast("GraphQLOutputType", type_.of_type if is_non_null_type(type_) else type_)
        if is_list_type(inner):
            of = self._shape(inner.of_type, details, path, single=False)
            return Shape(required, Items(of), of.busy)
        if is_leaf_type(inner):
            return Shape(required, Leaf(inner), busy=False)
        objects = self._objects(cast("Any", inner), details, path, single=single)
        return Shape(required, objects, any(one.working for one in objects.selections.values()))

    def _objects(
        self, type_: Any, details: Sequence[FieldDetails], path: Path, *, single: bool
    ) -> Objects:
        if len(path.as_list()) > MOST_DEPTH:
            raise Uncompilable("too deep")
        abstract = is_abstract_type(type_)
        possible = self.schema.get_possible_types(type_) if abstract else [type_]
        classes = self.description.classes
        # What hangs from an object that lasts is found and told with it; not also by itself.
        single = single and not any(lasts(classes.get(one.name)) for one in possible)
        selections = {}
        for one in possible:
            found = collect_subfields(
                self.schema,
                dict(self.fragments),
                self.conditions,
                self.operation,
                one,
                list(details),
            )
            selections[one.name] = self.selection(one, found.grouped_field_set, path, single=single)
        known = {classes[name]: one for name, one in selections.items() if name in classes}
        return Objects(type_, selections, known)
