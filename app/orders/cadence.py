"""How often is an order looked at, once its systems have it? Less and less, and not for ever."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.orders.model import FOLLOWED, Order

PACE = 60  # an order is looked at again after this part of its age


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """Times between two looks: from `every`, growing with the age of the order, to `slowest`.

    It ends `lasting` after the order was placed, or after it is expected, whichever is later.
    """

    every: timedelta = timedelta(minutes=1)
    slowest: timedelta = timedelta(hours=1)
    lasting: timedelta = timedelta(days=30)

    def next(self, order: Order, now: datetime) -> datetime | None:
        """When it is looked at after a look that is over now; None: it is not (any more)."""
        if order.state not in FOLLOWED:
            return None
        expected = order.expected
        since = order.placed_at if expected is None else max(order.placed_at, expected.latest)
        if now >= since + self.lasting:
            return None
        pace = (now - order.placed_at) / PACE
        return now + max(self.every, min(pace, self.slowest))

    def looks(self, before: Order, after: Order, now: datetime) -> dict[str, Any]:
        """What is written beside a change: looks begin with one that is to be followed, and end."""
        if (before.state in FOLLOWED) is (after.state in FOLLOWED):
            return {}
        return {"look_at": self.next(after, now)}
