"""What does each cost that comes with every request amount to? Tessera with one of them left out.

Only for measuring: nothing here is offered by the gateway, and it looks into its objects.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from graphql import OperationDefinitionNode
from graphql.execution.values import VariableValues
from starlette.applications import Starlette
from starlette.routing import Route

from app.api.http import GraphQLEndpoint
from app.api.metrics import Metrics
from app.engine import planning, writing
from app.engine.again import Again
from app.engine.execution import Engine, Request
from app.engine.gate import Admitted, Gate
from app.engine.gate import Prepared as Document
from app.engine.gate.sizes import Variables
from app.engine.plancache import Prepared

FORMS = ((writing, "unchanging"), (writing, "kept_in_pieces"), (planning, "framed"))


class Fixed(StrEnum):
    """A cost that every request has; the log and tracing are left out by whoever sets them up."""

    GATE = "gate"
    VARIABLES = "variable coercion"
    COST = "cost budget"
    TRACING = "tracing"
    LOG = "access log"
    METRICS = "metrics"


def turn_off(without: frozenset[Fixed], app: Starlette) -> None:
    """Leave out parts of an application's endpoint."""
    endpoint = next(route.app for route in app.routes if isinstance(route, Route))
    if not isinstance(endpoint, GraphQLEndpoint):
        raise TypeError("the first route is not the endpoint")
    operations: Any = endpoint._operations  # noqa: SLF001
    admission, executions = operations._admission, operations._executions  # noqa: SLF001
    if Fixed.COST in without:
        admission._spending = None  # noqa: SLF001
    for cost, owner, name, kind in (
        (Fixed.COST, admission, "_gate", FreeGate),
        (Fixed.GATE, admission, "_gate", OpenGate),
        (Fixed.VARIABLES, executions, "_engine", TrustingEngine),
        (Fixed.METRICS, operations, "_metrics", NoMetrics),
    ):
        if cost in without:
            getattr(owner, name).__class__ = kind


def keep_no_forms() -> None:
    """Complete every object anew, whether it changes or not; for the rest of the process."""
    for module, name in FORMS:
        setattr(module, name, _nothing)


def _nothing(*_of: Any) -> None:
    """No class of what lasts."""


class FreeGate(Gate):
    """Knows no prices."""

    def _cost(
        self, prepared: Document, operation: OperationDefinitionNode | None, variables: Variables
    ) -> int:
        """Nothing costs anything."""
        del prepared, operation, variables
        return 0


class OpenGate(Gate):
    """Looks at a text once, whatever its variables."""

    def admit(
        self,
        text: str,
        *,
        operation_name: str | None,
        variables: Variables,
        again: Again | None = None,
    ) -> Admitted:
        """What it said before."""
        del again
        known: dict[str, Admitted] = self.__dict__.setdefault("known", {})
        if text not in known:
            known[text] = super().admit(text, operation_name=operation_name, variables=variables)
        return known[text]


class TrustingEngine(Engine):
    """Takes variables as they are."""

    def _new(self, request: Request) -> Prepared:
        """Whatever an operation needs, but for the checks of its variables."""
        prepared = super()._new(request)
        if prepared.operation is not None:
            trusting: Any = Trusting()
            prepared.operation = replace(prepared.operation, variables=trusting)
        return prepared


class Trusting:
    """Variables of an operation that are what they should be."""

    simple = False

    def coerced(self, given: Mapping[str, Any]) -> VariableValues:
        """As given."""
        return VariableValues({}, dict(given))


class NoMetrics(Metrics):
    """Counts nothing."""

    def answered(self, name: str | None, *, kind: str, outcome: str, seconds: float | None) -> None:
        """Forget it."""
