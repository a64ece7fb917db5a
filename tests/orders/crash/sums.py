"""Does everything add up? Orders, allocations, upstreams and money, compared with one another."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Connection, select

from app.availability.tables import allocations
from app.orders import repository
from app.orders.events import state_changed
from app.orders.model import HandingState, Order, OrderState
from app.store import log
from app.store.tables import facts
from connectors.sandbox.faults import FaultyUpstream
from connectors.sandbox.retailer.orders import Order as Taken
from connectors.sandbox.retailer.payments import Charge

UNDONE = {OrderState.REFUSED, OrderState.CANCELLED}
CARRIED = {OrderState.SOURCED, OrderState.IN_FULFILMENT, OrderState.COMPLETED}
MOST = 100_000


class Answered(Protocol):
    """What a buyer was told: of which order, and in which state it was."""

    @property
    def state(self) -> str: ...
    @property
    def cart(self) -> str | None: ...
    @property
    def number(self) -> str | None: ...


@dataclass(frozen=True)
class Books:
    """What the systems have: the orders of each that carries some out, and the charges."""

    orders: Mapping[str, Mapping[str, Taken]]
    charges: Mapping[str, Charge]


def books_of(systems: Mapping[str, FaultyUpstream]) -> Books:
    """Out of their memory."""
    served: Mapping[str, Any] = {name: system.served for name, system in systems.items()}
    return Books(
        orders={name: one.state.book.orders for name, one in served.items() if name != "payments"},
        charges=served["payments"].state.till.charges,
    )


@dataclass
class Sums:
    """What was found; `violations` is empty when everything adds up."""

    orders: dict[str, Order]
    violations: list[str] = field(default_factory=list)

    @property
    def states(self) -> Counter[str]:
        return Counter(str(order.state) for order in self.orders.values())

    def acknowledged(self, told: Mapping[str, Answered]) -> None:
        """Whatever a client was told must be so, and each cart is one order at most."""
        self._each_once(told)
        for key, answer in told.items():
            if answer.number is None:
                if answer.state != "SOLD_OUT":
                    self.violations.append(f"{key} was told {answer.state}")
                continue
            order = self.orders.get(answer.number)
            if order is None:
                self.violations.append(f"lost: {answer.number} was told to {key}")
            elif answer.state == "REFUSED" and order.state is not OrderState.REFUSED:
                self.violations.append(f"{answer.number} was refused to {key} and is {order.state}")
            elif answer.state != "REFUSED" and order.state in UNDONE:
                self.violations.append(f"undone: {answer.number} is {order.state}, which is not")

    def _each_once(self, told: Mapping[str, Answered]) -> None:
        """No cart has two orders, and nobody's has one who was not told of it."""
        carts = Counter(order.cart for order in self.orders.values())
        self.violations += [
            f"double: {cart} has {count} orders" for cart, count in carts.items() if count > 1
        ]
        numbers = {answer.number for answer in told.values()}
        self.violations += [
            f"untold: {number} is {order.state}"
            for number, order in self.orders.items()
            if number not in numbers
        ]


def added_up(connection: Connection, books: Books, on_hand: int) -> Sums:
    """Everything compared with everything."""
    found = {str(one.number): one for one in repository.page(connection, first=MOST)}
    sums, charges = Sums(found), _of_orders(books.charges)
    for order in found.values():
        sums.violations += _order(order, books.orders)
        sums.violations += _money(order, charges.get(order.number, []))
    held = {number for book in books.orders.values() for number in book} | set(charges)
    sums.violations += [f"nobody's: {number}" for number in held - set(found)]
    sums.violations += _stock(connection, found, books.orders, on_hand)
    sums.violations += _facts(connection, found)
    return sums


def _order(order: Order, books: Mapping[str, Mapping[str, Taken]]) -> list[str]:
    """Settled, and carried out by exactly those who should."""
    if not order.settled or order.state not in CARRIED | UNDONE:
        return [f"hangs: {order.number} is {order.state}"]
    wrong = _followed(order, books) if order.state in CARRIED else []
    wanted = set() if order.state in UNDONE else {one.sink for one in order.handings}
    for sink, book in books.items():
        there = order.number in book and book[order.number].cancelled is None
        if there != (sink in wanted):
            what = "lost" if sink in wanted else "double"
            wrong.append(f"{what}: {order.number} is {order.state} and at {sink}: {there}")
    return wrong


def _followed(order: Order, books: Mapping[str, Mapping[str, Taken]]) -> list[str]:
    """As far as its systems are, and no further."""
    left = [
        (there := books[one.sink].get(order.number)) is not None and there.completed is not None
        for one in order.handings
    ]
    known = [one.state is HandingState.COMPLETED for one in order.handings]
    far = OrderState.IN_FULFILMENT if any(left) else OrderState.SOURCED
    should = OrderState.COMPLETED if all(left) else far
    if known == left and order.state is should:
        return []
    return [f"not followed: {order.number} is {order.state}; left: {left}, known: {known}"]


def _money(order: Order, charges: Sequence[Charge]) -> list[str]:
    """Paid once, or not at all."""
    kept = [one for one in charges if one.state == "authorised" and not one.captured]
    paid = sum(one.captured - one.refunded for one in charges)
    if order.state in UNDONE and (kept or paid):
        return [f"charged: {order.number} is {order.state} and cost {paid}, kept: {bool(kept)}"]
    if order.state not in UNDONE and (kept or paid != order.total.amount):
        what = "unpaid" if paid < order.total.amount else "charged twice"
        return [f"{what}: {order.number} is {order.state} and cost {paid}, kept: {bool(kept)}"]
    return []


def _of_orders(charges: Mapping[str, Charge]) -> dict[str, list[Charge]]:
    """By the order's number, with which each key begins."""
    found: dict[str, list[Charge]] = {}
    for key, charge in charges.items():
        found.setdefault(key.split("-")[0], []).append(charge)
    return found


def _stock(
    connection: Connection,
    found: Mapping[str, Order],
    books: Mapping[str, Mapping[str, Taken]],
    on_hand: int,
) -> list[str]:
    sold = _counted(
        (line.sku, line.location, line.quantity)
        for order in found.values()
        if order.state not in UNDONE
        for line in order.lines
    )
    rows = connection.execute(select(allocations))
    allocated = _counted((row.sku, row.location, row.quantity) for row in rows)
    carried = _counted(
        (line.sku, line.place, line.pieces)
        for book in books.values()
        for one in book.values()
        if one.cancelled is None
        for line in one.lines
    )
    wrong = [f"oversold: {at} {units}" for at, units in carried.items() if units > on_hand]
    for name, counted in (("allocated", allocated), ("carried out", carried)):
        if +counted != +sold:
            wrong.append(f"{name} is not what was sold: {(counted - sold) + (sold - counted)}")
    return wrong


def _counted(units: Iterable[tuple[str, str, int]]) -> Counter[tuple[str, str]]:
    counted: Counter[tuple[str, str]] = Counter()
    for sku, location, quantity in units:
        counted[sku, location] += quantity
    return counted


def _facts(connection: Connection, found: Mapping[str, Order]) -> list[str]:
    """Each order was asked for once, placed at most once, and ended once; no number is missing."""
    numbers = list(connection.execute(select(facts.c.seq).order_by(facts.c.seq)).scalars())
    head = log.head(connection).last
    told = Counter(
        (row.entity, row.kind)
        for row in connection.execute(select(facts.c.entity, facts.c.kind))
        if row.entity in found
    )
    wrong = [f"told {times} times: {fact}" for fact, times in told.items() if _once(fact, times)]
    if numbers != list(range(1, head + 1)):
        wrong.append(f"the log has {len(numbers)} facts and ends at {head}")
    for number, order in found.items():
        wrong += [
            f"{kind} of {number} was told {told[number, kind]} times"
            for kind in ("OrderAsked", state_changed(order).kind)
            if told[number, kind] != 1
        ]
    return wrong


def _once(fact: tuple[str, str], times: int) -> bool:
    return fact[1].startswith("Order") and times > 1
