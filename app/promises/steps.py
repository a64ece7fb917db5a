"""How much may still be looked at? Steps are counted, so that an answer can be repeated."""

from dataclasses import dataclass


class Exhausted(Exception):  # noqa: N818  the end of a budget, not a failure
    """There are no steps left."""


@dataclass(slots=True)
class Steps:
    """What is left of a budget, and what was used."""

    left: int
    taken: int = 0

    def take(self, count: int = 1) -> None:
        """Use some.

        Raises:
            Exhausted: there are not so many left.
        """
        if count > self.left:
            raise Exhausted
        self.left -= count
        self.taken += count

    def spend(self, count: int) -> None:
        """Use some, or what is left."""
        count = min(count, self.left)
        self.left -= count
        self.taken += count
