"""What can be counted of marketplaces?"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.markets.book import MarketBook


class MarketCollector(Collector):
    """Reads the book of this process, and how it stands as of its last look at the store."""

    def __init__(self, book: MarketBook, now: Callable[[], datetime]) -> None:
        self._book = book
        self._now = now

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Orders that came, and listings that were told."""
        yield from self._orders()
        yield from self._listings()

    def _orders(self) -> Iterator[Metric]:
        taken = CounterMetricFamily(
            "tessera_market_orders_taken", "Orders taken over.", labels=["market"]
        )
        refused = CounterMetricFamily(
            "tessera_market_orders_refused",
            "Orders that could not be taken over, by why.",
            labels=["market", "why"],
        )
        there = GaugeMetricFamily(
            "tessera_market_orders",
            "Orders that are not ours yet, by fate.",
            labels=["market", "fate"],
        )
        polled = GaugeMetricFamily(
            "tessera_market_polled_seconds",
            "Time since a marketplace was last read to its end.",
            labels=["market"],
        )
        for market, count in dict(self._book.taken).items():
            taken.add_metric([market], count)
        for (market, why), count in dict(self._book.refused).items():
            refused.add_metric([market, why], count)
        for market, fates in dict(self._book.fates).items():
            for fate, count in fates.items():
                there.add_metric([market, fate], count)
        for market, at in dict(self._book.polled_at).items():
            polled.add_metric([market], self._since(at))
        yield from (taken, refused, there, polled)

    def _listings(self) -> Iterator[Metric]:
        told = CounterMetricFamily(
            "tessera_market_listings_told", "Listings told.", labels=["market", "outcome"]
        )
        behind = GaugeMetricFamily(
            "tessera_market_listings_behind", "Listings to be told.", labels=["market"]
        )
        lag = GaugeMetricFamily(
            "tessera_market_listings_lag_seconds",
            "For how long the oldest of them has been to be told.",
            labels=["market"],
        )
        for (market, outcome), count in dict(self._book.told).items():
            told.add_metric([market, outcome], count)
        for market, (count, since) in dict(self._book.behind).items():
            behind.add_metric([market], count)
            lag.add_metric([market], 0 if since is None else self._since(since))
        yield from (told, behind, lag)

    def _since(self, at: datetime) -> float:
        return max(0.0, (self._now() - at).total_seconds())
