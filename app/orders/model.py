"""Orders: their states as tables of data, and what has to be done next for one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, localcontext
from enum import StrEnum
from typing import NewType

from app.availability.model import Spot
from app.loyalty.ordered import OrderPoints
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
from app.values import ChannelCode, CustomerId, FulfilmentMethod, LocationCode, Money, minor_unit

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
    S.SOURCED: frozenset({S.IN_FULFILMENT, S.COMPLETED, S.PLACED, S.CANCELLING}),
    S.IN_FULFILMENT: frozenset({S.COMPLETED, S.PLACED}),  # PLACED: a system cancelled its part
    S.CANCELLING: frozenset({S.CANCELLED, S.SOURCED}),  # SOURCED: an upstream could not stop it
    S.REFUSED: frozenset(),
    S.COMPLETED: frozenset(),
    S.CANCELLED: frozenset(),
}
OVER = frozenset(state for state, onwards in TRANSITIONS.items() if not onwards)
FOLLOWED = frozenset({S.SOURCED, S.IN_FULFILMENT})  # its systems are asked how far they are
CANCELLABLE = frozenset(state for state, onwards in TRANSITIONS.items() if S.CANCELLING in onwards)


class HandingState(StrEnum):
    """Whether an upstream has its part of an order. UNSURE: nobody knows; it is asked again."""

    WAITING = "WAITING"
    UNSURE = "UNSURE"
    TAKEN = "TAKEN"
    COMPLETED = "COMPLETED"
    REFUSED = "REFUSED"
    REPLACED = "REPLACED"
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
    SOURCE = "SOURCE"
    HAND_OVER = "HAND_OVER"
    CAPTURE = "CAPTURE"
    GIVE_BACK = "GIVE_BACK"
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
    """The part of an order that one connection carries out. `tried`: it was asked to.

    A sink has one part of each `attempt`: the first is made when the order is placed, later ones
    when parts that were refused go elsewhere. What the buyer pays for the way goes `with_fee`.
    `expected` is when its goods are there; None: as the order was promised.
    """

    sink: str
    state: HandingState
    lines: tuple[SoldLine, ...]
    attempt: int = 1
    with_fee: bool = False
    expected: Promised | None = None
    tried: bool = False
    reference: str | None = None
    error: str | None = None

    @property
    def live(self) -> bool:
        """Whether its lines are not carried out by another part instead."""
        return self.state is not HandingState.REPLACED

    @property
    def open(self) -> bool:
        """Whether it has yet to be handed over, as far as anybody knows."""
        return self.state in {HandingState.WAITING, HandingState.UNSURE}

    @property
    def done(self) -> bool:
        """Whether nobody has to be asked about it any more, once the order is to be stopped."""
        return self.state in {HandingState.REFUSED, HandingState.REPLACED, HandingState.STOPPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order with everything that was agreed, as it stood when it was placed.

    `customer` is who bought it, if they are known, `store` where the buyer fetches it, if that was
    promised. `total` is paid in money and with `points`. A `partner` that sold it has a `reference`
    of its own for it, and settles on account. `handings` are never taken away: those
    that were replaced stay, before the ones that took their place.
    """

    number: OrderNumber
    state: OrderState
    reason: CancelReason | None = None
    cart: str | None
    customer: CustomerId | None = None
    channel: ChannelCode
    placed_at: datetime
    buyer: Buyer
    address: Address | None
    method: FulfilmentMethod
    store: LocationCode | None = None
    promised: Promised | None
    promise_token: str | None
    delivery: Money
    total: Money
    points: OrderPoints | None = None
    partner: str | None = None
    reference: str | None = None
    charge: Charge | None
    handings: tuple[Handing, ...]

    @property
    def lines(self) -> tuple[SoldLine, ...]:
        """What was bought, and where it comes from now."""
        return tuple(line for one in self.handings if one.live for line in one.lines)

    @property
    def refused(self) -> tuple[Handing, ...]:
        """The parts that somebody else has to carry out."""
        return tuple(one for one in self.handings if one.state is HandingState.REFUSED)

    @property
    def left_out(self) -> tuple[Handing, ...]:
        """The parts without which it goes on, if it does."""
        return tuple(one for one in self.handings if one.state is HandingState.STOPPED)

    @property
    def begun(self) -> bool:
        """Whether some of it was carried out, so that the whole cannot be cancelled any more."""
        return any(one.state is HandingState.COMPLETED for one in self.handings)

    @property
    def cancellable(self) -> bool:
        """Whether it may be stopped, as far as is known here."""
        return self.state in CANCELLABLE and not self.begun

    @property
    def expected(self) -> Promised | None:
        """When all of it is there, as of now: as promised, or later."""
        later = [one.expected for one in self.handings if one.live and one.expected is not None]
        return max(later, key=lambda one: one.latest, default=self.promised)

    @property
    def late(self) -> bool:
        """Whether it is expected after it was promised."""
        return self.expected != self.promised

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
            return Step.SOURCE if order.refused else Step.HAND_OVER
        case S.SOURCED | S.IN_FULFILMENT | S.COMPLETED:
            return None if charge is None else _owed(order, charge)
        case S.CANCELLING:
            if not all(handing.done for handing in order.handings):
                return Step.STOP
            return Step.CLOSE if charge is None or not _open(charge) else Step.LET_GO
        case S.REFUSED | S.CANCELLED:
            return None


def _owed(order: Order, charge: Charge) -> Step | None:
    if charge.captured.amount < charge.amount.amount:
        return Step.CAPTURE
    return Step.GIVE_BACK if charge.refunded.amount < unserved(order, charge).amount else None


def unserved(order: Order, charge: Charge) -> Money:
    """What the buyer paid in money for goods that are left out, without the way."""
    paid, unit = charge.amount.amount * part_left_out(order), minor_unit(charge.amount.currency)
    return replace_amount(charge.amount, paid.quantize(unit, ROUND_HALF_UP))


def part_left_out(order: Order) -> Decimal:
    """How much of the total is for goods that are left out, from 0 to 1."""
    goods = sum((line.total.amount for one in order.left_out for line in one.lines), Decimal(0))
    with localcontext(rounding=ROUND_CEILING):  # so that a third of three points is one of them
        return goods / order.total.amount if goods else Decimal(0)


def _open(charge: Charge) -> bool:
    """Whether the provider may still keep or have money."""
    return charge.status is None or charge.binds


def key_of(order: Order, handing: Handing) -> OrderKey:
    """What the upstream knows a part by: the same whoever asks, another for each attempt."""
    again = "" if handing.attempt == 1 else f"-{handing.attempt}"
    return OrderKey(order.number + again)


def share(order: Order, handing: Handing) -> SoldOrder:
    """What is handed over to one sink; it is the same whatever becomes of the other parts."""
    nothing = replace_amount(order.delivery, Decimal(0))
    delivery = order.delivery if handing.with_fee else nothing
    goods = sum((one.total.amount for one in handing.lines), Decimal(0))
    return SoldOrder(
        key=key_of(order, handing),
        placed_at=order.placed_at,
        channel=order.channel,
        lines=handing.lines,
        buyer=order.buyer,
        method=order.method,
        address=order.address,
        promised=handing.expected or order.promised,
        delivery=delivery,
        total=replace_amount(order.total, goods + delivery.amount),
    )


def demand_of(lines: Iterable[SoldLine]) -> dict[Spot, int]:
    """How many units lines take from which spots."""
    demand: dict[Spot, int] = {}
    for line in lines:
        for sku, units in line.taken:
            spot = Spot(sku, line.location)
            demand[spot] = demand.get(spot, 0) + units
    return demand


def replace_amount(money: Money, amount: Decimal) -> Money:
    """Another amount of the same currency."""
    return Money(amount, money.currency)
