"""May an operation be executed, whatever brought it here?"""

from collections.abc import Iterator

import strawberry
import structlog
from graphql import OperationType
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from app.api.asking import Asked
from app.api.callers import Caller
from app.api.outcomes import Outcome, not_admitted, refused
from app.api.paging import DEFAULT_FIRST
from app.engine.gate import Admitted, Documents, Gate, Limits, ListSizes, NotAdmittedError
from app.settings import Requests

log = structlog.get_logger(__name__)

# What a list without a page size usually holds, not the most it may: a shop's articles come in some
# eight sizes and colours, and asking for all of them must not cost as if they were a hundred.
SIZES = ListSizes(
    keys=frozenset({"ids", "locations", "representations", "skus"}),
    assumed={"Product.variants": 8, "Product.images": 5, "ProductVariant.images": 5},
    page=DEFAULT_FIRST,
    unsliced=3,
)
RULES = (MaybeNullValidationRule, OneOfInputValidationRule)  # what strawberry adds to the standard


def build_gate(schema: strawberry.Schema, requests: Requests, *, introspection: bool) -> Gate:
    """The gate before a schema; every transport of a process shares it."""
    return Gate(
        schema._schema,  # noqa: SLF001  strawberry has no public name for it
        limits=limits_of(requests),
        sizes=SIZES,
        rules=RULES,
        introspection=introspection,
        documents=Documents(most_bytes=requests.document_cache),
    )


def limits_of(requests: Requests) -> Limits:
    """The limits that a deployment decided."""
    return Limits(
        characters=requests.max_document,
        lines=requests.max_lines,
        values=requests.max_values,
        tokens=requests.max_tokens,
        depth=requests.max_depth,
        aliases=requests.max_aliases,
        directives=requests.max_directives,
        root_fields=requests.max_root_fields,
        mutations=requests.max_mutations,
        operations=requests.max_operations,
        selections=requests.max_selections,
        cost=requests.max_cost,
    )


class NotAnsweredError(Exception):
    """An operation that is not executed; the outcome says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.kind)
        self.outcome = outcome


class Admission:
    """Lets operations in, one after another the same for every transport."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def admit(self, asked: Asked, caller: Caller, *, safe: bool = False) -> Admitted:  # noqa: ARG002
        """The operation that may be executed; one that must be `safe` changes nothing.

        Raises:
            NotAnsweredError: it may not.
        """
        try:
            admitted = self._gate.admit(
                asked.document, operation_name=asked.operation_name, variables=asked.variables
            )
        except NotAdmittedError as refusal:
            excess = refusal.excess
            log.info("operation.refused", stage=refusal.stage, measure=excess and excess.measure)
            raise NotAnsweredError(not_admitted(refusal)) from refusal
        if safe and admitted.kind is OperationType.MUTATION:
            message = f"Send a {admitted.kind.value} by POST."
            raise NotAnsweredError(refused(message, "BAD_REQUEST", 405, allow="POST"))
        return admitted


class ValidatedBefore(SchemaExtension):
    """Keeps strawberry from validating what passed the gate."""

    def on_validate(self) -> Iterator[None]:
        """Say that it was done, and that nothing was found."""
        self.execution_context.pre_execution_errors = []
        yield


def behind_gate(schema: strawberry.Schema) -> None:
    """Let the schema execute what it is given, without validating it again."""
    schema.extensions = (*schema.extensions, ValidatedBefore)
