"""What has happened since? Facts in the order of their commits."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, Select, select, update

from app.store.facts import Fact
from app.store.tables import facts, log_head
from app.store.work import Work


class Head(NamedTuple):
    """How far a log has come. Numbers of different epochs have nothing to do with each other.

    Facts up to `floor` are not kept any more.
    """

    epoch: str
    last: int
    floor: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """A fact, its number and when it happened."""

    seq: int
    fact: Fact
    at: datetime


def head(connection: Connection) -> Head:
    """Where the log is now."""
    columns = log_head.c
    row = connection.execute(select(columns.epoch, columns.last, columns.floor)).one()
    return Head(row.epoch, row.last, row.floor)


def begin_epoch(work: Work) -> None:
    """Say that numbers stand for something else from now on."""
    work.connection.execute(update(log_head).values(epoch=uuid4().hex))


def since(
    connection: Connection,
    seq: int,
    kinds: Collection[str],
    *,
    entity: str | None = None,
    party: str | None = None,
    most: int | None = None,
) -> Iterator[Told]:
    """The facts of some kinds after a number, in their order: of one thing or party, or `most`."""
    columns = facts.c
    question = (
        select(
            columns.seq,
            columns.kind,
            columns.entity,
            columns.body,
            columns.occurred_at,
            columns.party,
        )
        .where(columns.seq > seq, columns.kind.in_(sorted(kinds)))
        .order_by(columns.seq)
        .limit(most)
    )
    question = _of(question, entity, party)
    for row in connection.execute(question):
        body: Mapping[str, Any] = row.body
        fact = Fact(kind=row.kind, entity=row.entity, body=body, party=row.party)
        yield Told(row.seq, fact, row.occurred_at)


def last_of(
    connection: Connection,
    kinds: Collection[str],
    *,
    entity: str | None = None,
    party: str | None = None,
) -> int:
    """The number of the latest fact of some kinds that is kept; 0 if none is."""
    columns = facts.c
    question = select(columns.seq).where(columns.kind.in_(sorted(kinds)))
    last = _of(question, entity, party).order_by(columns.seq.desc()).limit(1)
    return connection.execute(last).scalar() or 0


def _of(question: Select[Any], entity: str | None, party: str | None) -> Select[Any]:
    if entity is not None:
        question = question.where(facts.c.entity == entity)
    return question if party is None else question.where(facts.c.party == party)
