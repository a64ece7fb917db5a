"""What can be counted of caches? Read at a scrape."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.engine.caching.memory import Memory


class CachingCollector(Collector):
    """Reads the books of caches, by name, and what is kept in memory."""

    def __init__(self, books: Mapping[str, Mapping[str, int]], memory: Memory) -> None:
        self._books = books
        self._memory = memory

    def collect(self) -> Iterator[Metric]:
        """What came of every look, and how much is kept."""
        told = "What a cache was asked, by what came of it."
        events = CounterMetricFamily("tessera_cache_events", told, labels=["cache", "event"])
        for name, book in self._books.items():
            for event, count in dict(book).items():
                events.add_metric([name, event], count)
        yield events
        size, held = "Bytes of answers in memory.", "Answers in memory."
        yield GaugeMetricFamily("tessera_cache_bytes", size, value=self._memory.size)
        yield GaugeMetricFamily("tessera_cache_entries", held, value=len(self._memory))
