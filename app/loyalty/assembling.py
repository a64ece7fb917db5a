"""Who keeps the points, and which tills' receipts earn? As the settings say."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.loyalty.desk import ProgramDesk
from app.loyalty.external import ExternalLoyalty
from app.loyalty.reading import ReceiptReader, Till
from app.loyalty.service import LoyaltyAnswers, LoyaltyService
from app.loyalty.writing import ProgramWriter
from app.ports import LoyaltyProgram, ReceiptSource
from app.settings import Loyalty
from app.store import Store
from app.upstream.registry import Connections, port_of


@dataclass(frozen=True, slots=True)
class Points:
    """What answers for points, and what works on them beside. `desk`: of others' programme."""

    service: LoyaltyAnswers
    reader: ReceiptReader
    writer: ProgramWriter
    desk: ProgramDesk | None


def points_over(
    rules: Loyalty, connections: Connections, store: Store, now: Callable[[], datetime]
) -> Points:
    """Points in our books, or in those of the connection that the settings name.

    Raises:
        MisconfiguredError: a connection has no such port.
    """
    desk = _desk(rules.programme, connections, store) if rules.external else None
    service = LoyaltyService(store, rules) if desk is None else ExternalLoyalty(store, rules, desk)
    reader = receipts_over(rules, connections, store, now)
    return Points(service, reader, ProgramWriter(desk=desk, now=now), desk)


def _desk(name: str, connections: Connections, store: Store) -> ProgramDesk:
    return ProgramDesk(
        connection=name,
        program=port_of(connections, name, LoyaltyProgram),
        timeout=connections[name].configured.timeout,
        store=store,
    )


def receipts_over(
    rules: Loyalty, connections: Connections, store: Store, now: Callable[[], datetime]
) -> ReceiptReader:
    """What reads receipts, of the connections that the settings name.

    Raises:
        MisconfiguredError: one of them has none.
    """
    tills = {
        name: Till(
            name=name,
            source=port_of(connections, name, ReceiptSource),
            timeout=connections[name].configured.timeout,
        )
        for name in rules.receipts
    }
    return ReceiptReader(store=store, tills=tills, rules=rules, now=now)
