"""Orders: their states as tables of data, and what has to be done next for one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from app.ports import (
    Address,
    Buyer,
    OrderKey,
    PaymentKey,
    PaymentStatus,
    Promised,
    SoldLine,
    SoldOrder,
)
from app.values import ChannelCode, FulfilmentMethod, Money

OrderNumber = NewType("OrderNumber", str)
"""What an order is called, to the buyer and to every upstream."""


class OrderState(StrEnum):
    """How far an order is. PENDING_CONFIRMATION: whether it is paid is not known yet."""

    PENDING_CONFIRMATION = "PENDING_CONFIRMATION"
    REFUSED = "REFUSED"
    PLACED = "PLACED"
    SOURCED = "SOURCED"
    IN_FULFILMENT = "IN_FULFILMENT"
    COMPLETED = "COMPLETED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"


S = OrderState
TRANSITIONS: Mapping[OrderState, frozenset[OrderState]] = {
    S.PENDING_CONFIRMATION: frozenset({S.PLACED, S.REFUSED, S.CANCELLING}),
    S.PLACED: frozenset({S.SOURCED, S.CANCELLING}),
    S.SOURCED: frozenset({S.IN_FULFILMENT, S.COMPLETED, S.CANCELLING}),
    S.IN_FULFILMENT: frozenset({S.COMPLETED, S.CANCELLING}),
    S.CANCELLING: frozenset({S.CANCELLED, S.SOURCED}),  # SOURCED: an upstream could not stop it
    S.REFUSED: frozenset(),
    S.COMPLETED: frozenset(),
    S.CANCELLED: frozenset(),
}
CANCELLABLE = frozenset(state for state, onwards in TRANSITIONS.items() if S.CANCELLING in onwards)


class HandingState(StrEnum):
    """Whether an upstream has its part of an order. UNSURE: nobody knows; it is asked again."""

    WAITING = "WAITING"
    UNSURE = "UNSURE"
    TAKEN = "TAKEN"
    REFUSED = "REFUSED"
    STOPPED = "STOPPED"


class CancelReason(StrEnum):
    """Why an order is cancelled or refused."""

    BUYER = "BUYER"
    STAFF = "STAFF"
    PAYMENT_DECLINED = "PAYMENT_DECLINED"
    PAYMENT_FAILED = "PAYMENT_FAILED"
    REFUSED_UPSTREAM = "REFUSED_UPSTREAM"


class Step(StrEnum):
    """Something that has to be done for an order, outside."""

    PAY = "PAY"
    HAND_OVER = "HAND_OVER"
    CAPTURE = "CAPTURE"
    STOP = "STOP"
    LET_GO = "LET_GO"
    CLOSE = "CLOSE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """The payment of an order. `status` None: nobody knows yet. Amounts are facts."""

    key: PaymentKey
    status: PaymentStatus | None
    amount: Money
    captured: Money
    refunded: Money
    reference: str | None = None
    reason: str | None = None

    @property
    def binds(self) -> bool:
        """Whether the buyer's money is kept, or was taken and not given back."""
        kept = self.status is PaymentStatus.AUTHORISED and not self.captured.amount
        return kept or self.captured.amount > self.refunded.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Handing:
    """The part of an order that one connection carries out. `tried`: it was asked to."""

    sink: str
    state: HandingState
    tried: bool = False
    reference: str | None = None
    error: str | None = None

    @property
    def done(self) -> bool:
        """Whether nobody has to be asked about it any more, once the order is to be stopped."""
        return self.state in {HandingState.REFUSED, HandingState.STOPPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order with everything that was agreed, as it stood when it was placed."""

    number: OrderNumber
    state: OrderState
    reason: CancelReason | None = None
    cart: str | None
    channel: ChannelCode
    placed_at: datetime
    lines: tuple[SoldLine, ...]
    buyer: Buyer
    address: Address | None
    method: FulfilmentMethod
    promised: Promised | None
    promise_token: str | None
    delivery: Money
    total: Money
    charge: Charge | None
    handings: tuple[Handing, ...]

    @property
    def key(self) -> OrderKey:
        """What every upstream knows it by."""
        return OrderKey(self.number)

    @property
    def settled(self) -> bool:
        """Whether nothing has to be done for it."""
        return next_step(self) is None


def next_step(order: Order) -> Step | None:
    """What has to be done now; None when nothing has."""
    charge = order.charge
    match order.state:
        case S.PENDING_CONFIRMATION:
            return Step.PAY
        case S.PLACED:
            return Step.HAND_OVER
        case S.SOURCED | S.IN_FULFILMENT | S.COMPLETED:
            owed = charge is not None and charge.captured.amount < charge.amount.amount
            return Step.CAPTURE if owed else None
        case S.CANCELLING:
            if not all(handing.done for handing in order.handings):
                return Step.STOP
            return Step.CLOSE if charge is None or not _open(charge) else Step.LET_GO
        case S.REFUSED | S.CANCELLED:
            return None


def _open(charge: Charge) -> bool:
    """Whether the provider may still keep or have money."""
    return charge.status is None or charge.binds


def share(order: Order, sink: str, lines: tuple[SoldLine, ...]) -> SoldOrder:
    """What is handed over to one sink; what the buyer pays for the way goes with the first."""
    first = order.handings[0].sink == sink
    delivery = order.delivery if first else replace_amount(order.delivery, Decimal(0))
    goods = sum((line.unit_price.amount * line.quantity for line in lines), Decimal(0))
    whole = len(order.handings) == 1
    return SoldOrder(
        key=order.key,
        placed_at=order.placed_at,
        channel=order.channel,
        lines=lines,
        buyer=order.buyer,
        method=order.method,
        address=order.address,
        promised=order.promised,
        delivery=delivery,
        total=order.total if whole else replace_amount(order.total, goods + delivery.amount),
    )


def replace_amount(money: Money, amount: Decimal) -> Money:
    """Another amount of the same currency."""
    return Money(amount, money.currency)


def with_handing(order: Order, changed: Handing) -> Order:
    """The order with one handing changed."""
    handings = tuple(
        changed if handing.sink == changed.sink else handing for handing in order.handings
    )
    return replace(order, handings=handings)
