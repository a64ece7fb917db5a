"""Who is asking for these keys already? Calls in flight, shared by all who want the same."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from app.errors import UpstreamError, UpstreamUnavailable
from app.upstream.deadline import Deadline
from app.upstream.readings import Brought, Cells

R = TypeVar("R", bound=Hashable)
C = TypeVar("C", bound=Hashable)
Flight = asyncio.Task[Brought[Any, Any, Any]]


@dataclass(slots=True)
class Flights(Generic[R, C]):
    """The calls of one reader. `ask` is one call for many cells; it keeps what it brings.

    `changes` counts what is heard to have changed: nobody joins a call that began before.
    """

    ask: Callable[[Cells[R, C]], Awaitable[Brought[R, C, Any]]]
    name: str
    changes: Callable[[], int]
    by_row: dict[R, dict[C, Flight]] = field(default_factory=dict)
    _heard: int = 0

    def start(self, wanted: Mapping[R, tuple[C, ...]]) -> set[Flight]:
        """One call for all cells that nobody is asking for yet, joined with those in flight."""
        if (heard := self.changes()) != self._heard:
            self._heard = heard
            self.by_row.clear()
        if self.by_row.keys().isdisjoint(wanted):
            return {self._take_off(wanted)} if wanted else set()
        joined: set[Flight] = set()
        new: dict[R, tuple[C, ...]] = {}
        for row, columns in wanted.items():
            flying = self.by_row.get(row)
            if flying is None:
                new[row] = columns
                continue
            joined.update(flying[column] for column in columns if column in flying)
            if rest := tuple(column for column in columns if column not in flying):
                new[row] = rest
        if new:
            joined.add(self._take_off(new))
        return joined

    def _take_off(self, new: Mapping[R, tuple[C, ...]]) -> Flight:
        flight = asyncio.create_task(self._asked(Cells(new)), name=self.name)
        by_row, alike, last = self.by_row, dict[C, Flight](), None
        for row, columns in new.items():
            if columns is not last:  # rows that fly alike share what is noted of them
                alike, last = dict.fromkeys(columns, flight), columns
            by_row[row] = {**by_row[row], **alike} if row in by_row else alike
        flight.add_done_callback(lambda done: self._land(new, done))
        return flight

    async def _asked(self, cells: Cells[R, C]) -> Brought[R, C, Any]:
        return await self.ask(cells)

    def _land(self, asked: Mapping[R, tuple[C, ...]], flight: Flight) -> None:
        by_row = self.by_row
        for row, columns in asked.items():
            if (flying := by_row.pop(row, None)) is None:
                continue  # it began before a change
            if len(flying) > len(columns) or flying.get(columns[0]) is not flight:
                others = {at: one for at, one in flying.items() if one is not flight}
                by_row |= {row: others} if others else {}
        if not flight.cancelled():
            flight.exception()  # marks it as seen: a refresh behind the back has no other listener


async def landed(
    flights: Collection[Flight], deadline: Deadline
) -> tuple[list[Brought[Any, Any, Any]], UpstreamError | None]:
    """Wait for flights, at most until the deadline; what they brought, and the first failure.

    A deadline ends the wait of this caller, not the calls.
    """
    await asyncio.wait(flights, timeout=deadline.remaining())
    brought: list[Brought[Any, Any, Any]] = []
    failed: UpstreamError | None = None
    for flight in flights:
        if not flight.done():
            continue
        error = flight.exception()
        if error is None:
            brought.append(flight.result())
        elif isinstance(error, UpstreamError):
            failed = failed or error
        else:
            raise error
    if failed is None and not all(flight.done() for flight in flights):
        failed = UpstreamUnavailable("did not answer in time")
    return brought, failed
