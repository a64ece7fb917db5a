"""May this operation be executed? One answer for every transport."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
)

from app.engine.deferring import at_once, deferring, wrong_counts
from app.engine.gate.analysis import analyse
from app.engine.gate.documents import Documents, Prepared
from app.engine.gate.limits import Excess, Limits, excesses
from app.engine.gate.merging import merges
from app.engine.gate.sizes import ListSizes, Variables
from app.engine.gate.validation import Rules, Validator


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


@dataclass(frozen=True, slots=True)
class Admitted:
    """An operation that may be executed, and its cost.

    `document` is executed to answer at once. `deferring` is the document as it was sent, if the
    operation asks for parts of its answer later.
    """

    text: str
    document: DocumentNode
    operation: OperationDefinitionNode
    cost: int
    deferring: DocumentNode | None = None

    @property
    def name(self) -> str | None:
        """The operation's name."""
        return None if self.operation.name is None else self.operation.name.value

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.operation.operation


class Gate:
    """Parses, measures and validates, in this order, what is not known already."""

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        limits: Limits,
        sizes: ListSizes,
        rules: Rules,
        introspection: bool,
        documents: Documents,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._most = _by_measure(limits)
        self._sizes = sizes
        self._documents = documents
        self._validator = Validator(
            schema, rules=rules, most=limits.errors, introspection=introspection
        )

    def admit(self, text: str, *, operation_name: str | None, variables: Variables) -> Admitted:
        """The operation that is to be executed.

        Raises:
            NotAdmittedError: it cannot be, or may not be.
        """
        prepared = self._documents.find(text) or self.prepare(text)
        return self.admit_prepared(prepared, operation_name=operation_name, variables=variables)

    def admit_prepared(
        self, prepared: Prepared, *, operation_name: str | None, variables: Variables
    ) -> Admitted:
        """The operation of a document that passed this gate, or another before the same schema.

        Raises:
            NotAdmittedError: there is no such operation, or it costs too much.
        """
        operation = self._selected(prepared.document, operation_name)
        tally = next(tally for one, tally in prepared.analysis.operations if one is operation)
        cost = prepared.analysis.program.value(tally.cost, variables)
        self._refuse_above({"cost": cost})
        if wrong := list(wrong_counts(prepared.deferring, operation, variables)):
            raise NotAdmittedError(Stage.VALIDATE, *wrong)
        later = prepared.document if tally.deferrals else None
        return Admitted(prepared.text, prepared.at_once, operation, cost, later)

    def prepare(self, text: str) -> Prepared:
        """The document, valid and within the limits of form.

        Raises:
            NotAdmittedError: it is not.
        """
        try:
            document = parse(text, max_tokens=self._limits.tokens)
        except GraphQLError as error:
            raise NotAdmittedError(Stage.PARSE, error) from error
        analysis = analyse(document, self._schema, self._sizes)
        for figures in analysis.figures():
            self._refuse_above(figures)
        self._refuse_invalid(document)
        later = deferring(document) if analysis.defers else ()
        prepared = Prepared(
            text, document, analysis, at_once(document) if later else document, later
        )
        self._documents.keep(prepared)
        return prepared

    def _refuse_invalid(self, document: DocumentNode) -> None:
        """The pairs of selections are limited before they are compared."""
        if mistakes := self._validator.own_mistakes(document):
            raise NotAdmittedError(Stage.VALIDATE, *mistakes)
        self._refuse_above({"merges": merges(document, most=self._limits.merges)})
        if mistakes := self._validator.mistakes(document):
            raise NotAdmittedError(Stage.VALIDATE, *mistakes)

    def _refuse_above(self, figures: dict[str, int]) -> None:
        for excess in excesses(figures, self._most):
            raise NotAdmittedError(Stage.MEASURE, GraphQLError(excess.message), excess=excess)

    def _selected(self, document: DocumentNode, name: str | None) -> OperationDefinitionNode:
        """The operation that is meant (GraphQL specification, 6.1 GetOperation)."""
        operation = get_operation_ast(document, name)
        if operation is None:
            message = (
                "Name one operation of the document in operationName: it has none, or several."
            )
            raise NotAdmittedError(Stage.SELECT, GraphQLError(message))
        if self._schema.get_root_type(operation.operation) is None:
            message = f"There is no {operation.operation.value} that could be executed."
            raise NotAdmittedError(Stage.SELECT, GraphQLError(message))
        return operation


def _by_measure(limits: Limits) -> Mapping[str, int]:
    return {_camel(name): limit for name, limit in asdict(limits).items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
