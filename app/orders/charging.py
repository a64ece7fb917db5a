"""How is an order paid, and how does the buyer get the money back? One payment for each order."""

from dataclasses import dataclass, replace
from datetime import timedelta

from app.availability import ledger
from app.carts import closing
from app.carts.model import CartId
from app.errors import UpstreamError, UpstreamRefused
from app.orders import events
from app.orders.model import CancelReason, Charge, Order, OrderState, unserved
from app.orders.turns import Turn, Turns, moved
from app.ports import Payment, PaymentRequest, PaymentStatus
from app.pricing.redeeming import give_back
from app.store import Work
from app.upstream.paying import MaybePaid, NotPaid, PaymentDesk

ABANDONED = "ABANDONED"
GRACE = timedelta(seconds=3)  # from when it was placed until a payment nobody knows of is voided
AUTHORISED = PaymentStatus.AUTHORISED


@dataclass(frozen=True, slots=True, kw_only=True)
class Charging:
    """Moves the money of orders. Without a desk, orders are paid elsewhere."""

    turns: Turns
    desk: PaymentDesk | None
    grace: timedelta = GRACE

    async def pay(self, turn: Turn) -> bool:
        """Have the money kept ready, or find out whether it is."""
        charge = turn.order.charge
        if self.desk is None or charge is None:
            await self.turns.keep(turn, _unpaid)
            return True
        try:
            paid = await self._paid(self.desk, turn, charge)
        except UpstreamError:
            return False
        if paid is None:
            return False
        await self.turns.keep(turn, lambda work, order: _settled(work, order, paid))
        return True

    async def capture(self, turn: Turn) -> bool:
        """Take the money."""
        charge = turn.order.charge
        if self.desk is None or charge is None:
            return False
        try:
            payment = await self.desk.capture(charge.key, charge.amount)
        except UpstreamError:
            return False
        told = _told(charge, payment)
        await self.turns.keep(turn, lambda work, order: _settled(work, order, told))
        return told.captured == charge.amount

    async def give_back(self, turn: Turn) -> bool:
        """Give back what was paid for goods that are left out."""
        charge = turn.order.charge
        if self.desk is None or charge is None:
            return False
        try:
            payment = await self.desk.give_back(charge.key, unserved(turn.order, charge))
        except UpstreamError:
            return False
        told = _told(charge, payment)
        await self.turns.keep(turn, lambda work, order: _settled(work, order, told))
        return told.refunded.amount > charge.refunded.amount

    async def let_go(self, turn: Turn) -> bool:
        """Let go of what is kept, and give back what was taken."""
        charge = turn.order.charge
        if self.desk is None or charge is None:
            return False
        try:
            told = await self._let_go(self.desk, charge)
        except UpstreamError:
            return False
        await self.turns.keep(turn, lambda work, order: _settled(work, order, told))
        return not told.binds

    async def _paid(self, desk: PaymentDesk, turn: Turn, charge: Charge) -> Charge | None:
        """With the means of payment it is asked for, twice at most; else it is looked for."""
        if turn.token is None:
            return await self._found(desk, turn.order, charge)
        request = PaymentRequest(key=charge.key, amount=charge.amount, token=turn.token)
        outcome = await desk.authorise(request)
        if isinstance(outcome, MaybePaid):
            outcome = await desk.authorise(request)
        turn.token = None
        match outcome:
            case Payment():
                return _told(charge, outcome)
            case NotPaid(UpstreamRefused() as error):
                return await self._voided(desk, charge, reason=error.code)
            case _:
                return None

    async def _found(self, desk: PaymentDesk, order: Order, charge: Charge) -> Charge | None:
        """Nobody has the means of payment any more: what is not known in time shall never be.

        A slow provider may still be at it, and a buyer may ask again: both are given the grace.
        """
        known = await desk.known(charge.key)
        if known is not None:
            return _told(charge, known)
        if self.turns.now() < order.placed_at + self.grace:
            return None
        return await self._voided(desk, charge, reason=ABANDONED)

    async def _let_go(self, desk: PaymentDesk, charge: Charge) -> Charge:
        if charge.captured.amount:
            return _told(charge, await desk.give_back(charge.key, charge.captured))
        voided = await self._voided(desk, charge, reason=charge.reason)
        if voided.captured.amount:  # it was taken before, and only the answer was lost
            return _told(charge, await desk.give_back(charge.key, voided.captured))
        return voided

    async def _voided(self, desk: PaymentDesk, charge: Charge, *, reason: str | None) -> Charge:
        payment = await desk.void(charge.key)
        if payment is not None:
            return _told(charge, payment)
        return replace(charge, status=PaymentStatus.VOIDED, reason=reason)


def _told(charge: Charge, payment: Payment) -> Charge:
    """The charge as the provider tells it; what was captured and refunded never becomes less."""
    return replace(
        charge,
        status=payment.status,
        reference=payment.reference,
        reason=payment.reason,
        captured=max(charge.captured, payment.captured, key=lambda money: money.amount),
        refunded=max(charge.refunded, payment.refunded, key=lambda money: money.amount),
    )


def _unpaid(work: Work, order: Order) -> Order:
    if order.state is not OrderState.PENDING_CONFIRMATION:
        return order
    return moved(work, order, OrderState.PLACED)


def _settled(work: Work, order: Order, charge: Charge) -> Order:
    """What the provider says, and what it means for an order that waits for it."""
    if charge != order.charge:
        work.tell(events.payment_told(order, charge))
    order = replace(order, charge=charge)
    if order.state is not OrderState.PENDING_CONFIRMATION:
        return order
    if charge.status is AUTHORISED:
        return moved(work, order, OrderState.PLACED)
    declined = charge.status is PaymentStatus.DECLINED
    reason = CancelReason.PAYMENT_DECLINED if declined else CancelReason.PAYMENT_FAILED
    if order.cart is not None:
        closing.reopen(work, CartId(order.cart), order.number)
    ledger.give_back(work, order.number)
    give_back(work, order.number)
    return moved(work, replace(order, reason=reason), OrderState.REFUSED)
