"""Who looked at whom? Written before the answer leaves, or there is none."""

from collections.abc import Collection
from datetime import datetime

from app.store import Store, Work

MOST_TOLD = 2_000  # characters of the names of fields


class Looks:
    """Writes into the audit log what was read of persons by those who act."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, entities: Collection[str], fields: str, *, now: datetime) -> None:
        """An entry for each entity, by whoever acts now.

        Raises:
            StoreUnavailable: nobody may be told what was read.
        """

        def change(work: Work) -> None:
            for entity in sorted(entities):
                work.looked_at(entity, fields[:MOST_TOLD])

        await self._store.act(change, now=now)
