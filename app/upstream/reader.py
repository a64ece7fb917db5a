"""What is the value of these keys, how old is it, and need we ask? The read path of every port.

A reader stands between a service and one port of one connection. It keeps values by key (RFC 5861
windows), asks for all missing keys in one call, shares calls in flight, and never lets one caller's
impatience cancel another's answer. `app.upstream.shelves` does it; here every row is one value.
"""

from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from app.upstream.health import Health
from app.upstream.readings import (
    NEVER,
    Cells,
    Fetched,
    FetchedRows,
    FreshnessPolicy,
    Inquiry,
    Reading,
    Together,
)
from app.upstream.shelves import ShelfReader

__all__ = ["Fetched", "FreshnessPolicy", "Inquiry", "Reader", "Reading"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Fetch = Callable[[Collection[K]], Awaitable[Fetched[K, V]]]
WHOLE = (None,)  # the one column of a value that stands alone


@dataclass(slots=True, kw_only=True)
class Reader(Generic[K, V]):
    """Reads values that stand alone, one a key; see `ShelfReader`."""

    port: str
    fetch: Fetch[K, V]
    policy: FreshnessPolicy
    health: Health
    timeout: timedelta
    changes: Callable[[], int] = lambda: 0
    shelves: ShelfReader[K, None, V] = field(init=False)

    def __post_init__(self) -> None:
        self.shelves = ShelfReader(
            port=self.port,
            fetch=self._fetch,
            policy=self.policy,
            health=self.health,
            timeout=self.timeout,
            changes=self.changes,
        )

    async def read(
        self, keys: Collection[K], inquiry: Inquiry, *, max_age: timedelta | None = None
    ) -> Together[K, Reading[V]]:
        """A reading for every key; upstream failures are reported, never raised."""
        shelves = await self.shelves.read(keys, WHOLE, inquiry, max_age=max_age)
        return shelves.faces.kept(
            WHOLE, lambda: Together({key: shelf.readings[0] for key, shelf in shelves.items()})
        )

    def keep(self, fetched: Fetched[K, V], wanted: Iterable[K] = ()) -> None:
        """Keep what a call brought; see `ShelfReader.keep`."""
        self.shelves.keep(_alone(fetched), dict.fromkeys(wanted, WHOLE))

    def read_at(self, key: K) -> datetime:
        """When what is kept of a key was read; long ago, if nothing is."""
        kept = self.shelves.rows.row(key).get(None)
        return NEVER if kept is None else kept.moment.observed_at

    async def _fetch(self, cells: Cells[K, None]) -> FetchedRows[K, None, V]:
        return _alone(await self.fetch(list(cells.by_row)))


def _alone(fetched: Fetched[K, V]) -> FetchedRows[K, None, V]:
    rows = {key: {None: told} for key, told in fetched.values.items()}
    return FetchedRows(rows, fetched.as_of, fetched.rejected, fetched.read_at)
