"""May this operation be executed? One answer for every transport."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from enum import StrEnum
from typing import Self

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
)
from msgspec import Struct, structs

from app.engine.again import Again
from app.engine.deferring import at_once, deferring, wrong_counts
from app.engine.gate.access import EVERYBODY, Access, closed
from app.engine.gate.analysis import analyse
from app.engine.gate.documents import Documents, Prepared
from app.engine.gate.limits import Excess, Limits, excesses
from app.engine.gate.merging import EndlessError, merges
from app.engine.gate.sizes import ListSizes, Variables
from app.engine.gate.validation import Validator
from app.engine.gate.values import values

TOO_MANY_TOKENS = "tokens. Parsing aborted"  # as graphql-core says it


class Stage(StrEnum):
    """Where a request was turned away."""

    PARSE = "parse"
    MEASURE = "measure"
    VALIDATE = "validate"
    SELECT = "select"


class NotAdmittedError(Exception):
    """The operation is not executed. `errors` say why; `excess` is the measure above its limit."""

    def __init__(self, stage: Stage, *errors: GraphQLError, excess: Excess | None = None) -> None:
        super().__init__(stage)
        self.stage = stage
        self.errors = errors
        self.excess = excess


class Admitted(Struct, frozen=True):
    """An operation that may be executed by whoever has a bit in `open_to`, and its cost.

    `document` is executed to answer at once. `deferring` is the document as it was sent, if the
    operation asks for parts of its answer later.
    """

    text: str
    document: DocumentNode
    operation: OperationDefinitionNode
    cost: int
    name: str | None
    kind: OperationType
    kind_name: str
    deferring: DocumentNode | None = None
    open_to: int = EVERYBODY

    @classmethod
    def of(
        cls,
        text: str,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        cost: int,
        *,
        deferring: DocumentNode | None = None,
        open_to: int = EVERYBODY,
    ) -> Self:
        """An operation, which says itself what it is called."""
        name = None if operation.name is None else operation.name.value
        return cls(
            text,
            document,
            operation,
            cost,
            name,
            operation.operation,
            operation.operation.value,
            deferring,
            open_to,
        )


class Gate:
    """Parses, measures, prices and validates, in this order, what is not known already."""

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        limits: Limits,
        sizes: ListSizes,
        access: Access,
        validator: Validator,
        documents: Documents,
    ) -> None:
        self._schema = schema
        self._access = access
        self._limits = limits
        self._most = _by_measure(limits)
        self._sizes = sizes
        self._documents = documents
        self._validator = validator

    def admit(
        self,
        text: str,
        *,
        operation_name: str | None,
        variables: Variables,
        again: Again | None = None,
    ) -> Admitted:
        """The operation that is to be executed; `again` is what is known of the same question.

        Raises:
            NotAdmittedError: it cannot be, or may not be.
        """
        prepared = self._documents.find(text)
        if prepared is not None and again is not None:
            return self._once_more(prepared, operation_name, variables, again)
        self._refuse_many(variables)
        if prepared is None:
            measured = self._measured(text)
            self._cost(measured, get_operation_ast(measured.document, operation_name), variables)
            prepared = self._proven(measured)
        return self._admitted(prepared, operation_name, variables)

    def admit_prepared(
        self,
        prepared: Prepared,
        *,
        operation_name: str | None,
        variables: Variables,
        again: Again | None = None,
    ) -> Admitted:
        """The operation of a document that passed this gate, or another before the same schema.

        Raises:
            NotAdmittedError: there is no such operation, or it costs too much.
        """
        if again is not None:
            return self._once_more(prepared, operation_name, variables, again)
        self._refuse_many(variables)
        return self._admitted(prepared, operation_name, variables)

    def prepare(self, text: str) -> Prepared:
        """The document, valid and within the limits of form.

        Raises:
            NotAdmittedError: it is not.
        """
        return self._proven(self._measured(text))

    def closed(self, admitted: Admitted, bit: int) -> list[tuple[str, str]]:
        """The fields of an operation that somebody may not read, as (type, field)."""
        return closed(admitted.document, admitted.operation, self._schema, self._access, bit)

    def _once_more(
        self, prepared: Prepared, name: str | None, variables: Variables, again: Again
    ) -> Admitted:
        """As the last time, if it is the same document and always costs the same."""
        known = prepared.admitted.get(name)
        if known is None or again.priced != prepared.serial:
            self._refuse_many(variables)
            admitted = self._admitted(prepared, name, variables)
            again.priced, again.cost = prepared.steady * prepared.serial, admitted.cost
            return admitted
        return _at(again.cost, known)

    def _admitted(self, prepared: Prepared, name: str | None, variables: Variables) -> Admitted:
        """As for the request before, unless its variables make it cost something else."""
        known = prepared.admitted.get(name) or self._first_admitted(prepared, name)
        cost = self._cost(prepared, known.operation, variables)
        if prepared.deferring:
            self._refuse_wrong_counts(prepared, known.operation, variables)
        return _at(cost, known)

    def _first_admitted(self, prepared: Prepared, name: str | None) -> Admitted:
        operation = self._executable(get_operation_ast(prepared.document, name))
        tally = prepared.tally(operation)
        cost = tally.cost if isinstance(tally.cost, int) else 0  # the usual one
        later = prepared.document if tally.deferrals else None
        admitted = Admitted.of(
            prepared.text,
            prepared.at_once,
            operation,
            cost,
            deferring=later,
            open_to=tally.open_to,
        )
        return prepared.admitted.setdefault(name, admitted)

    def _refuse_wrong_counts(
        self, prepared: Prepared, operation: OperationDefinitionNode, variables: Variables
    ) -> None:
        if wrong := list(wrong_counts(prepared.deferring, operation, variables)):
            raise NotAdmittedError(Stage.VALIDATE, *wrong)

    def _cost(
        self, prepared: Prepared, operation: OperationDefinitionNode | None, variables: Variables
    ) -> int:
        """What it costs; what there is no operation for is refused later."""
        if operation is None:
            return 0
        cost = prepared.analysis.program.value(prepared.tally(operation).cost, variables)
        if cost > self._limits.cost:
            self._refuse_above({"cost": cost})
        return cost

    def _measured(self, text: str) -> Prepared:
        lines = text.count("\n") + text.count("\r")
        self._refuse_above({"characters": len(text), "lines": lines})
        try:
            document = parse(text, max_tokens=self._limits.tokens)
        except GraphQLError as error:
            if TOO_MANY_TOKENS in error.message:
                self._refuse_above({"tokens": self._limits.tokens + 1})
            raise NotAdmittedError(Stage.PARSE, error) from error
        analysis = analyse(document, self._schema, self._sizes, self._access)
        for figures in analysis.figures():
            self._refuse_above(figures)
        return Prepared(text, document, analysis, document)

    def _proven(self, measured: Prepared) -> Prepared:
        self._refuse_invalid(measured.document)
        prepared = measured
        if measured.analysis.defers:
            plain, later = at_once(measured.document), deferring(measured.document)
            prepared = replace(measured, at_once=plain, deferring=later)
        self._documents.keep(prepared)
        return prepared

    def _refuse_invalid(self, document: DocumentNode) -> None:
        """The pairs of selections are limited before they are compared."""
        limits = self._limits
        try:
            pairs = merges(document, most=limits.merges, selections=limits.selections)
            self._refuse_above({"merges": pairs})
            mistakes = self._validator.mistakes(document)
        except EndlessError:
            mistakes = self._validator.own_mistakes(document)
            if not mistakes:
                self._refuse_above({"selections": limits.selections + 1})
        if mistakes:
            raise NotAdmittedError(Stage.VALIDATE, *mistakes)

    def _refuse_many(self, variables: Variables) -> None:
        most = self._limits.values
        if (count := values(variables, most=most)) > most:
            self._refuse_above({"values": count})

    def _refuse_above(self, figures: dict[str, int]) -> None:
        for excess in excesses(figures, self._most):
            raise NotAdmittedError(Stage.MEASURE, GraphQLError(excess.message), excess=excess)

    def _executable(self, operation: OperationDefinitionNode | None) -> OperationDefinitionNode:
        """The operation that is meant (GraphQL specification, 6.1 GetOperation)."""
        if operation is None:
            message = (
                "Name one operation of the document in operationName: it has none, or several."
            )
            raise NotAdmittedError(Stage.SELECT, GraphQLError(message))
        if self._schema.get_root_type(operation.operation) is None:
            message = f"There is no {operation.operation.value} that could be executed."
            raise NotAdmittedError(Stage.SELECT, GraphQLError(message))
        return operation


def _at(cost: int, admitted: Admitted) -> Admitted:
    return admitted if cost == admitted.cost else structs.replace(admitted, cost=cost)


def _by_measure(limits: Limits) -> Mapping[str, int]:
    return {_camel(name): limit for name, limit in asdict(limits).items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
