"""GraphQL face of the upstreams: how each connection is doing."""

from datetime import datetime, timedelta
from typing import Self

import strawberry

from app.api.context import Info
from app.upstream.breaker import BreakerState
from app.upstream.health import Failure, OperationHealth, UpstreamState
from app.upstream.registry import OpenConnection


@strawberry.type(description="The last thing that went wrong with an upstream.")
class UpstreamFailure:
    """What was seen, without addresses or payloads."""

    code: str = strawberry.field(description="Kind of failure, such as UPSTREAM_UNAVAILABLE.")
    message: str = strawberry.field(description="What was seen.")
    at: datetime = strawberry.field(description="When.")

    @classmethod
    def of(cls, failure: Failure) -> Self:
        """Dress a failure."""
        return cls(code=failure.code, message=failure.message, at=failure.at)


@strawberry.type(description="One operation of an upstream and its circuit breaker.")
class UpstreamOperation:
    """Counted since the process started."""

    name: str = strawberry.field(description="What is asked.")
    breaker: BreakerState = strawberry.field(description="Whether calls go through.")
    calls: int = strawberry.field(description="Requests that left the gateway.")
    failures: int = strawberry.field(description="Requests that failed.")
    retries: int = strawberry.field(description="Requests that were repetitions.")

    @classmethod
    def of(cls, operation: OperationHealth) -> Self:
        """Dress an operation."""
        return cls(
            name=operation.name,
            breaker=operation.breaker.state,
            calls=operation.calls,
            failures=operation.failures,
            retries=operation.retries,
        )


@strawberry.type(description="A live system behind a connection, as this process sees it.")
class Upstream:
    """How one connection is doing."""

    name: str = strawberry.field(description="The connection's name in the settings.")
    connector: str = strawberry.field(description="The connector it uses.")
    kind: str = strawberry.field(description="What the system is to the retailer, such as pos.")
    ports: list[str] = strawberry.field(description="What it can be asked for.")
    state: UpstreamState = strawberry.field(description="How it is doing.")
    last_success_at: datetime | None = strawberry.field(description="When it last answered.")
    last_failure: UpstreamFailure | None = strawberry.field(description="What last went wrong.")
    throttled_until: datetime | None = strawberry.field(
        description="Until when it asked not to be called."
    )
    rejected_rows: int = strawberry.field(description="Rows that could not be understood.")
    clock_skew: timedelta = strawberry.field(
        description="How far its clock was ahead when last read."
    )
    operations: list[UpstreamOperation] = strawberry.field(description="By operation.")

    @classmethod
    def of(cls, connection: OpenConnection) -> Self:
        """Dress a connection."""
        health = connection.health
        failure = health.last_failure
        return cls(
            name=connection.name,
            connector=connection.manifest.name,
            kind=connection.manifest.kind.value,
            ports=sorted(connection.provides),
            state=health.state,
            last_success_at=health.last_success_at,
            last_failure=None if failure is None else UpstreamFailure.of(failure),
            throttled_until=health.throttled_until,
            rejected_rows=health.rejected_rows,
            clock_skew=health.clock_skew,
            operations=[UpstreamOperation.of(one) for one in health.operations.values()],
        )


@strawberry.type
class UpstreamRoot:
    """The root fields of upstreams."""

    @strawberry.field(description="Every configured connection and how its system is doing.")
    def upstreams(self, info: Info) -> list[Upstream]:
        """All connections, by name."""
        connections = info.context.services.connections
        return [Upstream.of(connections[name]) for name in sorted(connections)]
