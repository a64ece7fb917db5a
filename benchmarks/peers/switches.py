"""What does each cost that comes with every request amount to? Tessera with one of them left out.

Only for measuring: nothing here is offered by the gateway.
"""

from collections.abc import Mapping
from enum import StrEnum

import strawberry
from graphql import GraphQLError
from graphql.execution.values import VariableValues

from app.api.admission import RULES, SIZES, build_gate, limits_of
from app.api.execution import build_engine
from app.api.metrics import Metrics
from app.engine.execution import Engine, Request
from app.engine.gate import Admitted, Documents, Gate
from app.engine.gate.sizes import Variables
from app.engine.operations import Operation
from app.settings import Requests


class Fixed(StrEnum):
    """A cost that every request has."""

    GATE = "gate"
    VARIABLES = "variable coercion"
    COST = "cost budget"
    TRACING = "tracing"
    LOG = "access log"
    METRICS = "metrics"


def gate_without(without: frozenset[Fixed], schema: strawberry.Schema, requests: Requests) -> Gate:
    """The gate; without the cost budget, or one that remembers only what it once let in."""
    kind = Open if Fixed.GATE in without else Free if Fixed.COST in without else None
    if kind is None:
        return build_gate(schema, requests, introspection=False)
    return kind(
        schema._schema,  # noqa: SLF001  strawberry has no public name for it
        limits=limits_of(requests),
        sizes=SIZES,
        rules=RULES,
        introspection=False,
        documents=Documents(most_bytes=requests.document_cache),
    )


class Free(Gate):
    """Knows no prices."""

    def admit(self, text: str, *, operation_name: str | None, variables: Variables) -> Admitted:
        """Everything but the cost."""
        del variables
        prepared = self._documents.find(text) or self._prepared(text)
        operation = self._selected(prepared.document, operation_name)
        return Admitted(text, prepared.document, operation, 0)


class Open(Gate):
    """Looks at a text once."""

    _known: dict[str, Admitted]

    def admit(self, text: str, *, operation_name: str | None, variables: Variables) -> Admitted:
        """What it said before."""
        known: dict[str, Admitted] = self.__dict__.setdefault("_known", {})
        if text not in known:
            known[text] = super().admit(text, operation_name=operation_name, variables=variables)
        return known[text]


def engine_without(without: frozenset[Fixed], schema: strawberry.Schema) -> Engine:
    """The engine; without coercion it takes variables as they are."""
    engine = build_engine(schema)
    if Fixed.VARIABLES in without:
        engine.__class__ = Uncoerced
    return engine


class Uncoerced(Engine):
    """Believes its caller."""

    def _variables(
        self, operation: Operation, request: Request
    ) -> VariableValues | list[GraphQLError]:
        del operation
        return VariableValues({}, dict(request.variables))


def metrics_without(without: frozenset[Fixed], counts: Mapping[str, int]) -> Metrics:
    """The metrics; or some that count nothing."""
    kind = Uncounted if Fixed.METRICS in without else Metrics
    return kind(dict, counts=counts)


class Uncounted(Metrics):
    """Counts nothing."""

    def answered(self, name: str | None, *, outcome: str, seconds: float) -> None:
        """Forget it."""
