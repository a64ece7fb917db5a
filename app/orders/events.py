"""What happened to an order? Facts in the past tense; none says who buys."""

from collections.abc import Iterable
from decimal import Decimal

from app.orders.model import Charge, Handing, HandingState, Order, OrderState
from app.ports import PaymentStatus, SoldLine
from app.store import Fact


def order_asked(order: Order) -> Fact:
    """Goods are allocated to it; whether it is paid is to be seen."""
    return _fact("OrderAsked", order, lines=_lines(order.lines), total=str(order.total.amount))


def state_changed(order: Order) -> Fact:
    """It is further on: `OrderPlaced`, `OrderRefused`, `OrderSourced`, and so on."""
    reason = {} if order.reason is None else {"reason": order.reason}
    return _fact(_reached(order.state), order, **reason)


def set_back(order: Order) -> Fact:
    """A system has cancelled a part that it had taken, so that part is sourced again."""
    return _fact("OrderSetBack", order)


def shortened(order: Order) -> Fact:
    """It goes on without parts that nobody carries out: all of these, and what they are worth."""
    lines = [line for one in order.left_out for line in one.lines]
    worth = sum((line.total.amount for line in lines), Decimal(0))
    return _fact("OrderShortened", order, lines=_lines(lines), worth=str(worth))


def cancel_refused(order: Order) -> Fact:
    """An upstream could not stop it, so it goes on."""
    return _fact("OrderCancelRefused", order)


def payment_told(order: Order, charge: Charge) -> Fact:
    """What the provider says of its payment: `PaymentAuthorised`, and so on."""
    amounts = {
        "currency": charge.amount.currency,
        "amount": str(charge.amount.amount),
        "captured": str(charge.captured.amount),
        "refunded": str(charge.refunded.amount),
    }
    return _fact(_paid(charge.status), order, reference=charge.reference, **amounts)


def handing_told(order: Order, handing: Handing) -> Fact:
    """What became of handing a part over: `HandingTaken`, `HandingRefused`, and so on."""
    told = {"attempt": handing.attempt, "reference": handing.reference, "error": handing.error}
    return _fact(_handed(handing.state), order, sink=handing.sink, **told)


def handing_sourced(order: Order, handing: Handing) -> Fact:
    """A part that takes the place of refused ones, and where its units come from."""
    told = {"sink": handing.sink, "attempt": handing.attempt, "lines": _lines(handing.lines)}
    return _fact("HandingSourced", order, **told)


def delayed(order: Order) -> Fact:
    """It is there later than it was promised, as nobody could carry it out in time."""
    promised, expected = order.promised, order.expected
    told = {
        "promised": None if promised is None else promised.latest.isoformat(),
        "expected": None if expected is None else expected.latest.isoformat(),
    }
    return _fact("OrderDelayed", order, **told)


def _reached(state: OrderState) -> str:
    return "Order" + "".join(word.capitalize() for word in state.split("_"))


def _paid(status: PaymentStatus | None) -> str:
    return "Payment" + ("Unsure" if status is None else status.capitalize())


def _handed(state: HandingState) -> str:
    return f"Handing{state.capitalize()}"


KINDS = frozenset(
    {
        *("OrderAsked", "OrderSetBack", "OrderShortened", "OrderCancelRefused", "OrderDelayed"),
        "HandingSourced",
        *map(_reached, OrderState),
        *map(_paid, (None, *PaymentStatus)),
        *map(_handed, HandingState),
    }
)


def _fact(kind: str, order: Order, **body: object) -> Fact:
    called = {} if order.reference is None else {"called": order.reference}
    told = {"state": order.state, **called, **body}
    return Fact(kind=kind, entity=order.number, body=told, party=order.partner)


def _lines(lines: Iterable[SoldLine]) -> list[dict[str, object]]:
    return [
        {"sku": line.sku, "location": line.location, "quantity": line.quantity} for line in lines
    ]
