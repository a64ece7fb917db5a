"""What does one process keep, and what does it share with others?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b

import strawberry

from app.api.caching import Caching
from app.api.outcomes import Outcome
from app.engine.budget import SharedRedis
from app.engine.caching.answers import Answers
from app.engine.caching.invalidations import Invalidations
from app.engine.caching.listening import listen
from app.engine.caching.memory import Memory
from app.engine.caching.shared import SharedAnswers
from app.engine.caching.vault import Vault
from app.settings import Connection, Settings, Windows
from app.upstream.changes import Changes
from app.upstream.second_level import SecondLevel

SHAPE = 1  # of values that processes share; another one when ports change


@dataclass(slots=True)
class Caches:
    """The caches of one process; with a `shared` Redis, those of all processes too."""

    settings: Settings
    shared: SharedRedis | None
    now: Callable[[], datetime]
    answers: Answers[Outcome] = field(init=False)
    changes: Changes = field(init=False)
    vault: Vault | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Nobody is called yet."""
        cache, budget, log = self.settings.cache, self.settings.requests.budget, Invalidations()
        together = None
        if self.shared is not None:
            together = SharedAnswers(self.shared, log, UTC, budget, cache.largest)
            self.vault = Vault(self.shared, cache.largest)
        self.answers = Answers(
            memory=Memory(cache.memory, cache.largest, log),
            log=log,
            now=self.now,
            within=budget,
            shared=together,
        )
        self.changes = Changes(self.now)
        log.watchers.append(self.changes.note)

    @property
    def books(self) -> Mapping[str, Mapping[str, int]]:
        """What came of every look, by name of the cache."""
        values = {} if self.vault is None else {"values": self.vault.counts}
        return {"answers": self.answers.counts, **values}

    def caching(self, schema: strawberry.Schema) -> Caching:
        """Answers operations of a schema from what is kept."""
        answers = self.answers if self.settings.cache.answers else None
        return Caching(schema, answers=answers, settings=self.settings, now=self.now)

    def level(self, connection: str, windows: Windows) -> SecondLevel | None:
        """What other processes read of a connection."""
        if self.vault is None:
            return None
        return SecondLevel(
            vault=self.vault,
            space=space_of(connection, self.settings.connections[connection]),
            fresh_for=windows.fresh_for,
            now=self.now,
            changes=self.changes,
        )

    async def listen(self) -> None:
        """Hear from other processes what is out of date, until cancelled."""
        if self.shared is not None and self.answers.shared is not None:
            await listen(self.shared.client, self.answers.shared)

    async def close(self) -> None:
        """End what is still going on."""
        await self.answers.close()
        if self.vault is not None:
            await self.vault.close()


def space_of(name: str, configured: Connection) -> str:
    """Where the values of a connection are kept: elsewhere as soon as it is another system."""
    told = f"{SHAPE} {configured.model_dump_json()}".encode()
    return f"{name}:{blake2b(told, digest_size=8).hexdigest()}"
