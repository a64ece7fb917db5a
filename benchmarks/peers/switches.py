"""What does each cost that comes with every request amount to? Tessera with one of them left out.

Only for measuring: nothing here is offered by the gateway, and it looks into its objects.
"""

from enum import StrEnum
from typing import Any

from graphql import GraphQLError
from graphql.execution.values import VariableValues
from starlette.applications import Starlette
from starlette.routing import Route

from app.api.http import GraphQLEndpoint
from app.api.metrics import Metrics
from app.engine.execution import Engine, Request
from app.engine.gate import Admitted, Gate
from app.engine.gate.sizes import Variables
from app.engine.operations import Operation


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
    for cost, owner, name, kind in (
        (Fixed.COST, operations._admission, "_gate", FreeGate),  # noqa: SLF001
        (Fixed.GATE, operations._admission, "_gate", OpenGate),  # noqa: SLF001
        (Fixed.VARIABLES, operations, "_engine", TrustingEngine),
        (Fixed.METRICS, operations, "_metrics", NoMetrics),
    ):
        if cost in without:
            getattr(owner, name).__class__ = kind


class FreeGate(Gate):
    """Knows no prices."""

    def admit(self, text: str, *, operation_name: str | None, variables: Variables) -> Admitted:
        """Everything but the cost."""
        del variables
        prepared = self._documents.find(text) or self.prepare(text)
        operation = self._selected(prepared.document, operation_name)
        return Admitted(text, prepared.document, operation, 0)


class OpenGate(Gate):
    """Looks at a text once, whatever its variables."""

    def admit(self, text: str, *, operation_name: str | None, variables: Variables) -> Admitted:
        """What it said before."""
        known: dict[str, Admitted] = self.__dict__.setdefault("known", {})
        if text not in known:
            known[text] = super().admit(text, operation_name=operation_name, variables=variables)
        return known[text]


class TrustingEngine(Engine):
    """Takes variables as they are."""

    def _variables(
        self, operation: Operation, request: Request
    ) -> VariableValues | list[GraphQLError]:
        del operation
        return VariableValues({}, dict(request.variables))


class NoMetrics(Metrics):
    """Counts nothing."""

    def answered(self, name: str | None, *, kind: str, outcome: str, seconds: float | None) -> None:
        """Forget it."""
