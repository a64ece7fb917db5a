"""What is taken already? Slots by orders, stock by holds; told by whoever keeps them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from app.availability.model import Spot
from app.values import LocationCode, Sku


class SlotBook(Protocol):
    """Knows which slots have taken how many orders; `edition` is another after each change."""

    @property
    def edition(self) -> int:
        """Another whenever an answer may have changed."""
        ...

    def taken(self, location: LocationCode) -> Mapping[int, int]:
        """Orders by the beginning of their slot, in seconds since 1970."""
        ...


class NothingTaken:
    """No slot has taken anything."""

    edition = 0

    def taken(self, location: LocationCode) -> Mapping[int, int]:
        """Nothing."""
        del location
        return {}


class HoldBook(Protocol):
    """Knows which units are held for others, or allocated to them and not known upstream."""

    async def held(
        self, skus: Collection[Sku], *, now: datetime, holder: str | None
    ) -> Mapping[Spot, int]:
        """Units by spot, without what `holder` holds."""
        ...


class NothingHeld:
    """Nobody holds anything."""

    async def held(
        self, skus: Collection[Sku], *, now: datetime, holder: str | None
    ) -> Mapping[Spot, int]:
        """Nothing."""
        del skus, now, holder
        return {}
