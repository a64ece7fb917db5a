"""Which plans are worth keeping? Points of which none is cheaper and cleaner than another."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from operator import attrgetter

from app.promises.problem import Point


class Staircase:
    """Points by rising cost and falling emissions, all of them at hand by the same time."""

    def __init__(self) -> None:
        self._costs: list[int] = []
        self._co2s: list[int] = []
        self._points: list[Point] = []

    def __iter__(self) -> Iterator[Point]:
        return iter(self._points)

    def covers(self, cost: int, co2: int) -> bool:
        """Whether a point is as good as this in both respects."""
        step = bisect_right(self._costs, cost)
        return step > 0 and self._co2s[step - 1] <= co2

    def add(self, point: Point) -> None:
        """Keep a point, unless another covers it; those that it covers go."""
        if self.covers(point.cost, point.co2):
            return
        start = end = bisect_left(self._costs, point.cost)
        while end < len(self._co2s) and self._co2s[end] >= point.co2:
            end += 1
        self._costs[start:end] = [point.cost]
        self._co2s[start:end] = [point.co2]
        self._points[start:end] = [point]

    def excludes(self, cost: int, co2: int, *, scale: tuple[int, int], both: int) -> bool:
        """Whether no point that is new can be above these bounds.

        `both` bounds the sum of cost and emissions, each times its part of `scale`.
        """
        if self.covers(cost, co2):
            return True
        by_cost, by_co2 = scale
        for step in range(bisect_right(self._costs, cost), len(self._costs) + 1):
            if step > 0 and self._co2s[step - 1] <= co2:
                return True  # further steps are lower still
            if step in {0, len(self._costs)}:
                return False  # as dirty, or as dear, as it likes
            corner = by_cost * (self._costs[step] - 1) + by_co2 * (self._co2s[step - 1] - 1)
            if corner >= both:
                return False
        return False


soonest = attrgetter("arrival", "cost", "co2")
