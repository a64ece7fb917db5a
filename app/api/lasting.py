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
PROCESS, CALLER = "max_open", "max_open_per_caller"  # the limits, as settings name them


class FullError(Exception):
    """There is no place for one more connection that lasts."""


class CrowdedError(Exception):
    """There is no place for one more connection of this caller's, who may have `most`."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"Too many connections of this caller are open, the limit is {most:,}: close one, or"
            " ask on a WebSocket that is open."
        )
        self.most = most


@dataclass(slots=True)
class Place:
    """That of one connection, among those of the caller it counts for."""

    _book: "Lasting"
    _caller: str

    def __post_init__(self) -> None:
        self._book.let_in(self._caller)

    def move(self, caller: str) -> None:
        """Count it for another caller from now on, since it is known whose it is.

        Raises:
            CrowdedError: that one has no place for it; it counts as before.
        """
        if caller != self._caller:
            self._book.let_in(caller)
            self.leave()
            self._caller = caller

    def leave(self) -> None:
        """Count it no more."""
        self._book.let_out(self._caller)


@dataclass(slots=True)
class Lasting:
    """The sockets and event streams of one process: at most `most`, `most_per_caller` of one.

    `open` counts them by transport, `callers` by whose they are, `refused` those that a limit kept
    out. `operations` counts by transport, plain HTTP too; `answers` those that were told on
    connections that last, and `closed` the codes with which we closed sockets, or that a client
    did.
    """

    most: int
    most_per_caller: int
    open: Counter[str] = field(default_factory=Counter)
    callers: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=lambda: Counter({PROCESS: 0, CALLER: 0}))
    operations: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _over: float = 0

    @contextmanager
    def held(self, transport: str, caller: str) -> Iterator[Place]:
        """One connection of a caller's, for as long as it lasts.

        Raises:
            FullError: there is no place for it.
            CrowdedError: there is none among those of its caller.
        """
        if self.leaving.is_set():
            raise FullError
        if self.open.total() >= self.most:
            self.refused[PROCESS] += 1
            raise FullError
        place = Place(self, caller)
        self.open[transport] += 1
        self._idle.clear()
        try:
            yield place
        finally:
            place.leave()
            self.open[transport] -= 1
            if not self.open.total():
                self._idle.set()

    def let_in(self, caller: str) -> None:
        """Count one more of a caller's.

        Raises:
            CrowdedError: it has as many as it may.
        """
        if self.callers[caller] >= self.most_per_caller:
            self.refused[CALLER] += 1
            raise CrowdedError(self.most_per_caller)
        self.callers[caller] += 1

    def let_out(self, caller: str) -> None:
        """Count one less; whoever has none is forgotten."""
        self.callers[caller] -= 1
        if not self.callers[caller]:
            del self.callers[caller]

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
        refused = "Sockets and event streams refused, by the limit they were above."
        yield _counted("tessera_connections_refused", refused, self._book.refused, "limit")
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
