"""Which slots are taken already? Told by whoever keeps them."""

from collections.abc import Mapping
from typing import Protocol

from app.values import LocationCode


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
