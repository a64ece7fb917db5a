"""Prices: what a SKU costs through a channel."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol, runtime_checkable

from msgspec import Struct

from app.ports.answer import Answer
from app.values import Channel, Money, Sku


class Price(Struct, frozen=True, kw_only=True, gc=False):
    """What one unit costs; `compare_at` is the price it is marked down from."""

    sku: Sku
    amount: Money
    compare_at: Money | None = None
    tax_included: bool
    as_of: datetime


@runtime_checkable
class PriceSource(Protocol):
    """Owns prices."""

    async def prices(self, skus: Collection[Sku], *, channel: Channel) -> Answer[Price]:
        """Prices in the channel's currency; a SKU without one is left out, never converted."""
        ...
