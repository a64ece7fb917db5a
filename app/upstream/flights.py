"""Who is asking for these keys already? Calls in flight, shared by all who want the same."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from app.errors import UpstreamError, UpstreamUnavailable
from app.upstream.deadline import Deadline

K = TypeVar("K", bound=Hashable)
Flight = asyncio.Task[None]


@dataclass(slots=True)
class Flights(Generic[K]):
    """The calls of one reader. `ask` is one call for many keys; it keeps what it brings."""

    ask: Callable[[list[K]], Awaitable[None]]
    name: str
    by_key: dict[K, Flight] = field(default_factory=dict)

    def start(self, keys: Iterable[K]) -> Mapping[K, Flight]:
        """One call for all keys that nobody is asking for yet, joined with those in flight."""
        wanted = list(keys)
        if new := [key for key in wanted if key not in self.by_key]:
            flight = asyncio.create_task(self._asked(new), name=self.name)
            for key in new:
                self.by_key[key] = flight
            flight.add_done_callback(lambda done: self._land(new, done))
        return {key: self.by_key[key] for key in wanted}

    async def _asked(self, keys: list[K]) -> None:
        await self.ask(keys)

    def _land(self, keys: list[K], flight: Flight) -> None:
        for key in keys:
            del self.by_key[key]
        if not flight.cancelled():
            flight.exception()  # marks it as seen: a refresh behind the back has no other listener


async def landed(flights: Iterable[Flight], deadline: Deadline) -> UpstreamError | None:
    """Wait for flights, at most until the deadline; the first failure, if any.

    A deadline ends the wait of this caller, not the calls.
    """
    done, late = await asyncio.wait(set(flights), timeout=deadline.remaining())
    for flight in done:
        error = flight.exception()
        if isinstance(error, UpstreamError):
            return error
        if error is not None:
            raise error
    return UpstreamUnavailable("did not answer in time") if late else None
