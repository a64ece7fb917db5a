"""How is something changed? By an act: a function of the work, in one transaction."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import Connection, insert, update

from app.errors import GatewayError
from app.store.facts import Fact
from app.store.tables import facts, log_head

T = TypeVar("T")


class StoreUnavailable(GatewayError):  # noqa: N818  named by what the catcher should do
    """The store did not answer. Whether an act took place is unknown: ask again by its key."""


@dataclass(slots=True)
class Work:
    """One transaction in progress. `now` is the time of everything that happens in it."""

    connection: Connection
    now: datetime
    told: list[Fact] = field(default_factory=list)

    def tell(self, fact: Fact) -> None:
        """Let a fact be written with the change; numbers follow the order of the commits."""
        self.told.append(fact)

    def write_facts(self) -> None:
        """Write what was told. Last in the transaction: the head of the log is locked by it."""
        write_facts(self.connection, [(fact, self.now) for fact in self.told])


def write_facts(connection: Connection, told: Sequence[tuple[Fact, datetime]]) -> None:
    """Write facts, each with its time, in their order; last in the transaction."""
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
