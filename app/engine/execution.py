"""How is an operation executed: compiled where that is possible, interpreted where it is not?"""

from collections import Counter
from collections.abc import Hashable, Mapping
from inspect import isawaitable
from typing import Any, TypeAlias

from graphql import (
    DocumentNode,
    ExecutionResult,
    ExperimentalIncrementalExecutionResults,
    GraphQLError,
    GraphQLSchema,
    OperationType,
    experimental_execute_incrementally,
)
from graphql.execution.values import VariableValues
from msgspec import Struct, field

from app.engine.again import Again
from app.engine.completion import Completion
from app.engine.deferring import deferring
from app.engine.operations import Operation, operation_of
from app.engine.plancache import Conditions, PlanCache, Prepared
from app.engine.planning import Planner, Uncompilable
from app.engine.plans import Description, Plan
from app.engine.resolving import resolve
from app.engine.runs import Run
from app.engine.streaming import StreamingExecutor
from app.engine.writing import written

MOST_BYTES = 32 * 1024 * 1024
FIELD_SIZE = 1_500  # bytes of the objects that plan one field, beside its code
TREE_SIZE = 12  # bytes of syntax tree for each byte of a document, at least
Ready: TypeAlias = tuple[Operation, tuple[Plan, ...], VariableValues | list[GraphQLError]]
Begun: TypeAlias = ExecutionResult | ExperimentalIncrementalExecutionResults


class Request(Struct, frozen=True):
    """One operation to execute.

    `key` stands for the document: requests with equal keys have equal documents. The `root` of a
    subscription is one event of its source. `again` is what is known of the same question.
    """

    document: DocumentNode
    key: Hashable
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    context: Any = None
    root: Any = None
    again: Again | None = None


class Executed(Struct, frozen=True):
    """The answer. `interpreted` is the reason why it was not compiled, None if it was.

    `objects` are those below the root of its data, where they were counted.
    """

    data: dict[str, Any] | None
    errors: list[GraphQLError]
    interpreted: str | None = None
    objects: int | None = None


class Engine:
    """Executes operations of one schema.

    `counts` says how often an operation ran compiled, or interpreted and why.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        description: Description,
        *,
        most_bytes: int = MOST_BYTES,
        at_first_sight: bool = False,
    ) -> None:
        self.schema = schema
        self.description = description
        self.cache = PlanCache(most_bytes)
        self.counts: Counter[str] = Counter()
        self._at_first_sight = at_first_sight

    async def execute(self, request: Request) -> Executed:
        """The whole answer to an operation of a valid document that defers nothing."""
        try:
            operation, plans, variables = self._ready(request)
        except Uncompilable as reason:
            return await self._interpreted(request, str(reason))
        self.counts["compiled"] += 1
        if isinstance(variables, list):
            return Executed(None, variables)
        data: dict[str, Any] = {}
        errors: list[GraphQLError] = []
        objects: int | None = 0
        for plan in plans:
            run = Run(operation, plan, variables, request.context, request.root)
            if plan.slots:
                await resolve(run)
            part, counted = completed(run, errors)
            if part is None:
                return Executed(None, errors)
            data.update(part)
            objects = None if objects is None or counted is None else objects + counted
        return Executed(data, errors, objects=objects)

    async def in_parts(self, request: Request) -> Begun:
        """Begin to answer an operation whose document says what may come later.

        That is always interpreted, for the directives that ask for it.
        """
        names = {f"@{one.name.value}" for one in deferring(request.document)}
        self.counts[" ".join(sorted(names))] += 1
        return await begun(self.schema, request)

    def prepare(self, document: DocumentNode, key: Hashable, operation_name: str | None) -> None:
        """Compile before it is asked, for every value of its conditions.

        Raises:
            Uncompilable: it will be interpreted.
        """
        request = Request(document, key, operation_name)
        prepared = self._new(request)
        if prepared.operation is None:
            raise Uncompilable(prepared.refused or "")
        for conditions in _every(len(prepared.operation.conditions)):
            self._plans(request, prepared, prepared.operation, conditions)

    def _prepared(self, request: Request) -> Prepared:
        key = (request.key, request.operation_name)
        if (prepared := self.cache.get(key)) is not None:
            return prepared
        if not (self.cache.seen(key) or self._at_first_sight):
            raise Uncompilable("first sight")
        return self._new(request)

    def _new(self, request: Request) -> Prepared:
        source = request.document.loc.source.body if request.document.loc else ""
        try:
            operation = operation_of(self.schema, request.document, request.operation_name)
            prepared = Prepared(operation, document_size=TREE_SIZE * len(source))
        except Uncompilable as reason:
            prepared = Prepared(None, str(reason))
        self.cache.keep((request.key, request.operation_name), prepared)
        return prepared

    def _ready(self, request: Request) -> Ready:
        """What is to be done with which values; what is wrong with these, if anything is."""
        prepared, again = self._prepared(request), request.again
        operation = prepared.operation
        if operation is None or prepared.refused is not None:
            raise Uncompilable(prepared.refused or "no operation")
        variables = None
        if again is not None and again.planned == prepared.serial:
            variables = again.variables
        if variables is None:
            coerced = operation.variables.coerced(request.variables)
            if isinstance(coerced, list):
                return operation, (), coerced
            variables = coerced
            if again is not None and operation.variables.simple:
                again.planned, again.variables = prepared.serial, variables
        conditions = _conditions(operation, variables)
        plans = prepared.plans.get(conditions)
        if plans is None:
            plans = self._plans(request, prepared, operation, conditions)
        return operation, plans, variables

    def _plans(
        self, request: Request, prepared: Prepared, operation: Operation, conditions: Conditions
    ) -> tuple[Plan, ...]:
        try:
            plans = plans_for(self.schema, self.description, operation, conditions)
        except Uncompilable as reason:
            prepared.refused = str(reason)
            raise
        prepared.plans[conditions] = plans
        self.cache.keep((request.key, request.operation_name), prepared)
        return plans

    async def _interpreted(self, request: Request, reason: str) -> Executed:
        self.counts[reason] += 1
        return await interpreted(self.schema, request, reason)


async def interpreted(
    schema: GraphQLSchema, request: Request, reason: str | None = None
) -> Executed:
    """The answer of the reference executor, to an operation that defers nothing."""
    result = await begun(schema, request)
    assert isinstance(result, ExecutionResult)  # noqa: S101  nothing is deferred
    return Executed(result.data, result.errors or [], reason)


async def begun(schema: GraphQLSchema, request: Request) -> Begun:
    """What graphql-core makes of a request: an answer, or its first part and those after it.

    What comes later is worked on at once: the items of a streamed list would otherwise wait for one
    another, and nothing that they ask of the outside could be asked together.
    """
    result = experimental_execute_incrementally(
        schema,
        request.document,
        request.root,
        request.context,
        dict(request.variables),
        request.operation_name,
        enable_early_execution=True,
        executor_class=StreamingExecutor,
    )
    return await result if isawaitable(result) else result


def plans_for(
    schema: GraphQLSchema, description: Description, operation: Operation, conditions: Conditions
) -> tuple[Plan, ...]:
    """The plans of an operation: one, or one for each root field of a mutation.

    Raises:
        Uncompilable: the operation has to be interpreted.
    """
    values = dict(zip(operation.conditions, conditions, strict=True))
    planner = Planner(
        schema,
        description,
        operation.definition,
        operation.fragments,
        VariableValues({}, values),
    )
    root, grouped = planner.roots()
    serial = operation.definition.operation is OperationType.MUTATION
    parts = [{key: details} for key, details in grouped.items()] if serial else [grouped]
    plans = []
    for part in parts:
        planner.slots, before = 0, planner.planned
        selection = planner.selection(root, part)
        complete, size = written(selection, planner.slots)
        size += FIELD_SIZE * (planner.planned - before)
        plans.append(Plan(schema, selection, planner.slots, complete, size))
    return tuple(plans)


def completed(run: Run, errors: list[GraphQLError]) -> tuple[dict[str, Any] | None, int | None]:
    """The answer of a run whose answers are all there, and how many objects are below its root.

    Its failures go to `errors`; where there are any, nobody has counted.
    """
    if not run.troubled:
        try:
            return run.plan.complete(run.answers, run.root, run)
        except Exception:  # noqa: BLE001, S110  whatever it was, completion meets it again
            pass
    return Completion(run, errors).data(), None


def _conditions(operation: Operation, variables: VariableValues) -> Conditions:
    if not operation.conditions:
        return ()
    values = [variables.coerced.get(name) for name in operation.conditions]
    given = tuple(value for value in values if isinstance(value, bool))
    if len(given) < len(values):
        raise Uncompilable("condition without a value")
    return given


def _every(count: int) -> list[Conditions]:
    every: list[Conditions] = [()]
    for _ in range(count):
        every = [(*before, value) for before in every for value in (False, True)]
    return every
