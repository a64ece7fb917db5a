"""What happened to an order? Facts in the past tense; none says who buys."""

from collections.abc import Iterable

from app.orders.model import Charge, Handing, Order
from app.ports import SoldLine
from app.store import Fact


def order_asked(order: Order) -> Fact:
    """Goods are allocated to it; whether it is paid is to be seen."""
    return _fact("OrderAsked", order, lines=_lines(order.lines), total=str(order.total.amount))


def state_changed(order: Order) -> Fact:
    """It is further on: `OrderPlaced`, `OrderRefused`, `OrderSourced`, and so on."""
    kind = "Order" + "".join(word.capitalize() for word in order.state.split("_"))
    reason = {} if order.reason is None else {"reason": order.reason}
    return _fact(kind, order, **reason)


def cancel_refused(order: Order) -> Fact:
    """An upstream could not stop it, so it goes on."""
    return _fact("OrderCancelRefused", order)


def payment_told(order: Order, charge: Charge) -> Fact:
    """What the provider says of its payment: `PaymentAuthorised`, and so on."""
    kind = "Unsure" if charge.status is None else charge.status.capitalize()
    amounts = {
        "currency": charge.amount.currency,
        "amount": str(charge.amount.amount),
        "captured": str(charge.captured.amount),
        "refunded": str(charge.refunded.amount),
    }
    return _fact(f"Payment{kind}", order, reference=charge.reference, **amounts)


def handing_told(order: Order, handing: Handing) -> Fact:
    """What became of handing a part over: `HandingTaken`, `HandingRefused`, and so on."""
    kind = f"Handing{handing.state.capitalize()}"
    told = {"attempt": handing.attempt, "reference": handing.reference, "error": handing.error}
    return _fact(kind, order, sink=handing.sink, **told)


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


def _fact(kind: str, order: Order, **body: object) -> Fact:
    return Fact(kind=kind, entity=order.number, body={"state": order.state, **body})


def _lines(lines: Iterable[SoldLine]) -> list[dict[str, object]]:
    return [
        {"sku": line.sku, "location": line.location, "quantity": line.quantity} for line in lines
    ]
