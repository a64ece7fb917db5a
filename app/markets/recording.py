"""How is the fate of an order kept? Under the lease, with what follows of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.markets import leases, listing_rows, order_rows
from app.markets.model import Fate, Judged, Known, backoff
from app.markets.tables import market_sources
from app.store import Work

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
UNPAID_WAIT = timedelta(hours=1)  # it is told again as soon as it is paid; this is the floor


@dataclass(frozen=True, slots=True)
class Turn:
    """The orders of a marketplace in the hands of whoever has the lease, `lasting` so long."""

    name: str
    fence: int
    lasting: timedelta


def recorded(work: Work, turn: Turn, judged: Judged) -> Fate | None:
    """Keep what became of an order; what was kept before.

    What the marketplace shows of its SKUs is its own figure by now: that is to be told anew.

    Raises:
        LeaseLostError: somebody else is at it.
    """
    until = work.now + turn.lasting
    leases.put(work, market_sources, turn.name, turn.fence, leased_until=until)
    known = order_rows.known(work.connection, turn.name, [judged.number]).get(judged.number)
    tries = _tries(judged, known, work.now)
    if known is not None and known.settled and judged.fate is not Fate.TAKEN:
        # It stays ours, whatever could not be read of it now.
        told: dict[str, Any] = {"reason": judged.reason, "judged_at": work.now, **tries}
        order_rows.change(work.connection, turn.name, judged.number, **told)
        return Fate.TAKEN
    values: dict[str, Any] = {"state": judged.fate, "status": judged.status, "order": judged.order}
    values |= {"reason": judged.reason, "judged_at": work.now}
    values |= {**tries, **_word(judged, known, work.now)}
    order_rows.put(work.connection, turn.name, judged.number, work.now, **values)
    if known is None or (known.fate, known.status) != (judged.fate, judged.status):
        listing_rows.unsettle(work.connection, turn.name, judged.skus, work.now)
    return None if known is None else known.fate


def _tries(judged: Judged, known: Known | None, now: datetime) -> dict[str, Any]:
    if judged.fate in {Fate.TAKEN, Fate.OVER}:
        return {"ask_at": None, "attempts": 0}
    if judged.fate is Fate.WAITING:
        return {"ask_at": now + UNPAID_WAIT, "attempts": 0}
    same = known is not None and (known.settled or known.fate is judged.fate)
    attempts = known.attempts if known is not None and same else 0
    return {"ask_at": now + backoff(attempts, FIRST_WAIT, LONGEST_WAIT), "attempts": attempts + 1}


def _word(judged: Judged, known: Known | None, now: datetime) -> dict[str, Any]:
    """A word that is waited for is due at once, but for one that is tried again already."""
    if not judged.wants_word or judged.reason is not None:
        return {"word_at": None}
    return {"word_at": now} if known is None or not known.settled else {}
