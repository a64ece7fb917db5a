"""Of what does a marketplace hear? Of what is listed of the catalogue, and of what changes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sqlalchemy import Connection

from app.markets.model import Saying
from app.store import log
from app.store.log import Head
from app.values import Sku

AT_ONCE = 200  # SKUs of one look
MOST_FACTS = 2_000  # after more, everything is looked at
TAKES = frozenset({"HoldPlaced", "StockAllocated", "StockGivenBack"})
Say = Callable[[Sequence[Sku]], Awaitable[Saying]]
Catalogue = Callable[[], AsyncIterator[Sequence[Sku]]]


@dataclass(frozen=True, slots=True)
class News:
    """What was promised since a place of the log; `lost`: too much, or nobody knows."""

    head: Head
    skus: frozenset[Sku]
    lost: bool = False

    @property
    def worth_a_look(self) -> bool:
        """Whether anything may have changed."""
        return self.lost or bool(self.skus)


@dataclass(frozen=True, slots=True)
class Looking:
    """`said` tells what we say of SKUs, `catalogue` which there are; the listed have `patterns`."""

    said: Say
    catalogue: Catalogue
    patterns: Sequence[str]

    def listed(self, skus: Collection[Sku]) -> list[Sku]:
        """Those that are listed, in order."""
        return sorted(sku for sku in skus if any(fnmatchcase(sku, one) for one in self.patterns))

    async def everything(self) -> AsyncIterator[Sequence[Sku]]:
        """All that is listed, some at a time."""
        async for skus in self.catalogue():
            yield self.listed(skus)


def news(connection: Connection, *, epoch: str | None, seq: int) -> News:
    """Of which SKUs something was held or allocated after a place of the log.

    What was given back without saying of what, the next look at everything finds.
    """
    head = log.head(connection)
    if epoch != head.epoch or seq < head.floor or seq > head.last:
        return News(head, frozenset(), lost=True)
    if head.last == seq:
        return News(head, frozenset())
    told = list(log.since(connection, seq, TAKES, most=MOST_FACTS))
    skus = {line["sku"] for one in told for line in one.fact.body.get("lines", ())}
    return News(head, frozenset(map(Sku, skus)), lost=len(told) == MOST_FACTS)
