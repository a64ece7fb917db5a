"""Which operations are compiled already, and which have been seen before?"""

from collections.abc import Hashable
from dataclasses import dataclass, field

from cachetools import LRUCache

from app.engine.again import serial
from app.engine.operations import Operation
from app.engine.plans import Plan

Conditions = tuple[bool, ...]
MOST_SEEN = 10_000  # operations seen once, at some 100 bytes each
ENTRY = 2_000  # bytes of an entry without plans: its key and its share of the tables


@dataclass(slots=True)
class Prepared:
    """An operation and its plans by the values of its conditions.

    `document_size` counts its syntax tree. `refused` is the reason why it is interpreted.
    """

    operation: Operation | None
    refused: str | None = None
    document_size: int = 0
    plans: dict[Conditions, tuple[Plan, ...]] = field(default_factory=dict)
    serial: int = field(default_factory=serial, init=False)

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        plans = sum(part.size for parts in self.plans.values() for part in parts)
        return ENTRY + self.document_size + plans


class PlanCache:
    """Keeps what was used last, within a number of bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._kept: LRUCache[Hashable, Prepared] = LRUCache(
            most_bytes, getsizeof=lambda prepared: prepared.size
        )
        self._seen: LRUCache[int, bool] = LRUCache(MOST_SEEN)

    @property
    def size(self) -> int:
        """About how many bytes it takes now."""
        return int(self._kept.currsize)

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> Prepared | None:
        """What was prepared under a key."""
        try:
            return self._kept[key]
        except KeyError:
            return None

    def keep(self, key: Hashable, prepared: Prepared) -> bool:
        """Keep it, or keep it anew after it has grown; False if it is larger than the cache."""
        self._kept.pop(key, None)
        if prepared.size > self._kept.maxsize:
            return False
        self._kept[key] = prepared
        return True

    def seen(self, key: Hashable) -> bool:
        """Whether this has been asked before; from now on it has."""
        mark = hash(key)
        before = mark in self._seen
        self._seen[mark] = True
        return before
