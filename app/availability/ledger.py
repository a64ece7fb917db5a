"""How many units of each spot are on hand, and whom are they promised to? Every change is an act.

A hold may take places in slots of work beside its units: both or neither, and both go the same way.
Locks are taken in one order: levels, slots, the holder's row.

What is sellable is computed when it is read: `on hand - reserved - safety stock - held - allocated`
(allocations that the upstream's own figures do not have yet). A hold that has expired holds
nothing, whoever sweeps it up.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Connection

from app.availability import level_rows, repository, slot_rows
from app.availability.model import Spot
from app.availability.refusals import (
    HoldExpired,
    HoldSuperseded,
    InsufficientStock,
    Shortage,
    SlotsFull,
)
from app.availability.repository import Demand
from app.availability.slot_rows import Room
from app.availability.slots import Slot
from app.ports import StockLevel
from app.store import Fact, Work

# Each names the holder or the order as its entity; what an order has was its `holder`'s before.
TELLS_OF_PROMISES = frozenset(
    {"HoldPlaced", "HoldReleased", "StockAllocated", "StockGivenBack", "AllocationsKnown"}
)
NO_SLOTS: Room = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Units kept for a holder until a time. `fence` tells this hold from the holder's earlier."""

    holder: str
    fence: int
    expires_at: datetime
    demand: Demand


class Position(NamedTuple):
    """What nobody is owed of a spot, below zero where it owes more than it has; what may be sold.

    The difference is the safety stock.
    """

    uncommitted: int
    sellable: int


def record(
    work: Work, source: str, levels: Iterable[StockLevel], *, read_at: datetime | None = None
) -> None:
    """Keep news of stock; older news never overwrites newer.

    `read_at` is when it was asked for, now if not given: it decides between news of the same age.
    """
    told = [level_rows.News(level, source) for level in levels]
    level_rows.put_levels(work.connection, told, read_at=read_at or work.now)


def hear(work: Work, told: Iterable[level_rows.News]) -> None:
    """Keep what several sources have just said, all of it in one order of locks."""
    level_rows.put_levels(work.connection, told, read_at=work.now)


def positions(
    connection: Connection,
    spots: Collection[Spot],
    *,
    now: datetime,
    holder: str | None = None,
    locked: bool = False,
) -> dict[Spot, Position]:
    """Where spots stand now; one nobody told of is left out.

    A `holder`'s own hold does not count against it. `locked` keeps the levels as they are until the
    transaction ends; they are locked in one order, so that nobody waits in a circle.
    """
    known = level_rows.levels(connection, spots, locked=locked)
    # Only now, when nobody else can change them: what is read before the lock may be old. Held
    # before allocated: what is committed between the two questions is counted twice, never missed.
    held = repository.held(connection, known, now=now, holder=holder)
    allocated = repository.allocated(connection, known)
    found = {}
    for spot, level in known.items():
        uncommitted = level.free - held.get(spot, 0) - allocated.get(spot, 0)
        found[spot] = Position(uncommitted, max(0, uncommitted - level.safety_stock))
    return found


def sellable(
    connection: Connection,
    spots: Collection[Spot],
    *,
    now: datetime,
    holder: str | None = None,
    locked: bool = False,
) -> dict[Spot, int]:
    """Units that may be promised now, as `positions` has them."""
    found = positions(connection, spots, now=now, holder=holder, locked=locked)
    return {spot: one.sellable for spot, one in found.items()}


def hold_of(connection: Connection, holder: str, *, now: datetime) -> Hold | None:
    """What a holder holds now."""
    found = repository.held_now(connection, holder, now)
    if found is None:
        return None
    (fence, expires_at), demand = found
    return Hold(holder=holder, fence=fence, expires_at=expires_at, demand=demand)


def place(
    work: Work, holder: str, demand: Demand, *, until: datetime, slots: Room = NO_SLOTS
) -> Hold:
    """Hold all of a demand, in the place of what the holder held before; or nothing.

    `slots` are those in which it will be worked on, with how many orders each of them takes.

    Raises:
        InsufficientStock: there is less than was asked; what was held before stays held.
        SlotsFull: there is enough, and nobody who has the time; as above.
    """
    free = sellable(work.connection, demand, now=work.now, holder=holder, locked=True)
    _refuse_short(demand, free)
    slot_rows.lock(work.connection, slots)
    if _full(work, holder, slots):
        raise SlotsFull
    fence = repository.next_fence(work.connection, holder, until)
    if fence > 1:  # it has never held anything before its first
        repository.drop_lines(work.connection, holder)
        slot_rows.drop(work.connection, holder)
    repository.put_lines(work.connection, holder, demand, until)
    slot_rows.put(work.connection, holder, slots, until=until)
    told = {"fence": fence, **_told(demand, slots)}
    work.tell(Fact(kind="HoldPlaced", entity=holder, body=told))
    return Hold(holder=holder, fence=fence, expires_at=until, demand=dict(demand))


def release(work: Work, holder: str) -> bool:
    """Hold nothing any more; whether anything was held."""
    repository.hold_row(work.connection, holder, locked=True)
    if not repository.drop_lines(work.connection, holder):
        return False
    slot_rows.drop(work.connection, holder)
    work.tell(Fact(kind="HoldReleased", entity=holder, body={}))
    return True


def commit(work: Work, holder: str, fence: int, order: str) -> Demand:
    """Turn a hold into an order's allocations, and its places in slots; what is allocated.

    Raises:
        HoldSuperseded: the holder has placed another since, or released this one.
        HoldExpired: it ran out; its units and its places may have gone to others.
        InsufficientStock: its units are not there any more.
    """
    demand = repository.held_by(work.connection, holder)
    free = sellable(work.connection, demand, now=work.now, holder=holder, locked=True)
    slots = slot_rows.lock_places(work.connection, holder)
    found = repository.hold_row(work.connection, holder, locked=True)
    same = repository.held_by(work.connection, holder) == demand
    if found is None or not demand or found.fence != fence or not same:
        raise HoldSuperseded
    if found.expires_at <= work.now:
        raise HoldExpired
    # The clocks of two processes differ: another may have seen it expire and sold its units.
    _refuse_short(demand, free)
    if _full(work, holder, slots):
        raise HoldExpired
    repository.put_allocations(work.connection, order, demand)
    repository.drop_lines(work.connection, holder)
    if slots:
        slot_rows.hand_on(work.connection, holder, order)
    told = {"holder": holder, **_told(demand, slots)}
    work.tell(Fact(kind="StockAllocated", entity=order, body=told))
    return demand


def move(work: Work, order: str, gone: Demand, more: Demand, *, slots: Room = NO_SLOTS) -> None:
    """Give back what is gone of an order's allocations, and allocate more; both or neither.

    What upstreams know of already, and is not touched, stays known.
    Its places in slots go with it: what was for goods of locations that have none of it any more is
    given back, and those in `slots` are taken.

    Raises:
        InsufficientStock: there is less than was asked of more.
        SlotsFull: there is enough, and nobody who has the time.
    """
    free = sellable(work.connection, more, now=work.now, locked=True)
    _refuse_short(more, free)
    slot_rows.lock(work.connection, slots)
    if _full(work, order, slots):
        raise SlotsFull
    before = repository.allocated_to(work.connection, order)
    kept = Counter({spot: units for spot, (units, _) in before.items()})
    kept.subtract(gone)
    left = {spot.location for spot in gone} - {spot.location for spot in +kept}
    kept.update(more)
    same = {spot: at for spot, (_, at) in before.items() if spot not in more}
    repository.drop_allocations(work.connection, order)
    if +kept:
        repository.put_allocations(work.connection, order, +kept, known=same)
    freed = slot_rows.move(work.connection, order, left, slots)
    work.tell(Fact(kind="StockGivenBack", entity=order, body=_told(gone, freed)))
    if more:
        work.tell(Fact(kind="StockAllocated", entity=order, body=_told(more, slots)))


def keep(work: Work, order: str, demand: Demand) -> bool:
    """Give back what an order has beyond a demand; whether that was anything."""
    before = repository.allocated_to(work.connection, order)
    gone = Counter({spot: units for spot, (units, _) in before.items()}) - Counter(demand)
    if gone:
        move(work, order, gone, {})
    return bool(gone)


def known(work: Work, order: str, *, since: datetime) -> None:
    """The upstream's own figures have an order's allocations since a time of its clock.

    Those that they had before are left as they are.
    """
    repository.mark_known(work.connection, order, since)
    work.tell(Fact(kind="AllocationsKnown", entity=order, body={"since": since.isoformat()}))


def give_back(work: Work, order: str) -> bool:
    """Allocate nothing to an order any more, nor its places in slots; whether anything was."""
    slot_rows.drop(work.connection, order)
    if not repository.drop_allocations(work.connection, order):
        return False
    work.tell(Fact(kind="StockGivenBack", entity=order, body={}))
    return True


def _refuse_short(demand: Demand, free: Demand) -> None:
    short = [
        Shortage(sku=spot.sku, location=spot.location, asked=asked, available=free.get(spot))
        for spot, asked in sorted(demand.items())
        if free.get(spot, -1) < asked
    ]
    if short:
        raise InsufficientStock(short)


def _full(work: Work, owner: str, slots: Room) -> bool:
    """Whether others have all places of a slot."""
    others = slot_rows.others(work.connection, slots.keys(), now=work.now, owner=owner)
    return any(others.get(slot, 0) >= one.most for slot, one in slots.items())


def _told(demand: Demand, slots: Collection[Slot]) -> dict[str, Any]:
    lines = [repository.line(one) for one in sorted(demand.items())]
    return {"lines": lines, "slots": slot_rows.told(slots)}
