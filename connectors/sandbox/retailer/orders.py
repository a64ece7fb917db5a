"""Which orders has a system taken, and how many pieces of each SKU do they keep from sale?"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from connectors.sandbox.retailer.http import Now

Left = Callable[[str, str], int | None]
"""Pieces of a SKU at a place that nobody was promised; None where it is not carried."""


NOBODY = {"customer": None, "ship_to": None}


class OrderRefusedError(Exception):
    """The system says no; the message is its word for why."""


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces of one SKU at one place."""

    sku: str
    place: str
    pieces: int


@dataclass(slots=True)
class Order:
    """An order that was taken. `told` is what the client said.

    `placed`, `cancelled` and `completed` are when; of the last two only one comes to pass.
    """

    key: str
    reference: str
    lines: tuple[Line, ...]
    told: Mapping[str, Any]
    placed: datetime
    cancelled: datetime | None = None
    completed: datetime | None = None
    forgotten: bool = False

    def state(self, going: str, cancelled: str, completed: str) -> str:
        """How far it is, in a system's own words."""
        if self.cancelled is not None:
            return cancelled
        return going if self.completed is None else completed

    def forget(self) -> None:
        """Everything of whoever ordered it."""
        self.told, self.forgotten = {**self.told, **NOBODY}, True

    def is_of(self, told: Mapping[str, Any]) -> bool:
        """Whether the client has said the same before."""
        return self.told == ({**told, **NOBODY} if self.forgotten else told)

    def keeps(self, at: datetime) -> bool:
        """Whether it kept its pieces at that time."""
        return self.placed <= at and (self.cancelled is None or self.cancelled > at)


@dataclass
class OrderBook:
    """The orders of one system, by the client's key: one for each, whoever asks how often."""

    prefix: str
    now: Now
    left: Left
    orders: dict[str, Order] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def take(self, key: str, lines: tuple[Line, ...], told: Mapping[str, Any]) -> Order:
        """The order of this key, taken now if it is new.

        Raises:
            OrderRefusedError: another order has the key, or there is too little to sell.
        """
        known = self.orders.get(key)
        if known is not None:
            if not known.is_of(told):
                raise OrderRefusedError("other_order")
            return known
        for line in lines:
            self._check(line)
        number = next(self._numbers)
        reference = f"{self.prefix}-{100_000 + number}"
        order = self.orders[key] = Order(key, reference, lines, told, self.now())
        return order

    def cancel(self, key: str) -> Order | None:
        """The order of this key, cancelled; None where there is none.

        Raises:
            OrderRefusedError: its goods have left.
        """
        order = self.orders.get(key)
        if order is not None and order.completed is not None:
            raise OrderRefusedError("goods_have_left")
        if order is not None and order.cancelled is None:
            order.cancelled = self.now()
        return order

    def complete(self, key: str) -> Order | None:
        """The order of this key, whose goods have left by now; None where there is none.

        Raises:
            OrderRefusedError: it was cancelled.
        """
        order = self.orders.get(key)
        if order is not None and order.cancelled is not None:
            raise OrderRefusedError("cancelled")
        if order is not None and order.completed is None:
            order.completed = self.now()
        return order

    def kept(self, sku: str, place: str, at: datetime) -> int:
        """Pieces that orders kept at that time."""
        return sum(
            line.pieces
            for order in self.orders.values()
            if order.keeps(at)
            for line in order.lines
            if (line.sku, line.place) == (sku, place)
        )

    def _check(self, line: Line) -> None:
        left = self.left(line.sku, line.place)
        if left is None:
            raise OrderRefusedError("unknown_article")
        if line.pieces < 1:
            raise OrderRefusedError("bad_quantity")
        if left - self.kept(line.sku, line.place, self.now()) < line.pieces:
            raise OrderRefusedError("out_of_stock")
