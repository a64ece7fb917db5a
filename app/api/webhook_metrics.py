"""What can be counted of webhooks?"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.webhooks.book import WebhookBook


class WebhookCollector(Collector):
    """Reads the book of this process."""

    def __init__(self, book: WebhookBook, now: Callable[[], datetime]) -> None:
        self._book = book
        self._now = now

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """What was delivered, and what was heard."""
        sent = CounterMetricFamily(
            "tessera_webhooks_sent", "Messages that were taken.", labels=["endpoint"]
        )
        failed = CounterMetricFamily(
            "tessera_webhooks_failed",
            "Deliveries that were not taken.",
            labels=["endpoint", "reason"],
        )
        dead = CounterMetricFamily(
            "tessera_webhooks_dead", "Messages that were given up.", labels=["endpoint"]
        )
        heard = CounterMetricFamily(
            "tessera_webhooks_heard",
            "Messages of systems outside, by what became of them.",
            labels=["connection", "outcome"],
        )
        for endpoint, count in dict(self._book.sent).items():
            sent.add_metric([endpoint], count)
        for (endpoint, reason), count in dict(self._book.failed).items():
            failed.add_metric([endpoint, reason], count)
        for endpoint, count in dict(self._book.dead).items():
            dead.add_metric([endpoint], count)
        for (connection, outcome), count in dict(self._book.heard).items():
            heard.add_metric([connection, outcome], count)
        yield from (sent, failed, dead, heard, *self._standing())

    def _standing(self) -> Iterator[Metric]:
        lag = GaugeMetricFamily(
            "tessera_webhooks_lag_seconds",
            "For how long an endpoint has been behind.",
            labels=["endpoint"],
        )
        disabled = GaugeMetricFamily(
            "tessera_webhooks_disabled", "1 once it said that it is gone.", labels=["endpoint"]
        )
        for endpoint, since in dict(self._book.behind_since).items():
            behind = 0.0 if since is None else (self._now() - since).total_seconds()
            lag.add_metric([endpoint], max(0.0, behind))
        for endpoint, gone in dict(self._book.disabled).items():
            disabled.add_metric([endpoint], gone)
        yield from (lag, disabled)
