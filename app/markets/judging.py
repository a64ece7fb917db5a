"""What becomes of an order that a marketplace tells of: ours, waiting, refused or over?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.availability.refusals import InsufficientStock
from app.markets.model import WORD_REFUSED, Fate, Judged, Known, Why
from app.markets.stock import MarketStock
from app.orders.incoming import READY, IncomingOrders, Market
from app.orders.model import Order
from app.orders.refusals import MarketOrderNotReady, NobodyCarriesOut
from app.ports import MarketLine, MarketOrder, MarketOrderStatus
from app.values import Sku

CANCELLED, PENDING = MarketOrderStatus.CANCELLED, MarketOrderStatus.PENDING

SHORT: Mapping[Why, str] = {
    Why.NOT_ENOUGH: "there is not enough of",
    Why.NOT_CARRIED: "nobody carries",
    Why.STOCK_UNKNOWN: "nobody can say whether there is any of",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Takes orders over, and says what came of it."""

    market: Market
    incoming: IncomingOrders
    stock: MarketStock
    now: Callable[[], datetime]

    async def judged(self, told: MarketOrder, known: Known | None) -> Judged:
        """What becomes of an order, of which `known` is kept.

        One that is ours is asked about again only where the marketplace has cancelled it.

        Raises:
            StoreUnavailable: unknown whether it was taken; take it again.
        """
        if known is not None and known.settled:
            if told.status is CANCELLED and known.status is not CANCELLED:
                return _ours(told, await self.incoming.take(self.market, told))
            return _still_ours(told, known)
        missing: Mapping[Sku, Why] = {}
        if told.status in READY:
            missing = await self.stock.hear(_wanted(told), self.now())
        try:
            order = await self.incoming.take(self.market, told)
        except MarketOrderNotReady as refusal:
            return _not_ready(told, str(refusal))
        except InsufficientStock as refusal:
            sku = refusal.shortages[0].sku
            why = missing.get(sku, Why.NOT_ENOUGH)
            return _refused(told, why, f"{SHORT[why]} {sku}")
        except NobodyCarriesOut as refusal:
            return _refused(told, Why.NOBODY_CARRIES_OUT, str(refusal))
        self.stock.taken()
        return _ours(told, order)


def _ours(told: MarketOrder, order: Order) -> Judged:
    return Judged(
        number=told.number,
        fate=Fate.TAKEN,
        status=told.status,
        order=order.number,
        wants_word=bool(told.parts) and told.status in READY,
        skus=_wanted(told),
    )


def _still_ours(told: MarketOrder, known: Known) -> Judged:
    return Judged(
        number=told.number,
        fate=Fate.TAKEN,
        status=told.status,
        order=known.order,
        reason=WORD_REFUSED if known.reason == WORD_REFUSED else None,
        wants_word=bool(told.parts) and told.status in READY and not known.worded,
    )


def _not_ready(told: MarketOrder, reason: str) -> Judged:
    """Of one that is unpaid we hear again; of one that is ready too little is told."""
    if told.status in READY and any(_left(one) for one in told.lines):
        return _refused(told, Why.NOT_TOLD, reason)
    fate = Fate.WAITING if told.status is PENDING else Fate.OVER
    return Judged(number=told.number, fate=fate, status=told.status, skus=_wanted(told))


def _left(line: MarketLine) -> bool:
    return not line.cancelled and line.quantity > line.shipped


def _refused(told: MarketOrder, why: Why, reason: str) -> Judged:
    return Judged(
        number=told.number,
        fate=Fate.REFUSED,
        status=told.status,
        reason=reason,
        why=why,
        skus=_wanted(told),
    )


def _wanted(told: MarketOrder) -> frozenset[Sku]:
    return frozenset(line.sku for line in told.lines)
