"""Which parcels has a marketplace yet to hear of? It decides nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from app.markets.tables import market_parcels
from app.ports import MarketOrderNumber, MarketWriteKey, Parcel, ShippedLine
from app.store.statements import inserting

PARCELS = market_parcels.c


@dataclass(frozen=True, slots=True)
class Leaving:
    """A parcel, and how often the marketplace could not be told of it."""

    parcel: Parcel
    attempts: int = 0
    reason: str | None = None

    def with_lines(self, lines: Iterable[ShippedLine]) -> "Leaving":
        """The same with what is in it."""
        return replace(self, parcel=replace(self.parcel, lines=tuple(lines)))

    @property
    def body(self) -> dict[str, Any]:
        """As it is kept."""
        parcel = self.parcel
        return {
            "lines": [[line.reference, line.quantity] for line in parcel.lines],
            "carrier": parcel.carrier,
            "carrier_name": parcel.carrier_name,
            "service": parcel.service,
            "tracking": parcel.tracking,
            "shipped_at": parcel.shipped_at.isoformat(),
        }


def add(connection: Connection, name: str, parcel: Parcel, now: datetime) -> bool:
    """Keep a parcel to be told; False where it is there already."""
    row = {
        "key": parcel.key,
        "connection": name,
        "number": parcel.order,
        "body": Leaving(parcel).body,
        "due_at": now,
        "attempts": 0,
    }
    new = inserting(connection, market_parcels).values(row)
    once = new.on_conflict_do_nothing(index_elements=[PARCELS.key])
    return bool(connection.execute(once).rowcount)


def due(connection: Connection, name: str, now: datetime, most: int) -> list[Leaving]:
    """Parcels that are to be told, the longest due first."""
    mine = (PARCELS.connection == name, PARCELS.due_at <= now)
    question = select(market_parcels).where(*mine).order_by(PARCELS.due_at, PARCELS.key)
    return [_leaving(row) for row in connection.execute(question.limit(most))]


def refused(connection: Connection, name: str) -> list[Leaving]:
    """Parcels that the marketplace does not take."""
    mine = (PARCELS.connection == name, PARCELS.due_at.is_(None), PARCELS.told_at.is_(None))
    found = connection.execute(select(market_parcels).where(*mine).order_by(PARCELS.key))
    return [_leaving(row) for row in found]


def change(connection: Connection, key: str, **values: Any) -> None:
    """Keep what came of telling."""
    connection.execute(update(market_parcels).where(PARCELS.key == key).values(values))


def _leaving(row: Any) -> Leaving:
    body = row.body
    parcel = Parcel(
        key=MarketWriteKey(row.key),
        order=MarketOrderNumber(row.number),
        lines=tuple(ShippedLine(reference=name, quantity=units) for name, units in body["lines"]),
        carrier=body["carrier"],
        carrier_name=body["carrier_name"],
        service=body["service"],
        tracking=body["tracking"],
        shipped_at=datetime.fromisoformat(body["shipped_at"]),
    )
    return Leaving(parcel, row.attempts, row.reason)
