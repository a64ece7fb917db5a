"""What does the database tell a follower? Each question is answered from one state of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from app.events.model import Rows, Stream, Topic
from app.store import log
from app.store.log import Head, Told

R = TypeVar("R")
AT_ONCE = 500  # facts of one page


@dataclass(frozen=True, slots=True)
class Page:
    """Facts after a place, all there are up to `upto`."""

    told: Sequence[Told]
    upto: int
    head: Head


def page(connection: Connection, topic: Topic, after: int, most: int = AT_ONCE) -> Page:
    """The facts of a topic after a number."""
    head = log.head(connection)
    if after < head.floor or after > head.last:
        return Page((), after, head)  # some are missing, or it is another log
    found = log.since(
        connection, after, topic.kinds, entity=topic.entity, party=topic.party, most=most
    )
    told = tuple(found)
    upto = told[-1].seq if len(told) == most else head.last
    return Page(told, upto, head)


def beginning(
    connection: Connection, stream: Stream[R], topic: Topic, key: str
) -> tuple[Head, int, Rows[R]]:
    """A page of what there is, with the head of the log and the last fact of the topic then."""
    last = log.last_of(connection, topic.kinds, entity=topic.entity, party=topic.party)
    return log.head(connection), last, stream.snapshot(connection, topic, key)
