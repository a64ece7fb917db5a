"""What does one execution carry, and what does a resolver get to see of it?"""

from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues
from graphql.pyutils import Path, Undefined, inspect
from msgspec import Struct, field

from app.engine.operations import Operation
from app.engine.plans import FieldPlan, Objects, Plan, Selection


class Run(Struct):
    """One execution of one plan: `answers` by slot, and whether any of them is a failure."""

    operation: Operation
    plan: Plan
    variables: VariableValues
    context: Any
    root: Any
    answers: list[list[Any]] = field(default_factory=list)
    troubled: bool = False
    _reference: Executor[Any] | None = None

    def __post_init__(self) -> None:
        self.answers = [[]] * self.plan.slots

    @property
    def reference(self) -> Executor[Any]:
        """The reference executor over the same operation, for what is asked of it rarely."""
        if self._reference is None:
            self._reference = Executor(
                self.plan.schema,
                {name: one.definition for name, one in self.operation.fragments.items()},
                dict(self.operation.fragments),
                self.root,
                self.context,
                self.operation.definition,
                self.variables,
                default_field_resolver,
                default_type_resolver,
                default_field_resolver,
            )
        return self._reference

    def info(self, field_plan: FieldPlan, path: Path) -> GraphQLResolveInfo[Any]:
        """What a resolver is told beside its parent and its arguments."""
        return self.reference.build_resolve_info(
            field_plan.definition, field_plan.nodes, field_plan.parent_type, path
        )

    def selection_of(
        self, objects: Objects, value: Any, field_plan: FieldPlan, path: Path
    ) -> Selection:
        """What is asked of an object, by its type.

        Raises:
            Exception: it is a failure, or of no type that may stand here.
        """
        if (known := objects.by_class.get(value.__class__)) is not None:
            return known
        if isinstance(value, Exception):
            raise value
        if value is Undefined:
            raise TypeError("Undefined is no object.")
        name = self._type_name(objects, value, field_plan, path)
        selection = objects.selections[name]
        check = selection.type.is_type_of
        if check is not None and not check(value, self.info(field_plan, path)):
            raise GraphQLError(
                f"Expected value of type '{selection.type}' but got: {inspect(value)}.",
                field_plan.nodes,
            )
        return selection

    def _type_name(self, objects: Objects, value: Any, field_plan: FieldPlan, path: Path) -> str:
        type_ = objects.named
        if isinstance(type_, GraphQLObjectType):
            return type_.name
        resolve = type_.resolve_type or default_type_resolver
        info = self.info(field_plan, path)
        details = [FieldDetails(node, None) for node in field_plan.nodes]
        named = resolve(value, info, type_)
        return self.reference.ensure_valid_runtime_type(named, type_, details, info, value).name


class Call(Struct):
    """One field path of one execution, for the one who answers it."""

    run: Run
    field: FieldPlan
    arguments: Mapping[str, Any]

    @property
    def context(self) -> Any:
        """The operation's context."""
        return self.run.context

    def info(self) -> GraphQLResolveInfo[Any]:
        """As a resolver knows it; its path has no positions, since it speaks for all parents."""
        return self.run.info(self.field, self.field.path)
