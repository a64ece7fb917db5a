"""What can be counted of documents, refusals, points and the shared Redis? Read at a scrape."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.engine.budget import SharedRedis


class AdmissionCollector(Collector):
    """Reads the book of an `Admission`."""

    def __init__(self, counts: Mapping[tuple[str, str], int]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """One family for each kind of entry."""
        families = {
            "document": CounterMetricFamily(
                "tessera_documents", "Operations let in, by how found.", labels=["how"]
            ),
            "refused": CounterMetricFamily(
                "tessera_refusals", "Operations not let in, by code.", labels=["code"]
            ),
            "points": CounterMetricFamily(
                "tessera_points", "Points charged, refunded, charged locally.", labels=["what"]
            ),
        }
        for (kind, label), count in dict(self._counts).items():
            families[kind].add_metric([label], count)
        yield from families.values()


class RedisCollector(Collector):
    """Reads what is known of the shared Redis."""

    def __init__(self, shared: SharedRedis) -> None:
        self._shared = shared

    def collect(self) -> Iterator[Metric]:
        """Whether it answers, and how often it did not."""
        silent = "1 while Redis is taken for dead."
        yield GaugeMetricFamily("tessera_redis_silent", silent, value=self._shared.silent)
        failed = "Questions to Redis without an answer, those not asked included."
        yield CounterMetricFamily("tessera_redis_failures", failed, value=self._shared.failed)
