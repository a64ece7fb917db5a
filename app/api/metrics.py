"""What can be counted? Prometheus metrics, gathered when they are asked for.

What the guards and readers know of each connection is read from their own books at a scrape, so
that it costs a request nothing. Only operations are counted as they happen.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.upstream.breaker import BreakerState
from app.upstream.health import UpstreamState
from app.upstream.registry import Connections

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_NAMES = 200  # operation names are the callers' words: more than these count as "other"
AT_ONCE = 256  # operations that are counted together, if nobody wants to know before
LONGEST_NAME = 100  # characters; longer names count as "other", too
BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds
Answer = tuple[str, str, str]  # name, kind, outcome


class Metrics:
    """The metrics of one gateway. `connections` is asked at every scrape.

    `counts` says how often operations ran compiled, or interpreted and why; `others` tell more.
    """

    def __init__(
        self,
        connections: Callable[[], Connections],
        *,
        counts: Mapping[str, int],
        others: Iterable[Collector] = (),
    ) -> None:
        self._registry = CollectorRegistry()
        for collector in others:
            self._registry.register(collector)
        self._registry.register(UpstreamCollector(connections))
        self._registry.register(ExecutionCollector(counts))
        self._operations = Counter(
            "tessera_operations",
            "Operations answered.",
            ["name", "kind", "outcome"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "tessera_operation_seconds",
            "Time from reading a request to its answer.",
            ["name"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        in_flight = Gauge(
            "tessera_operations_in_flight",
            "Operations that were begun and not ended.",
            registry=self._registry,
        )
        in_flight.set_function(lambda: self._in_flight)
        self._in_flight = 0
        # Looking up labels costs more than counting: it is done once for each. And counting many
        # at once costs less than one by one among other things.
        self._count: dict[Answer, Callable[[], None]] = {}
        self._observe: dict[str, Callable[[float], None]] = {}
        self._answered: list[tuple[str | None, str, str, float | None]] = []

    def begun(self) -> None:
        """An operation is being answered, until `ended`."""
        self._in_flight += 1

    def ended(self) -> None:
        """It is answered, or given up."""
        self._in_flight -= 1

    def answered(self, name: str | None, *, kind: str, outcome: str, seconds: float | None) -> None:
        """Count an operation; a subscription, which lasts as long as it is wanted, has no time."""
        self._answered.append((name, kind, outcome, seconds))
        if len(self._answered) >= AT_ONCE:
            self._count_all()

    def _count_all(self) -> None:
        answered, self._answered = self._answered, []
        for one in answered:
            self._count_one(*one)

    def _count_one(self, name: str | None, kind: str, outcome: str, seconds: float | None) -> None:
        label = self._label(name)
        answer = (label, kind, outcome)
        count = self._count.get(answer)
        if count is None:
            count = self._count[answer] = self._operations.labels(*answer).inc
        count()
        if seconds is not None:
            self._observe[label](seconds)

    def text(self) -> bytes:
        """All metrics in the Prometheus text format."""
        self._count_all()
        return generate_latest(self._registry)

    def _label(self, name: str | None) -> str:
        label = name or "anonymous"
        if label in self._observe:
            return label
        if len(label) > LONGEST_NAME or len(self._observe) >= MOST_NAMES:
            label = "other"
        self._observe[label] = self._seconds.labels(label).observe
        return label


class ExecutionCollector(Collector):
    """Reads the engine's book."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """How operations were executed."""
        executions = CounterMetricFamily(
            "tessera_executions", "Operations, by compiled or why interpreted.", labels=["how"]
        )
        for how, count in dict(self._counts).items():
            executions.add_metric([how], count)
        yield executions


class UpstreamCollector(Collector):
    """Reads the books of every connection."""

    def __init__(self, connections: Callable[[], Connections]) -> None:
        self._connections = connections

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: at registration there are no connections yet."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every metric of every connection."""
        yield from self._operations()
        yield from self._states()

    def _operations(self) -> Iterator[Metric]:
        labels = ["connection", "operation"]
        calls = CounterMetricFamily("tessera_upstream_calls", "Requests sent.", labels=labels)
        failures = CounterMetricFamily(
            "tessera_upstream_failures", "Requests that failed.", labels=labels
        )
        retries = CounterMetricFamily(
            "tessera_upstream_retries", "Requests that were repetitions.", labels=labels
        )
        broken = GaugeMetricFamily(
            "tessera_upstream_breaker_open", "1 while calls are not let through.", labels=labels
        )
        for name, connection in self._connections().items():
            for operation in connection.health.operations.values():
                at = [name, operation.name]
                calls.add_metric(at, operation.calls)
                failures.add_metric(at, operation.failures)
                retries.add_metric(at, operation.retries)
                broken.add_metric(at, operation.breaker.state is not BreakerState.CLOSED)
        yield from (calls, failures, retries, broken)

    def _states(self) -> Iterator[Metric]:
        down = GaugeMetricFamily(
            "tessera_upstream_down", "1 while nothing goes through.", labels=["connection"]
        )
        rejected = CounterMetricFamily(
            "tessera_upstream_rejected_rows",
            "Rows that could not be understood.",
            labels=["connection"],
        )
        skew = GaugeMetricFamily(
            "tessera_upstream_clock_skew_seconds",
            "How far the upstream's clock was ahead when last read.",
            labels=["connection"],
        )
        readings = CounterMetricFamily(
            "tessera_readings",
            "Values that went into answers, by how they came.",
            labels=["connection", "port", "freshness"],
        )
        for name, connection in self._connections().items():
            health = connection.health
            down.add_metric([name], health.state is UpstreamState.DOWN)
            rejected.add_metric([name], health.rejected_rows)
            skew.add_metric([name], health.clock_skew.total_seconds())
            for (port, freshness), count in health.readings.items():
                readings.add_metric([name, port, freshness], count)
        yield from (down, rejected, skew, readings)
