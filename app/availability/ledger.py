"""How many units of each spot are on hand, and whom are they promised to? Every change is an act.

What is sellable is computed when it is read: `on hand - reserved - safety stock - held - allocated`
(allocations that the upstream's own figures do not have yet). A hold that has expired holds
nothing, whoever sweeps it up.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, or_, select, tuple_, update

from app.availability.model import Spot
from app.availability.refusals import HoldExpired, HoldSuperseded, InsufficientStock, Shortage
from app.availability.tables import allocations, hold_lines, holds, stock_levels
from app.ports import StockLevel
from app.store import Fact, Work
from app.store.statements import inserting
from app.values import LocationCode, Sku

Demand = Mapping[Spot, int]
EXCLUDED = ("source", "on_hand", "reserved", "damaged", "safety_stock", "as_of")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Units kept for a holder until a time. `fence` tells this hold from the holder's earlier."""

    holder: str
    fence: int
    expires_at: datetime
    demand: Demand


def record(work: Work, source: str, levels: Iterable[StockLevel]) -> None:
    """Keep news of stock; older news never overwrites newer."""
    rows = [_row(source, level) for level in levels]
    if not rows:
        return
    insert = inserting(work.connection, stock_levels)
    newer = {name: insert.excluded[name] for name in EXCLUDED}
    work.connection.execute(
        insert.on_conflict_do_update(
            index_elements=[stock_levels.c.sku, stock_levels.c.location],
            set_=newer,
            where=insert.excluded.as_of > stock_levels.c.as_of,
        ),
        rows,
    )


def sellable(
    connection: Connection,
    spots: Collection[Spot],
    *,
    now: datetime,
    holder: str | None = None,
    locked: bool = False,
) -> dict[Spot, int]:
    """Units that may be promised now; a spot nobody told of is left out.

    A `holder`'s own hold does not count against it. `locked` keeps the levels as they are until the
    transaction ends; they are locked in one order, so that nobody waits in a circle.
    """
    levels = _levels(connection, spots, locked=locked)
    # Only now, when nobody else can change them: what is read before the lock may be old. Held
    # before allocated: what is committed between the two questions is counted twice, never missed.
    held = _sums(connection, _held(levels, now=now, holder=holder))
    allocated = _sums(connection, _allocated(levels))
    return {
        spot: max(0, units - held.get(spot, 0) - allocated.get(spot, 0))
        for spot, units in levels.items()
    }


def place(work: Work, holder: str, demand: Demand, *, until: datetime) -> Hold:
    """Hold all of a demand, in the place of what the holder held before; or nothing.

    Raises:
        InsufficientStock: there is less than was asked; what was held before stays held.
    """
    free = sellable(work.connection, demand, now=work.now, holder=holder, locked=True)
    _refuse_short(demand, free)
    fence = _next_fence(work.connection, holder, until)
    work.connection.execute(delete(hold_lines).where(hold_lines.c.holder == holder))
    work.connection.execute(hold_lines.insert(), _lines(holder, demand, until))
    work.tell(Fact(kind="HoldPlaced", entity=holder, body={"fence": fence, **_told(demand)}))
    return Hold(holder=holder, fence=fence, expires_at=until, demand=dict(demand))


def release(work: Work, holder: str) -> bool:
    """Hold nothing any more; whether anything was held."""
    _lock_hold(work.connection, holder)
    gone = work.connection.execute(delete(hold_lines).where(hold_lines.c.holder == holder))
    if not gone.rowcount:
        return False
    work.tell(Fact(kind="HoldReleased", entity=holder, body={}))
    return True


def commit(work: Work, holder: str, fence: int, order: str) -> Demand:
    """Turn a hold into an order's allocations; what is allocated.

    Raises:
        HoldSuperseded: the holder has placed another since, or released this one.
        HoldExpired: it ran out; its units may have gone to others.
        InsufficientStock: its units are not there any more.
    """
    demand = _held_by(work.connection, holder)
    free = sellable(work.connection, demand, now=work.now, holder=holder, locked=True)
    found = _lock_hold(work.connection, holder)
    if not demand or found.fence != fence or _held_by(work.connection, holder) != demand:
        raise HoldSuperseded
    if found.expires_at <= work.now:
        raise HoldExpired
    # The clocks of two processes differ: another may have seen it expire and sold its units.
    _refuse_short(demand, free)
    work.connection.execute(
        allocations.insert(), [{"order": order, **_line(one)} for one in demand.items()]
    )
    work.connection.execute(delete(hold_lines).where(hold_lines.c.holder == holder))
    work.tell(Fact(kind="StockAllocated", entity=order, body=_told(demand)))
    return demand


def known(work: Work, order: str, *, since: datetime) -> None:
    """The upstream's own figures have an order's allocations since a time of its clock."""
    found = update(allocations).where(allocations.c.order == order)
    work.connection.execute(found.values(known_at=since))


def give_back(work: Work, order: str) -> bool:
    """Allocate nothing to an order any more; whether anything was."""
    gone = work.connection.execute(delete(allocations).where(allocations.c.order == order))
    if not gone.rowcount:
        return False
    work.tell(Fact(kind="StockGivenBack", entity=order, body={}))
    return True


def _refuse_short(demand: Demand, free: Demand) -> None:
    short = [
        Shortage(spot=spot, asked=asked, available=free.get(spot))
        for spot, asked in sorted(demand.items())
        if free.get(spot, -1) < asked
    ]
    if short:
        raise InsufficientStock(short)


def _levels(connection: Connection, spots: Collection[Spot], *, locked: bool) -> dict[Spot, int]:
    """Units without those the upstream itself has promised."""
    columns = stock_levels.c
    units = columns.on_hand - columns.reserved - columns.safety_stock
    question = (
        select(columns.sku, columns.location, units.label("units"))
        .where(_among(columns, spots))
        .order_by(columns.sku, columns.location)
    )
    if locked:
        question = question.with_for_update()  # SQLite has one writer and no such words
    return {_spot(row): row.units for row in connection.execute(question)}


def _held(spots: Collection[Spot], *, now: datetime, holder: str | None) -> Select[Any]:
    columns = hold_lines.c
    question = _summed(columns).where(_among(columns, spots), columns.expires_at > now)
    return question if holder is None else question.where(columns.holder != holder)


def _allocated(spots: Collection[Spot]) -> Select[Any]:
    """Allocations that the level does not have yet."""
    columns = allocations.c
    level = (stock_levels.c.sku == columns.sku) & (stock_levels.c.location == columns.location)
    unknown = or_(columns.known_at.is_(None), columns.known_at > stock_levels.c.as_of)
    return (
        _summed(columns)
        .join_from(allocations, stock_levels, level)
        .where(_among(columns, spots), unknown)
    )


def _summed(columns: Any) -> Select[Any]:
    total = func.sum(columns.quantity).label("units")
    return select(columns.sku, columns.location, total).group_by(columns.sku, columns.location)


def _sums(connection: Connection, question: Select[Any]) -> dict[Spot, int]:
    return {_spot(row): int(row.units) for row in connection.execute(question)}


def _among(columns: Any, spots: Collection[Spot]) -> Any:
    return tuple_(columns.sku, columns.location).in_([tuple(spot) for spot in sorted(spots)])


def _next_fence(connection: Connection, holder: str, until: datetime) -> int:
    insert = inserting(connection, holds).values(holder=holder, fence=1, expires_at=until)
    again = insert.on_conflict_do_update(
        index_elements=[holds.c.holder],
        set_={"fence": holds.c.fence + 1, "expires_at": insert.excluded.expires_at},
    )
    fence: int = connection.execute(again.returning(holds.c.fence)).scalar_one()
    return fence


def _lock_hold(connection: Connection, holder: str) -> Any:
    question = select(holds).where(holds.c.holder == holder).with_for_update()
    return connection.execute(question).one_or_none()


def _held_by(connection: Connection, holder: str) -> dict[Spot, int]:
    rows = connection.execute(select(hold_lines).where(hold_lines.c.holder == holder))
    return {_spot(row): row.quantity for row in rows}


def _lines(holder: str, demand: Demand, until: datetime) -> list[dict[str, Any]]:
    kept = {"holder": holder, "expires_at": until}
    return [{**kept, **_line(one)} for one in demand.items()]


def _line(one: tuple[Spot, int]) -> dict[str, Any]:
    (sku, location), quantity = one
    return {"sku": sku, "location": location, "quantity": quantity}


def _told(demand: Demand) -> dict[str, Any]:
    return {"lines": [_line(one) for one in sorted(demand.items())]}


def _row(source: str, level: StockLevel) -> dict[str, Any]:
    return {
        "sku": level.sku,
        "location": level.location,
        "source": source,
        "on_hand": level.on_hand,
        "reserved": level.reserved,
        "damaged": level.damaged,
        "safety_stock": level.safety_stock,
        "as_of": level.as_of,
    }


def _spot(row: Any) -> Spot:
    return Spot(Sku(row.sku), LocationCode(row.location))
