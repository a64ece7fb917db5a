"""What is written of holds and allocations? Fetches and keeps; `ledger` has the rules."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Select,
    and_,
    delete,
    false,
    func,
    not_,
    or_,
    select,
    update,
)

from app.availability.book import PromisedLine
from app.availability.level_rows import MOST_ROWS, near, spot_of
from app.availability.model import Spot
from app.availability.tables import allocations, hold_lines, holds, stock_levels
from app.store.statements import inserting

Demand = Mapping[Spot, int]
NOT_KNOWN: Mapping[Spot, datetime | None] = MappingProxyType({})


class HoldRow(NamedTuple):
    """A holder's row; its lines stand elsewhere."""

    fence: int
    expires_at: datetime


def held(
    connection: Connection, spots: Collection[Spot], *, now: datetime, holder: str | None
) -> dict[Spot, int]:
    """Units that holds keep now, at spots and perhaps at others; those of a `holder` left out."""
    columns = hold_lines.c
    question = _summed(columns).where(near(columns, spots), columns.expires_at > now)
    if holder is not None:
        question = question.where(columns.holder != holder)
    return _sums(connection, question)


def allocated(connection: Connection, spots: Collection[Spot]) -> dict[Spot, int]:
    """Units that orders have and the level does not know of yet, at spots and perhaps at others."""
    columns = allocations.c
    level = and_(stock_levels.c.sku == columns.sku, stock_levels.c.location == columns.location)
    unknown = or_(columns.known_at.is_(None), columns.known_at > stock_levels.c.as_of)
    return _sums(
        connection,
        _summed(columns)
        .join_from(allocations, stock_levels, level)
        .where(near(columns, spots), unknown),
    )


def every_promise(connection: Connection, *, now: datetime) -> list[PromisedLine]:
    """All that is held now or ordered, but for what the level has by now."""
    level = and_(
        stock_levels.c.sku == allocations.c.sku, stock_levels.c.location == allocations.c.location
    )
    known = and_(
        allocations.c.known_at.is_not(None), allocations.c.known_at <= stock_levels.c.as_of
    )
    ordered = (
        select(allocations)
        .join_from(allocations, stock_levels, level, isouter=True)
        .where(not_(func.coalesce(known, false())))
    )
    held = select(hold_lines).where(hold_lines.c.expires_at > now)
    return [*_held_lines(connection, held), *_ordered_lines(connection, ordered)]


def promises_of(
    connection: Connection, owners: Collection[str], *, now: datetime
) -> list[PromisedLine]:
    """What some holders hold now, and what some orders have."""
    lines: list[PromisedLine] = []
    wanted = sorted(owners)
    for start in range(0, len(wanted), MOST_ROWS):
        some = wanted[start : start + MOST_ROWS]
        of_holders = hold_lines.c.holder.in_(some)
        held = select(hold_lines).where(of_holders, hold_lines.c.expires_at > now)
        lines += _held_lines(connection, held)
        lines += _ordered_lines(
            connection, select(allocations).where(allocations.c.order.in_(some))
        )
    return lines


def next_fence(connection: Connection, holder: str, until: datetime) -> int:
    """The number of a holder's new hold."""
    insert = inserting(connection, holds).values(holder=holder, fence=1, expires_at=until)
    again = insert.on_conflict_do_update(
        index_elements=[holds.c.holder],
        set_={"fence": holds.c.fence + 1, "expires_at": insert.excluded.expires_at},
    )
    fence: int = connection.execute(again.returning(holds.c.fence)).scalar_one()
    return fence


def hold_row(connection: Connection, holder: str, *, locked: bool = False) -> HoldRow | None:
    """The row of a holder that has ever held something."""
    question = select(holds.c.fence, holds.c.expires_at).where(holds.c.holder == holder)
    row = connection.execute(question.with_for_update() if locked else question).one_or_none()
    return None if row is None else HoldRow(row.fence, row.expires_at)


def held_by(connection: Connection, holder: str) -> dict[Spot, int]:
    """What a holder's lines say, expired or not."""
    rows = connection.execute(select(hold_lines).where(hold_lines.c.holder == holder))
    return {spot_of(row): row.quantity for row in rows}


def held_now(
    connection: Connection, holder: str, now: datetime
) -> tuple[HoldRow, dict[Spot, int]] | None:
    """A holder's row with its lines, in one question; None where it has none or has run out."""
    columns = (holds.c.fence, holds.c.expires_at, *hold_lines.c[("sku", "location", "quantity")])
    joined = holds.join(hold_lines, hold_lines.c.holder == holds.c.holder)
    mine = (holds.c.holder == holder) & (holds.c.expires_at > now)
    rows = connection.execute(select(*columns).select_from(joined).where(mine)).all()
    if not rows:
        return None
    return HoldRow(*rows[0][:2]), {spot_of(row): row.quantity for row in rows}


def put_lines(connection: Connection, holder: str, demand: Demand, until: datetime) -> None:
    """Write a holder's lines."""
    kept = {"holder": holder, "expires_at": until}
    connection.execute(hold_lines.insert(), [{**kept, **line(one)} for one in demand.items()])


def drop_lines(connection: Connection, holder: str) -> bool:
    """Forget a holder's lines; whether there were any."""
    gone = connection.execute(delete(hold_lines).where(hold_lines.c.holder == holder))
    return bool(gone.rowcount)


def drop_expired(connection: Connection, before: datetime) -> None:
    """Forget lines of holds that ended before a time."""
    connection.execute(delete(hold_lines).where(hold_lines.c.expires_at <= before))


def forget_holders(connection: Connection, holders: Collection[str]) -> None:
    """Forget holders who never come again."""
    for table in (hold_lines, holds):
        connection.execute(delete(table).where(table.c.holder.in_(sorted(holders))))


def put_allocations(
    connection: Connection,
    order: str,
    demand: Demand,
    *,
    known: Mapping[Spot, datetime | None] = NOT_KNOWN,
) -> None:
    """Write what an order has; `known` is since when upstreams' own figures have it."""
    connection.execute(
        allocations.insert(),
        [{"order": order, **line(one), "known_at": known.get(one[0])} for one in demand.items()],
    )


def allocated_to(connection: Connection, order: str) -> dict[Spot, tuple[int, datetime | None]]:
    """What an order has, and since when upstreams' own figures have it."""
    rows = connection.execute(select(allocations).where(allocations.c.order == order))
    return {spot_of(row): (row.quantity, row.known_at) for row in rows}


def mark_known(connection: Connection, order: str, since: datetime) -> None:
    """Write since when the upstream's own figures have what an order has, if it is not written."""
    news = and_(allocations.c.order == order, allocations.c.known_at.is_(None))
    found = update(allocations).where(news)
    connection.execute(found.values(known_at=since))


def drop_allocations(connection: Connection, order: str) -> bool:
    """Forget what an order has; whether there was anything."""
    gone = connection.execute(delete(allocations).where(allocations.c.order == order))
    return bool(gone.rowcount)


def line(one: tuple[Spot, int]) -> dict[str, Any]:
    """Units of a spot, as they are written and told."""
    (sku, location), quantity = one
    return {"sku": sku, "location": location, "quantity": quantity}


def _summed(columns: Any) -> Select[Any]:
    total = func.sum(columns.quantity).label("units")
    return select(columns.sku, columns.location, total).group_by(columns.sku, columns.location)


def _sums(connection: Connection, question: Select[Any]) -> dict[Spot, int]:
    return {spot_of(row): int(row.units) for row in connection.execute(question)}


def _held_lines(connection: Connection, question: Select[Any]) -> Iterator[PromisedLine]:
    for row in connection.execute(question):
        yield PromisedLine(row.holder, False, spot_of(row), row.quantity, until=row.expires_at)  # noqa: FBT003  in their order


def _ordered_lines(connection: Connection, question: Select[Any]) -> Iterator[PromisedLine]:
    for row in connection.execute(question):
        yield PromisedLine(row.order, True, spot_of(row), row.quantity, known_at=row.known_at)  # noqa: FBT003  as above
