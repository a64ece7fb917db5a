"""Stock: how much of a SKU stands where."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol, runtime_checkable

from msgspec import Struct

from app.ports.answer import Answer
from app.values import LocationCode, Sku


class IncomingSupply(Struct, frozen=True, kw_only=True, gc=False):
    """Units on their way, and when they are expected (None: no date given)."""

    quantity: int
    expected_at: datetime | None


class StockLevel(Struct, frozen=True, kw_only=True, gc=False):
    """What one upstream says it holds of one SKU at one location, in whole units.

    `on_hand` may be negative where a system lets it run below zero. `damaged` units stand there but
    cannot be sold and are not part of `on_hand`. `as_of` is the vendor's time at which this was
    true. A figure beyond 999,999,999 is told as that many.
    """

    sku: Sku
    location: LocationCode
    on_hand: int
    reserved: int = 0
    damaged: int = 0
    safety_stock: int = 0
    incoming: tuple[IncomingSupply, ...] = ()
    as_of: datetime


@runtime_checkable
class StockSource(Protocol):
    """Knows the stock of the locations it serves."""

    async def stock_levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode]
    ) -> Answer[StockLevel]:
        """A level for every pair it knows; the rest is left out, never guessed as zero."""
        ...
