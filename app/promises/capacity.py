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

    def has(self, holder: str) -> bool:
        """Whether a holder has places in slots."""
        ...

    def taken(self, location: LocationCode, *, holder: str | None = None) -> Mapping[int, int]:
        """Orders by the beginning of their slot, in seconds since 1970; not those of a `holder`."""
        ...


class NothingTaken:
    """No slot has taken anything."""

    edition = 0

    def has(self, holder: str) -> bool:
        """Nobody has."""
        del holder
        return False

    def taken(self, location: LocationCode, *, holder: str | None = None) -> Mapping[int, int]:
        """Nothing."""
        del location, holder
        return {}
