"""Which connections last, how many may there be, and when must they go?"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

# The transports, as they are counted.
SOCKET, EVENTS, PARTS, HTTP = "socket", "events", "multipart", "http"


class FullError(Exception):
    """There is no place for one more connection that lasts."""


@dataclass(slots=True)
class Lasting:
    """The sockets and event streams of one process, of which there are at most `most`.

    `operations` counts by transport, plain HTTP too; `answers` those that were told on connections
    that last, and `closed` the codes with which we closed sockets, or that a client did.
    """

    most: int
    open: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _over: float = 0

    @contextmanager
    def held(self, transport: str) -> Iterator[None]:
        """One connection, for as long as it lasts.

        Raises:
            FullError: there is no place for it.
        """
        if self.leaving.is_set() or self.open.total() >= self.most:
            raise FullError
        self.open[transport] += 1
        self._idle.clear()
        try:
            yield
        finally:
            self.open[transport] -= 1
            if not self.open.total():
                self._idle.set()

    def moment(self) -> float:
        """When one of them goes, in seconds; each at another time, lest all come back at once."""
        return self._over * random.random()  # noqa: S311  nobody gains by guessing it

    async def leave(self, within: float, *, over: float = 0) -> None:
        """Ask all of them to end, `over` some seconds; return when they have, or after `within`."""
        self._over = over
        self.leaving.set()
        if self.open.total():
            with suppress(TimeoutError):
                async with asyncio.timeout(within):
                    await self._idle.wait()


class LastingCollector(Collector):
    """Reads that book."""

    def __init__(self, book: Lasting) -> None:
        self._book = book

    def collect(self) -> Iterator[Metric]:
        """What is open, and what was asked and told."""
        connections = GaugeMetricFamily(
            "tessera_open_connections", "Sockets and event streams.", labels=["transport"]
        )
        for transport in (SOCKET, EVENTS, PARTS):
            connections.add_metric([transport], self._book.open[transport])
        yield connections
        yield _counted("tessera_transport_operations", "Operations asked.", self._book.operations)
        yield _counted("tessera_stream_answers", "Answers told on streams.", self._book.answers)
        yield _counted("tessera_sockets_closed", "Sockets closed.", self._book.closed, "code")


def _counted(
    name: str, what: str, counts: Counter[str], label: str = "transport"
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, what, labels=[label])
    for counted, count in dict(counts).items():
        family.add_metric([counted], count)
    return family
