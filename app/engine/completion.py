"""What is the answer when something in it failed? The specification's errors and nulls."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError, located_error
from graphql.execution import Executor
from graphql.pyutils import Path, Undefined, is_iterable

from app.engine.plans import Attribute, FieldPlan, Items, Leaf, Selection, Shape, Typename
from app.engine.runs import Run


@dataclass(slots=True)
class Completion:
    """Completes the answers of a run one by one; nothing is fetched again.

    Answers of a slot stand in the order of their parents. So every object that was resolved is
    visited, even below one that is already known to be null.
    """

    run: Run
    errors: list[GraphQLError] = field(default_factory=list)
    _answers: list[Iterator[Any]] = field(init=False)

    def __post_init__(self) -> None:
        self._answers = [iter(answers) for answers in self.run.answers]

    def data(self) -> dict[str, Any] | None:
        """The answer, None when a failure reached the root; the failures are in `errors`."""
        try:
            return self._object(self.run.plan.selection, self.run.root, None)
        except GraphQLError as error:
            self.errors.append(error)
            return None

    def _object(self, selection: Selection, value: Any, path: Path | None) -> dict[str, Any]:
        completed: dict[str, Any] = {}
        first = _First(self.errors)
        for one in selection.fields:
            if isinstance(one, Typename):
                completed[one.key] = selection.type.name
                continue
            try:
                completed[one.key] = self._field(
                    one, value, Path(path, one.key, selection.type.name)
                )
            except GraphQLError as error:
                first.met(error)
        first.raise_if_met()
        return completed

    def _field(self, one: FieldPlan, parent: Any, path: Path) -> Any:
        try:
            return self._value(one, one.shape, self._answer(one, parent), path)
        except Exception as error:  # noqa: BLE001  whatever a value raises becomes a located error
            return self._null(one, one.shape, error, path)

    def _answer(self, one: FieldPlan, parent: Any) -> Any:
        if one.slot is not None:
            return next(self._answers[one.slot])
        assert isinstance(one.how, Attribute)  # noqa: S101  only attributes have no slot
        return getattr(parent, one.how.name)

    def _null(self, one: FieldPlan, shape: Shape, error: Exception, path: Path) -> None:
        """Null where null may be; elsewhere the failure goes up."""
        located = located_error(error, one.nodes, path.as_list())
        if shape.required:
            raise located
        self.errors.append(located)

    def _value(self, one: FieldPlan, shape: Shape, value: Any, path: Path) -> Any:
        if isinstance(value, Exception):
            raise value
        completed = None
        if value is not None and value is not Undefined:
            completed = self._present(one, shape, value, path)
        if completed is None and shape.required:
            name = f"{one.parent_type}.{one.nodes[0].name.value}"
            raise TypeError(f"Cannot return null for non-nullable field {name}.")
        return completed

    def _present(self, one: FieldPlan, shape: Shape, value: Any, path: Path) -> Any:
        kind = shape.kind
        if isinstance(kind, Leaf):
            return Executor.complete_leaf_value(kind.type, value)
        if isinstance(kind, Items):
            return self._list(one, kind.of, value, path)
        return self._object(self.run.selection_of(kind, value, one, path), value, path)

    def _list(self, one: FieldPlan, of: Shape, values: Any, path: Path) -> list[Any]:
        if not is_iterable(values):
            name = f"{one.parent_type}.{one.nodes[0].name.value}"
            raise GraphQLError(f"Expected Iterable, but did not find one for field '{name}'.")
        completed: list[Any] = []
        first = _First(self.errors)
        for place, value in enumerate(values):
            try:
                completed.append(self._item(one, of, value, path.add_key(place, None)))
            except GraphQLError as error:
                first.met(error)
        first.raise_if_met()
        return completed

    def _item(self, one: FieldPlan, of: Shape, value: Any, path: Path) -> Any:
        try:
            return self._value(one, of, value, path)
        except Exception as error:  # noqa: BLE001  as in `_field`
            return self._null(one, of, error, path)


@dataclass(slots=True)
class _First:
    """The first failure that makes its parent null; what is met after it is not told."""

    errors: list[GraphQLError]
    error: GraphQLError | None = None
    told: int = 0

    def met(self, error: GraphQLError) -> None:
        """One more failure."""
        if self.error is None:
            self.error = error
            self.told = len(self.errors)

    def raise_if_met(self) -> None:
        """End with the first failure, if there was one."""
        if self.error is not None:
            del self.errors[self.told :]
            raise self.error
