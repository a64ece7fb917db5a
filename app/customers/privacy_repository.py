"""How are requests about somebody's data fetched and kept? It decides nothing."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, insert, null, or_, select, update

from app.customers.privacy import PrivacyId, PrivacyKind, PrivacyRequest, Receipt, Subject, Task
from app.customers.tables import privacy_receipts, privacy_requests
from app.ports import KeptRecord
from app.store.statements import inserting
from app.values import CustomerId

FORGOTTEN = "FORGOTTEN"  # meanwhile


@dataclass(frozen=True, slots=True)
class Lease:
    """Who may act for a request: whoever has its highest fence."""

    id: PrivacyId
    fence: int
    attempts: int


def add(connection: Connection, request: PrivacyRequest, asked: str) -> bool:
    """Keep a new request; False when it was asked for before, and nothing is written."""
    row = {
        "id": request.id,
        "asked": asked,
        "customer": request.customer,
        "kind": request.kind.value,
        "by": request.by,
        "subject": msgspec.to_builtins(request.subject),
        "unresolved": request.unresolved,
        "asked_at": request.asked_at,
        "due_at": request.asked_at,
        "fence": 0,
        "attempts": 0,
    }
    new = inserting(connection, privacy_requests).values(row)
    new = new.on_conflict_do_nothing(index_elements=[privacy_requests.c.asked])
    if connection.execute(new.returning(privacy_requests.c.id)).first() is None:
        return False
    add_receipts(connection, request.id, request.receipts)
    return True


def find_asked(connection: Connection, asked: str) -> PrivacyRequest | None:
    """A request by the hash of who asked for it under which key."""
    return next(iter(_read(connection, privacy_requests.c.asked == asked)), None)


def find(connection: Connection, id_: PrivacyId) -> PrivacyRequest | None:
    """A request by its id."""
    return next(iter(_read(connection, privacy_requests.c.id == id_)), None)


def of(connection: Connection, customers: Collection[CustomerId]) -> list[PrivacyRequest]:
    """The requests of somebody, the latest first."""
    found = _read(connection, privacy_requests.c.customer.in_(sorted(customers)))
    return sorted(found, key=lambda one: (one.asked_at, one.id), reverse=True)


def any_due(connection: Connection, now: datetime) -> bool:
    """Whether something has to be done."""
    return any_where(connection, _due(now))


def claim(connection: Connection, now: datetime, until: datetime, most: int) -> list[Lease]:
    """Take the leases of requests for which something is due and nobody is at it."""
    columns = privacy_requests.c
    free = select(columns.id).where(_due(now)).order_by(columns.due_at).limit(most)
    taken = (
        update(privacy_requests)
        .where(columns.id.in_(free.with_for_update(skip_locked=True)), _due(now))
        .values(leased_until=until, fence=columns.fence + 1)
        .returning(columns.id, columns.fence, columns.attempts)
    )
    return [Lease(PrivacyId(row.id), row.fence, row.attempts) for row in connection.execute(taken)]


def lock(connection: Connection, lease: Lease) -> PrivacyRequest | None:
    """The request, as long as the lease is ours; nobody else changes it meanwhile."""
    columns = privacy_requests.c
    mine = select(columns.id).where(columns.id == lease.id, columns.fence == lease.fence)
    if connection.execute(mine.with_for_update()).first() is None:
        return None
    return find(connection, lease.id)


def add_receipts(connection: Connection, id_: PrivacyId, receipts: Iterable[Receipt]) -> None:
    """Write further parts."""
    rows = [{"request": id_, "place": one.place, **_receipt_row(one)} for one in receipts]
    if rows:
        connection.execute(insert(privacy_receipts), rows)


def put_receipt(connection: Connection, id_: PrivacyId, receipt: Receipt) -> None:
    """Write a part as it is now."""
    columns = privacy_receipts.c
    which = and_(columns.request == id_, columns.place == receipt.place)
    connection.execute(update(privacy_receipts).where(which).values(_receipt_row(receipt)))


def put(connection: Connection, id_: PrivacyId, **values: Any) -> None:
    """Write some of a request."""
    which = privacy_requests.c.id == id_
    connection.execute(update(privacy_requests).where(which).values(values))


def any_where(connection: Connection, which: Any) -> bool:
    """Whether there is a request of some kind."""
    asked = select(privacy_requests.c.id).where(which).limit(1)
    return connection.execute(asked).first() is not None


def put_where(connection: Connection, which: Any, **values: Any) -> None:
    """Write some of all requests of some kind."""
    connection.execute(update(privacy_requests).where(which).values(values))


def drop_documents(connection: Connection, which: Any) -> None:
    """Forget what was exported by some requests."""
    requests = select(privacy_requests.c.id).where(which)
    told = privacy_receipts.c.request.in_(requests)
    gone = update(privacy_receipts).where(told, privacy_receipts.c.documents.is_not(None))
    connection.execute(gone.values(documents=null()))


def end_exports(connection: Connection, customers: Collection[str], *, now: datetime) -> None:
    """Let nobody be told of people who are being forgotten, whatever they had asked for before."""
    columns = privacy_requests.c
    theirs = and_(columns.customer.in_(customers), columns.kind == PrivacyKind.EXPORT.value)
    # Whoever writes what was exported has the request locked: wait for them before it is dropped.
    connection.execute(select(columns.id).where(theirs).order_by(columns.id).with_for_update())
    drop_documents(connection, theirs)
    requests = select(columns.id).where(theirs)
    waiting = and_(privacy_receipts.c.request.in_(requests), privacy_receipts.c.done_at.is_(None))
    gone = {"done_at": now, "reason": FORGOTTEN, "external": None}
    connection.execute(update(privacy_receipts).where(waiting).values(gone))
    over = {"subject": null(), "due_at": None, "leased_until": None, "expires_at": None}
    put_where(connection, theirs, **over, fence=columns.fence + 1)
    put_where(connection, and_(theirs, columns.done_at.is_(None)), done_at=now)


def _due(now: datetime) -> Any:
    columns = privacy_requests.c
    return and_(
        columns.due_at <= now, or_(columns.leased_until.is_(None), columns.leased_until <= now)
    )


def _receipt_row(receipt: Receipt) -> dict[str, Any]:
    return {
        "system": receipt.system,
        "task": receipt.task.value,
        "external": receipt.external,
        "done_at": receipt.done_at,
        "reason": receipt.reason,
        "kept": sorted(one.value for one in receipt.kept),
        "documents": null() if receipt.documents is None else receipt.documents,
    }


def _read(connection: Connection, which: Any) -> list[PrivacyRequest]:
    rows = connection.execute(select(privacy_requests).where(which)).all()
    receipts = _receipts(connection, [row.id for row in rows])
    return [
        PrivacyRequest(
            id=PrivacyId(row.id),
            customer=CustomerId(row.customer),
            kind=PrivacyKind(row.kind),
            by=row.by,
            subject=None if row.subject is None else msgspec.convert(row.subject, Subject),
            receipts=tuple(receipts.get(row.id, ())),
            unresolved=row.unresolved,
            asked_at=row.asked_at,
            done_at=row.done_at,
            expires_at=row.expires_at,
        )
        for row in rows
    ]


def _receipts(connection: Connection, ids: Collection[str]) -> dict[str, list[Receipt]]:
    found: dict[str, list[Receipt]] = {}
    asked = select(privacy_receipts).where(privacy_receipts.c.request.in_(ids))
    for row in connection.execute(asked.order_by(privacy_receipts.c.place)):
        found.setdefault(row.request, []).append(
            Receipt(
                place=row.place,
                system=row.system,
                task=Task(row.task),
                external=row.external,
                done_at=row.done_at,
                reason=row.reason,
                kept=frozenset(KeptRecord(one) for one in row.kept),
                documents=row.documents,
            )
        )
    return found
