"""How is something changed? By an act: a function of the work, in one transaction."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar, runtime_checkable

from sqlalchemy import Connection, insert, update

from app.errors import GatewayError
from app.store.auditing import READ, Actor, Entry, write_entries
from app.store.facts import Fact
from app.store.tables import facts, log_head

T = TypeVar("T")


class StoreUnavailable(GatewayError):  # noqa: N818  named by what the catcher should do
    """The store did not answer. Whether an act took place is unknown: ask again by its key."""


class TextNotKeptError(GatewayError):
    """A text cannot be kept, or looked for, as it is; nothing was done."""


@dataclass(slots=True)
class Work:
    """One transaction in progress. `now` is the time of everything that happens in it.

    `by` is who does it, where that is known: what is told then goes into the audit log, too.
    """

    connection: Connection
    now: datetime
    by: Actor | None = None
    told: list[Fact] = field(default_factory=list)
    read: list[Entry] = field(default_factory=list)

    def tell(self, fact: Fact) -> None:
        """Let a fact be written with the change; numbers follow the order of the commits."""
        self.told.append(fact)

    def looked_at(self, entity: str, fields: str) -> None:
        """Let it be written that somebody has read fields of an entity."""
        if self.by is not None:
            entry = Entry(at=self.now, by=self.by, what=READ, entity=entity, fields=fields)
            self.read.append(entry)

    @property
    def entries(self) -> list[Entry]:
        """What the audit log is to say of it."""
        if (by := self.by) is None:
            return []
        done = (Entry(at=self.now, by=by, what=f.kind, entity=f.entity) for f in self.told)
        return [*done, *self.read]


def conclude(connection: Connection, works: Sequence[Work]) -> None:
    """Write what works have told, in their order. Last in the transaction: ends of logs are locked.

    First the log of facts, then the audit log: all take them in this order.
    """
    _write_facts(connection, [(fact, work.now) for work in works for fact in work.told])
    write_entries(connection, [entry for work in works for entry in work.entries])


def _write_facts(connection: Connection, told: Sequence[tuple[Fact, datetime]]) -> None:
    if not told:
        return
    taken = update(log_head).values(last=log_head.c.last + len(told))
    last: int = connection.execute(taken.returning(log_head.c.last)).scalar_one()
    first = last - len(told) + 1
    connection.execute(
        insert(facts),
        [
            {
                "seq": first + place,
                "kind": fact.kind,
                "entity": fact.entity,
                "occurred_at": at,
                "body": dict(fact.body),
                "party": fact.party,
            }
            for place, (fact, at) in enumerate(told)
        ],
    )


class Store(Protocol):
    """A database. Acts and questions are functions that neither wait nor know which one it is."""

    async def act(
        self, change: Callable[[Work], T], *, now: datetime, queue: Hashable | None = None
    ) -> T:
        """What a change returns, once it is committed with the facts it told; all or nothing.

        A change may be run again when the database asks for it, so it has no other effects. Acts of
        one `queue` would wait for each other, since they lock the same: they may share a commit.

        Raises:
            StoreUnavailable: whether it took place is unknown.
        """

    async def read(self, question: Callable[[Connection], T]) -> T:
        """The answer to a question about one state of the store.

        Raises:
            StoreUnavailable: there is none.
        """


@runtime_checkable
class Scrubbing(Protocol):
    """A store that has files of its own; of a server's it is the server's business."""

    async def scrub(self) -> None:
        """Let nothing of what was deleted stand in the files.

        Raises:
            StoreUnavailable: it may.
        """
