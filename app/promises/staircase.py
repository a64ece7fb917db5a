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

    def below(self, cost: int, otherwise: int) -> int:
        """What a plan of that cost has to be cleaner than; `otherwise`: than nothing."""
        step = bisect_right(self._costs, cost)
        return self._co2s[step - 1] if step else otherwise

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

    def gaps(self, cost: int, co2: int) -> Iterator[tuple[int, int, int | None, int | None]]:
        """Where points that are new can be: from a cost and emissions on, and below others.

        None: there is no point that is dearer, or dirtier.
        """
        step = bisect_right(self._costs, cost)
        while step == 0 or self._co2s[step - 1] > co2:
            from_cost = max(cost, self._costs[step - 1]) if step else cost
            below_co2 = self._co2s[step - 1] if step else None
            if step == len(self._costs):
                yield from_cost, co2, None, below_co2
                return
            yield from_cost, co2, self._costs[step], below_co2
            step += 1


soonest = attrgetter("arrival", "cost", "co2")
