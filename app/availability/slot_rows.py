"""What is written of slots of work? Fetches and keeps; `ledger` has the rules."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, distinct, func, or_, select, tuple_, update

from app.availability.book import FOR_EVER
from app.availability.slots import Place, Slot, Taking
from app.availability.tables import slot_places, slots
from app.store.statements import inserting
from app.values import LocationCode

Room = Mapping[Slot, Taking]
"""The slots that somebody is worked for in."""


def lock(connection: Connection, wanted: Room) -> None:
    """Keep others from taking places until the transaction ends; in one order."""
    rows = [_row(slot) | {"most": one.most} for slot, one in sorted(wanted.items())]
    if rows:
        insert = inserting(connection, slots)
        again = insert.on_conflict_do_update(
            index_elements=[slots.c.location, slots.c.begins],
            set_={"most": insert.excluded.most},
        )
        connection.execute(again.values(rows))


def lock_places(connection: Connection, owner: str) -> dict[Slot, Taking]:
    """The slots an owner has places in, locked in the same order."""
    mine = and_(
        slot_places.c.owner == owner,
        slot_places.c.location == slots.c.location,
        slot_places.c.begins == slots.c.begins,
    )
    question = select(slots, slot_places.c.origin).join_from(slots, slot_places, mine)
    locked = question.order_by(slots.c.location, slots.c.begins).with_for_update(of=slots)
    found: dict[Slot, Taking] = {}
    for row in connection.execute(locked):
        known = found.get(_slot(row), Taking(row.most, frozenset()))
        found[_slot(row)] = Taking(row.most, known.origins | {LocationCode(row.origin)})
    return found


def others(
    connection: Connection, among: Collection[Slot], *, now: datetime, owner: str
) -> dict[Slot, int]:
    """How many others than the owner have a place in slots now."""
    if not among:
        return {}
    columns = slot_places.c
    found = tuple_(columns.location, columns.begins).in_([tuple(slot) for slot in sorted(among)])
    question = (
        select(
            columns.location, columns.begins, func.count(distinct(columns.owner)).label("orders")
        )
        .where(found, columns.owner != owner, _living(now))
        .group_by(columns.location, columns.begins)
    )
    return {_slot(row): row.orders for row in connection.execute(question)}


def put(connection: Connection, owner: str, taken: Room, *, until: datetime) -> None:
    """Write the places of a holder that has none."""
    _add(connection, owner, _works(taken), until)


def move(
    connection: Connection, order: str, gone: Collection[LocationCode], taken: Room
) -> set[Slot]:
    """Give an order other places than those for goods from where none come any more; these."""
    mine = select(slot_places).where(slot_places.c.owner == order)
    had = {(_slot(row), LocationCode(row.origin)) for row in connection.execute(mine)}
    has = {(slot, origin) for slot, origin in had if origin not in gone} | _works(taken)
    if has != had:
        drop(connection, order)
        _add(connection, order, has, None)
    return {slot for slot, _ in had} - {slot for slot, _ in has}


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
    return list(_places(connection, _living(now)))


def of(connection: Connection, owners: Collection[str], *, now: datetime) -> list[Place]:
    """The places that some owners have now."""
    mine = slot_places.c.owner.in_(sorted(owners))
    return list(_places(connection, and_(mine, _living(now))))


def told(taken: Collection[Slot]) -> list[dict[str, Any]]:
    """Slots as they are told of."""
    return [_row(slot) for slot in sorted(taken)]


def _works(taken: Room) -> set[tuple[Slot, LocationCode]]:
    return {(slot, origin) for slot, one in taken.items() for origin in one.origins}


def _add(
    connection: Connection,
    owner: str,
    works: Collection[tuple[Slot, LocationCode]],
    until: datetime | None,
) -> None:
    if works:
        kept = {"owner": owner, "expires_at": until}
        rows = [kept | _row(slot) | {"origin": origin} for slot, origin in sorted(works)]
        connection.execute(slot_places.insert(), rows)


def _living(now: datetime) -> Any:
    return or_(slot_places.c.expires_at.is_(None), slot_places.c.expires_at > now)


def _row(slot: Slot) -> dict[str, Any]:
    return slot._asdict()


def _slot(row: Any) -> Slot:
    return Slot(LocationCode(row.location), row.begins)


def _places(connection: Connection, which: Any) -> Iterator[Place]:
    """One for each order and slot, from wherever its goods come."""
    columns = slot_places.c
    question = select(columns.owner, columns.location, columns.begins, columns.expires_at)
    for row in connection.execute(question.where(which).distinct()):
        yield Place(row.owner, _slot(row), row.expires_at or FOR_EVER)
