"""Who did what, and who looked at whom? Entries that are only added, each sealed with the last.

The seal of an entry is the SHA-256 of the seal before it and of the entry itself, so whoever
changes, drops or slips in one has to make every later seal anew, and then the last one differs from
what was noted elsewhere. Who it was is told by a pseudonym: nothing in here is personal data.
"""

import json
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, insert, select, update

from app.errors import GatewayError
from app.store.tables import audit_entries, audit_head
from app.values import PrincipalKind

BEFORE_ALL = "0" * 64
READ = "Read"


class AuditBrokenError(GatewayError):
    """The log is not what was written: the message says where."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: what they are to the retailer, and their pseudonym."""

    kind: PrincipalKind
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that was done to an entity, or read of it; `fields` are those that were read."""

    at: datetime
    by: Actor
    what: str
    entity: str
    fields: str = ""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry as it stands in the log."""

    seq: int
    entry: Entry
    seal: str


_ACTING: ContextVar[Actor | None] = ContextVar("acting", default=None)


class acting:  # noqa: N801  it reads like a word
    """What is done within the block is done by somebody."""

    __slots__ = ("_actor", "_before")

    def __init__(self, actor: Actor | None) -> None:
        self._actor = actor

    def __enter__(self) -> None:
        self._before = _ACTING.set(self._actor)

    def __exit__(self, *_: object) -> None:
        _ACTING.reset(self._before)


def acting_now() -> Actor | None:
    """By whom what is done now is done; None: by nobody who has proved who they are."""
    return _ACTING.get()


def write_entries(connection: Connection, entries: Sequence[Entry]) -> None:
    """Add entries; last in the transaction, since the end of the log is locked by it."""
    if not entries:
        return
    locked = select(audit_head.c.last, audit_head.c.seal).with_for_update()
    last, seal = connection.execute(locked).one()
    rows = []
    for seq, entry in enumerate(entries, last + 1):
        seal = sealed(seal, seq, entry)
        rows.append({"seq": seq, "seal": seal, **_row(entry)})
    connection.execute(insert(audit_entries), rows)
    connection.execute(update(audit_head).values(last=last + len(rows), seal=seal))


def sealed(before: str, seq: int, entry: Entry) -> str:
    """The seal of an entry, in hexadecimal."""
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    told = [before, seq, at, *map(str, list(_row(entry).values())[1:])]
    return sha256(json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def entries(connection: Connection, *, after: int = 0, most: int | None = None) -> Iterator[Sealed]:
    """Entries in their order, after a number."""
    question = select(audit_entries).where(audit_entries.c.seq > after)
    for row in connection.execute(question.order_by(audit_entries.c.seq).limit(most)):
        entry = Entry(
            at=row.at,
            by=Actor(PrincipalKind(row.kind), row.who),
            what=row.what,
            entity=row.entity,
            fields=row.fields,
        )
        yield Sealed(row.seq, entry, row.seal)


def verified(connection: Connection, known: Sequence[tuple[int, str]] = ()) -> tuple[int, str]:
    """The number and the seal of the last entry, once all of the log was seen to be whole.

    `known` are numbers and seals that were noted earlier, elsewhere.

    Raises:
        AuditBrokenError: it is not.
    """
    noted, seq, seal = dict(known), 0, BEFORE_ALL
    for one in entries(connection):
        if one.seq != seq + 1:
            raise AuditBrokenError(f"entry {seq + 1} is not there")
        seq, seal = one.seq, sealed(seal, one.seq, one.entry)
        if seal != one.seal or noted.pop(seq, seal) != seal:
            raise AuditBrokenError(f"entry {seq} is not what was written")
    if noted:
        raise AuditBrokenError(f"entry {min(noted)} is not there")
    head = connection.execute(select(audit_head.c.last, audit_head.c.seal)).one()
    if tuple(head) != (seq, seal):
        raise AuditBrokenError(f"entries after {seq} are not there")
    return seq, seal


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "at": entry.at,
        "kind": entry.by.kind.value,
        "who": entry.by.who,
        "what": entry.what,
        "entity": entry.entity,
        "fields": entry.fields,
    }
