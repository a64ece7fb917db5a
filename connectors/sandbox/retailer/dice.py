"""Which numbers does a seed give? Draws that depend on their key alone, on every machine."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")
WORD = 2**64
# Constants of the SplitMix64 generator (Steele, Lea, Flood 2014).
STEP, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


class Dice:
    """A stream of draws; equal keys give equal streams."""

    __slots__ = ("_state",)

    def __init__(self, *key: object) -> None:
        text = "\x1f".join(map(str, key)).encode()
        self._state = int.from_bytes(blake2b(text, digest_size=8).digest())

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit - 1`."""
        self._state = (self._state + STEP) % WORD
        mixed = (self._state ^ (self._state >> 30)) * FIRST % WORD
        mixed = (mixed ^ (mixed >> 27)) * SECOND % WORD
        return (mixed ^ (mixed >> 31)) * limit // WORD

    def between(self, least: int, most: int) -> int:
        """A whole number, both ends included."""
        return least + self.below(most - least + 1)

    def chance(self, percent: int) -> bool:
        """True that often."""
        return self.below(100) < percent

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[self.below(len(choices))]

    def sample(self, choices: Sequence[T], count: int) -> list[T]:
        """Different choices, in the order drawn."""
        left = list(choices)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]
