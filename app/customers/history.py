"""What has somebody bought, wherever it was? One list, the latest first.

It is made of our own orders and of what the other systems tell of all whom the person is there. An
order that we handed over comes back from a system under our key: it is told once. A system that
does not answer is named: what it knows is missing, not absent.
"""

from collections.abc import Collection, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from app.customers.directories import Directories, Directory
from app.customers.model import SIGN_IN, Customer
from app.ports import Answer, CustomerKey, OrderKey, Purchase
from app.values import CustomerId

OURS = "tessera"
TIES = 10  # purchases of one person at the very same moment
Place = tuple[datetime, str, str]
"""Where a purchase stands in the list: when, whose, its reference."""


class OwnOrder(Protocol):
    """An order of ours, as far as it matters here."""

    @property
    def number(self) -> str:
        """What it is called."""
        ...

    @property
    def placed_at(self) -> datetime:
        """When it was placed."""
        ...


class OwnOrders(Protocol):
    """Our own orders, by customer."""

    async def bought(
        self, customers: Collection[CustomerId], *, until: datetime, most: int
    ) -> Sequence[OwnOrder]:
        """What they ordered at `until` or before, the latest first."""
        ...

    async def theirs(
        self, customers: Collection[CustomerId], numbers: Collection[str]
    ) -> Collection[str]:
        """Which of these orders are theirs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """One purchase: an order of ours, or one that `source` tells of."""

    source: str
    order: OwnOrder | None = None
    purchase: Purchase | None = None

    @property
    def place(self) -> Place:
        """Where it stands in the list."""
        if self.order is not None:
            return self.order.placed_at, self.source, str(self.order.number)
        assert self.purchase is not None  # noqa: S101  one of the two is there
        return self.purchase.placed_at, self.source, self.purchase.reference


@dataclass(frozen=True, slots=True, kw_only=True)
class BoughtPage:
    """Some of it. `missing` are systems that did not tell, or not all they should."""

    purchases: tuple[Bought, ...]
    more: bool
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseService:
    """Tells what people have bought."""

    directories: Directories
    orders: OwnOrders

    async def page(
        self, customer: Customer, *, first: int, after: Place | None, now: datetime
    ) -> BoughtPage:
        """The latest of it, or what comes after a place in the list."""
        until, most = (now if after is None else after[0]), first + TIES
        keys = _keys(customer)

        def ask(one: Directory) -> Coroutine[Any, Any, Answer[Purchase]] | None:
            if one.history is None or one.connection not in keys:
                return None
            return one.history.purchases(keys[one.connection], until=until, most=most)

        told = await self.directories.everywhere(ask)
        own = await self.orders.bought(customer.selves, until=until, most=most)
        known = await self.orders.theirs(customer.selves, _numbers(row for _, row in told.rows))
        found = [Bought(source=OURS, order=one) for one in own]
        found += [
            Bought(source=system, purchase=row)
            for system, row in told.rows
            if row.order is None or number_in(row.order) not in known
        ]
        found = [one for one in found if after is None or one.place < after]
        found.sort(key=lambda one: one.place, reverse=True)
        lost = keys.keys() - self.directories.known.keys()  # not bound any more
        return BoughtPage(
            purchases=tuple(found[:first]),
            more=len(found) > first,
            missing=tuple(sorted({*told.silent, *lost})),
        )


def _keys(customer: Customer) -> dict[str, list[CustomerKey]]:
    """What each system calls the person."""
    keys: dict[str, list[CustomerKey]] = {}
    for one in customer.identities:
        if one.system != SIGN_IN:
            keys.setdefault(one.system, []).append(CustomerKey(one.external))
    return keys


def number_in(key: OrderKey) -> str:
    """The number of the order that a key is of; later attempts have another number behind it."""
    return key.partition("-")[0]


def _numbers(rows: Iterable[Purchase]) -> set[str]:
    return {number_in(row.order) for row in rows if row.order is not None}
