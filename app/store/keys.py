"""Was this asked before? One key, one effect: what came of it is kept in the same transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from app.errors import Refusal
from app.store.statements import inserting
from app.store.tables import idempotency_keys
from app.store.work import Work


class KeyReused(Refusal):
    """The key stands for something else."""

    code = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__("This key was used for another request: take a new one.")


class KeyInProgress(Refusal):
    """The same is being done at this moment."""

    code = "IDEMPOTENCY_IN_PROGRESS"

    def __init__(self) -> None:
        super().__init__("The request of this key is in progress: ask again in a moment.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A request that has one effect, however often it comes.

    `key` is the caller's own; it means something within its `scope`. `digest` stands for what is
    asked.
    """

    scope: str
    key: str
    digest: str


def result_of(connection: Connection, once: Once, *, now: datetime) -> Any | None:
    """What came of it before.

    Raises:
        KeyReused: the key stands for something else.
    """
    columns = idempotency_keys.c
    row = connection.execute(
        select(columns.digest, columns.result).where(_named(once), columns.kept_until > now)
    ).one_or_none()
    if row is None:
        return None
    if row.digest != once.digest:
        raise KeyReused
    return row.result


def claim(work: Work, once: Once, *, kept_for: timedelta) -> Any | None:
    """Take the key for this transaction; what came of it, if another has done it already.

    It waits for a transaction that is doing it.

    Raises:
        KeyReused: the key stands for something else.
    """
    row = {
        "scope": once.scope,
        "key": once.key,
        "digest": once.digest,
        "result": None,
        "kept_until": work.now + kept_for,
    }
    columns = idempotency_keys.c
    insert = inserting(work.connection, idempotency_keys).values(row)
    taken = insert.on_conflict_do_update(
        index_elements=[columns.scope, columns.key],
        set_={name: insert.excluded[name] for name in ("digest", "result", "kept_until")},
        where=columns.kept_until <= work.now,
    ).returning(columns.key)
    if work.connection.execute(taken).one_or_none() is not None:
        return None
    return result_of(work.connection, once, now=work.now)


def settle(work: Work, once: Once, result: Any) -> None:
    """Write what came of it."""
    work.connection.execute(update(idempotency_keys).where(_named(once)).values(result=result))


class InFlight:
    """Requests that this process is at work on."""

    def __init__(self) -> None:
        self._running: set[tuple[str, str]] = set()

    @contextmanager
    def alone(self, once: Once) -> Iterator[None]:
        """For as long as the block lasts, nobody else in this process does the same.

        Raises:
            KeyInProgress: somebody does.
        """
        name = (once.scope, once.key)
        if name in self._running:
            raise KeyInProgress
        self._running.add(name)
        try:
            yield
        finally:
            self._running.discard(name)


def _named(once: Once) -> Any:
    columns = idempotency_keys.c
    return (columns.scope == once.scope) & (columns.key == once.key)
