"""How are assortments fetched and kept? It decides nothing."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, or_, select, update

from app.partners.events import KINDS, read, written
from app.partners.model import Item, Standing, Stock
from app.partners.tables import assortment_items, assortment_left, assortments
from app.store import log
from app.store.statements import inserting
from app.store.tables import facts
from app.values import Sku

COLUMNS = assortment_items.c


def items(
    connection: Connection, partner: str, *, skus: Collection[Sku] | None = None
) -> dict[Sku, Item]:
    """Items of an assortment, by SKU."""
    question = select(assortment_items).where(COLUMNS.partner == partner)
    if skus is not None:
        question = question.where(COLUMNS.sku.in_(sorted(skus)))
    return {Sku(row.sku): _item(row) for row in connection.execute(question)}


def page(connection: Connection, partner: str, *, after: str, first: int) -> list[Item]:
    """Items in the order of their SKUs, after one of them."""
    question = select(assortment_items).where(COLUMNS.partner == partner, COLUMNS.sku > after)
    return [_item(row) for row in connection.execute(question.order_by(COLUMNS.sku).limit(first))]


def put(connection: Connection, partner: str, changed: Iterable[Item]) -> None:
    """Keep items in the place of those that were."""
    rows = [
        {
            "partner": partner,
            "sku": item.sku,
            "status": item.stock.status,
            "available": item.stock.available,
            "prices": written(item.stock.prices),
            "version": item.version,
            "changed_at": item.changed_at,
        }
        for item in changed
    ]
    if rows:
        insert = inserting(connection, assortment_items)
        news = {name: insert.excluded[name] for name in rows[0] if name not in {"partner", "sku"}}
        keys = [COLUMNS.partner, COLUMNS.sku]
        connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=news), rows)


def drop(connection: Connection, partner: str, gone: Mapping[Sku, int]) -> None:
    """Forget items, but for the versions with which they left."""
    where = (COLUMNS.partner == partner, COLUMNS.sku.in_(sorted(gone)))
    connection.execute(delete(assortment_items).where(*where))
    rows = [{"partner": partner, "sku": sku, "version": gone[sku]} for sku in sorted(gone)]
    insert = inserting(connection, assortment_left)
    keys = [assortment_left.c.partner, assortment_left.c.sku]
    last = {"version": insert.excluded.version}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=last), rows)


def left(connection: Connection, partner: str, skus: Collection[Sku]) -> dict[Sku, int]:
    """With which versions some SKUs left, of those that did before."""
    columns = assortment_left.c
    question = select(columns.sku, columns.version).where(
        columns.partner == partner, columns.sku.in_(sorted(skus))
    )
    return {Sku(row.sku): row.version for row in connection.execute(question)}


def lease(
    connection: Connection, partner: str, who: str, *, now: datetime, until: datetime
) -> bool:
    """Take the lease of a partner, or have it longer; False while somebody else has it."""
    insert = inserting(connection, assortments).values(partner=partner)
    connection.execute(insert.on_conflict_do_nothing(index_elements=[assortments.c.partner]))
    until_then = assortments.c.leased_until
    free = or_(until_then.is_(None), until_then <= now, assortments.c.leased_by == who)
    taken = update(assortments).where(assortments.c.partner == partner, free)
    return bool(connection.execute(taken.values(leased_until=until, leased_by=who)).rowcount)


def lock(connection: Connection, partner: str) -> None:
    """Let nobody else act for a partner until the transaction ends."""
    insert = inserting(connection, assortments).values(partner=partner)
    connection.execute(insert.on_conflict_do_nothing(index_elements=[assortments.c.partner]))
    mine = select(assortments.c.partner).where(assortments.c.partner == partner)
    connection.execute(mine.with_for_update())


def told_since(connection: Connection, partner: str, since: datetime) -> int:
    """How many facts a partner was told since a time: of its assortment, and of its orders."""
    its = or_(facts.c.party == partner, and_(facts.c.entity == partner, facts.c.kind.in_(KINDS)))
    counted = select(func.count()).select_from(facts).where(its, facts.c.occurred_at >= since)
    return int(connection.execute(counted).scalar_one())


def looked(connection: Connection, partner: str, *, at: datetime) -> None:
    """Everything was looked at."""
    mine = assortments.c.partner == partner
    connection.execute(update(assortments).where(mine).values(looked_at=at))


def acknowledge(connection: Connection, partner: str, seq: int, *, at: datetime) -> None:
    """A partner has everything up to a number; it never has less than before."""
    insert = inserting(connection, assortments).values(
        partner=partner, acknowledged=seq, acknowledged_at=at
    )
    higher = insert.on_conflict_do_update(
        index_elements=[assortments.c.partner],
        set_={"acknowledged": seq, "acknowledged_at": at},
        where=assortments.c.acknowledged < seq,
    )
    connection.execute(higher)


def standing(connection: Connection, partner: str) -> Standing:
    """How a partner is doing."""
    row = connection.execute(
        select(assortments).where(assortments.c.partner == partner)
    ).one_or_none()
    counted = select(func.count()).select_from(assortment_items).where(COLUMNS.partner == partner)
    acknowledged = 0 if row is None else row.acknowledged
    mine = (facts.c.entity == partner, facts.c.kind.in_(sorted(KINDS)))
    behind = select(func.count(), func.min(facts.c.occurred_at)).where(
        *mine, facts.c.seq > acknowledged
    )
    count, oldest_at = connection.execute(behind).one()
    return Standing(
        name=partner,
        items=connection.execute(counted).scalar_one(),
        looked_at=None if row is None else row.looked_at,
        told=log.last_of(connection, KINDS, entity=partner),
        acknowledged=acknowledged,
        acknowledged_at=None if row is None else row.acknowledged_at,
        behind=count,
        oldest_at=oldest_at,
    )


def _item(row: Row[Any]) -> Item:
    return Item(
        sku=Sku(row.sku),
        stock=Stock(row.status, row.available, read(row.prices)),
        version=row.version,
        changed_at=row.changed_at,
    )
