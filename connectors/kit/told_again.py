"""Was this row told in the same words before? Then it is the same object, and not mapped again.

A catalogue hardly changes from one answer to the next. Whoever is given the same object again may
also keep what they made of it.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import orjson
from msgspec import Raw

T = TypeVar("T")
MOST_WORDS = 16_000_000  # bytes of rows; what they mean takes several times that
NEVER_TOLD: Any = object()


class ToldAgain(Generic[T]):
    """A mapping that remembers what rows mean, those told last; it must be pure.

    A row is what was decoded from JSON, or the JSON itself. What cannot be put into words again is
    mapped each time, and so is a row that the mapping refuses.
    """

    def __init__(self, mapping: Callable[[Any], T], *, most: int = MOST_WORDS) -> None:
        """`most` bytes of rows are remembered at least, twice as many at most."""
        self._mapping = mapping
        self._most = most
        self._size = 0
        self._lately: dict[bytes, T] = {}
        self._before: dict[bytes, T] = {}

    def __call__(self, row: Any) -> T:
        """What a row means; raises what the mapping raises."""
        words = _words(row)
        if words is None:
            return self._mapping(row)
        known: T = self._lately.get(words, NEVER_TOLD)
        if known is NEVER_TOLD:
            known = self._before.get(words, NEVER_TOLD)
            if known is NEVER_TOLD:
                known = self._mapping(row)
            self._remember(words, known)
        return known

    def _remember(self, words: bytes, known: T) -> None:
        self._lately[words] = known
        self._size += len(words)
        if self._size >= self._most:
            self._before, self._lately, self._size = self._lately, {}, 0


def _words(row: Any) -> bytes | None:
    if isinstance(row, Raw):
        return bytes(row)
    try:
        return orjson.dumps(row)
    except TypeError:
        return None
