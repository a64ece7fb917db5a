"""What has happened since? Facts in the order of their commits."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from app.store.facts import Fact
from app.store.tables import facts, log_head


class Head(NamedTuple):
    """How far a log has come. Numbers of different epochs have nothing to do with each other."""

    epoch: str
    last: int


@dataclass(frozen=True, slots=True)
class Told:
    """A fact and its number."""

    seq: int
    fact: Fact


def head(connection: Connection) -> Head:
    """Where the log is now."""
    row = connection.execute(select(log_head.c.epoch, log_head.c.last)).one()
    return Head(row.epoch, row.last)


def since(connection: Connection, seq: int, kinds: Collection[str]) -> Iterator[Told]:
    """The facts of some kinds after a number, in their order."""
    columns = facts.c
    question = (
        select(columns.seq, columns.kind, columns.entity, columns.body)
        .where(columns.seq > seq, columns.kind.in_(sorted(kinds)))
        .order_by(columns.seq)
    )
    for row in connection.execute(question):
        body: Mapping[str, Any] = row.body
        yield Told(row.seq, Fact(kind=row.kind, entity=row.entity, body=body))
