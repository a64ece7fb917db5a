"""What is written of slots of work? Fetches and keeps; `ledger` has the rules."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, func, or_, select, tuple_, update

from app.availability.book import FOR_EVER
from app.availability.slots import Place, Slot
from app.availability.tables import slot_places, slots
from app.store.statements import inserting
from app.values import LocationCode

Room = Mapping[Slot, int]
"""How many orders each slot takes."""


def lock(connection: Connection, wanted: Room) -> None:
    """Keep others from taking places until the transaction ends; in one order."""
    rows = [_row(slot) | {"most": most} for slot, most in sorted(wanted.items())]
    if rows:
        insert = inserting(connection, slots)
        again = insert.on_conflict_do_update(
            index_elements=[slots.c.location, slots.c.begins],
            set_={"most": insert.excluded.most},
        )
        connection.execute(again.values(rows))


def lock_places(connection: Connection, owner: str) -> dict[Slot, int]:
    """The slots an owner has places in, locked in the same order, with what they take."""
    mine = and_(
        slot_places.c.owner == owner,
        slot_places.c.location == slots.c.location,
        slot_places.c.begins == slots.c.begins,
    )
    question = select(slots).join_from(slots, slot_places, mine)
    locked = question.order_by(slots.c.location, slots.c.begins).with_for_update(of=slots)
    return {_slot(row): row.most for row in connection.execute(locked)}


def others(
    connection: Connection, among: Collection[Slot], *, now: datetime, owner: str
) -> dict[Slot, int]:
    """How many others than the owner have a place in slots now."""
    if not among:
        return {}
    columns = slot_places.c
    found = tuple_(columns.location, columns.begins).in_([tuple(slot) for slot in sorted(among)])
    question = (
        select(columns.location, columns.begins, func.count().label("orders"))
        .where(found, columns.owner != owner, _living(now))
        .group_by(columns.location, columns.begins)
    )
    return {_slot(row): row.orders for row in connection.execute(question)}


def put(connection: Connection, owner: str, taken: Collection[Slot], *, until: datetime) -> None:
    """Write an owner's places, in the place of those it had."""
    drop(connection, owner)
    if taken:
        kept = {"owner": owner, "expires_at": until}
        connection.execute(slot_places.insert(), [kept | _row(slot) for slot in sorted(taken)])


def hand_on(connection: Connection, holder: str, order: str) -> None:
    """What a holder had, an order has for good."""
    mine = update(slot_places).where(slot_places.c.owner == holder)
    connection.execute(mine.values(owner=order, expires_at=None))


def drop(connection: Connection, *owners: str) -> None:
    """Forget the places of owners."""
    connection.execute(delete(slot_places).where(slot_places.c.owner.in_(sorted(owners))))


def drop_over(connection: Connection, before: datetime) -> None:
    """Forget places of holds that ended before a time, and slots that began before it."""
    ended = slot_places.c.expires_at <= before
    at = int(before.timestamp())
    connection.execute(delete(slot_places).where(or_(ended, slot_places.c.begins <= at)))
    connection.execute(delete(slots).where(slots.c.begins <= at))


def every(connection: Connection, *, now: datetime) -> list[Place]:
    """All places that are taken now."""
    return list(_places(connection, select(slot_places).where(_living(now))))


def of(connection: Connection, owners: Collection[str], *, now: datetime) -> list[Place]:
    """The places that some owners have now."""
    mine = slot_places.c.owner.in_(sorted(owners))
    return list(_places(connection, select(slot_places).where(mine, _living(now))))


def told(taken: Collection[Slot]) -> list[dict[str, Any]]:
    """Slots as they are told of."""
    return [_row(slot) for slot in sorted(taken)]


def _living(now: datetime) -> Any:
    return or_(slot_places.c.expires_at.is_(None), slot_places.c.expires_at > now)


def _row(slot: Slot) -> dict[str, Any]:
    return slot._asdict()


def _slot(row: Any) -> Slot:
    return Slot(LocationCode(row.location), row.begins)


def _places(connection: Connection, question: Select[Any]) -> Iterator[Place]:
    for row in connection.execute(question):
        yield Place(row.owner, _slot(row), row.expires_at or FOR_EVER)
