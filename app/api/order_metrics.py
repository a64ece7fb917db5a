"""What can be counted of orders that are worked on, and that are followed?"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.orders.book import FollowBook
from app.orders.turns import Ended


class TurnCollector(Collector):
    """Reads how many turns ended how in this process, if any orders are worked on by now."""

    def __init__(self, counts: Callable[[], Mapping[Ended, int]]) -> None:
        self._counts = counts

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All ends there can be."""
        counts = self._counts()
        turns = CounterMetricFamily(
            "tessera_order_turns", "Times that an order was worked on.", labels=["outcome"]
        )
        for ended in get_args(Ended):
            turns.add_metric([ended], counts.get(ended, 0))
        yield turns


class FollowCollector(Collector):
    """Reads the book of this process, if there is one by now."""

    def __init__(self, book: Callable[[], FollowBook | None], now: Callable[[], datetime]) -> None:
        self._book = book
        self._now = now

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Calls, ends, and how many orders are left."""
        if (book := self._book()) is None:
            return
        asked = CounterMetricFamily(
            "tessera_follow_calls",
            "Calls that asked systems how far their orders are.",
            labels=["connection", "outcome"],
        )
        ended = CounterMetricFamily(
            "tessera_follow_parts_ended",
            "Parts of orders whose end was heard of.",
            labels=["connection", "end"],
        )
        for at, count in dict(book.asked).items():
            asked.add_metric(at, count)
        for at, count in dict(book.ended).items():
            ended.add_metric(at, count)
        yield from (asked, ended)
        yield CounterMetricFamily(
            "tessera_follow_given_up",
            "Orders of which no end was heard in time.",
            value=book.given_up,
        )
        yield CounterMetricFamily(
            "tessera_follow_bugs",
            "Looks at orders that our code failed at.",
            value=book.bugs,
        )
        yield GaugeMetricFamily(
            "tessera_follow_orders", "Orders that are followed.", value=book.followed
        )
        yield GaugeMetricFamily(
            "tessera_follow_lag_seconds",
            "For how long the first of them has been due.",
            value=self._lag(book.due_at),
        )

    def _lag(self, due_at: datetime | None) -> float:
        return 0.0 if due_at is None else max(0.0, (self._now() - due_at).total_seconds())
