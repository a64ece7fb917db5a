"""Which option comes first? By an order of objectives, or by how much each counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.promises.costs import minor
from app.promises.model import Objective, Option
from app.settings import Promises

Worth = tuple[int, int, int]  # cost, arrival, emissions
PARTS = 1_000_000  # of the way from the best to the worst


@dataclass(frozen=True, slots=True)
class Preference:
    """An `order` of objectives, or `weights` for cost, speed and emissions."""

    order: tuple[Objective, ...]
    weights: tuple[int, int, int] | None = None

    @classmethod
    def of(cls, rules: Promises) -> "Preference":
        """What the retailer prefers."""
        weights = rules.weights
        return cls(
            tuple(Objective(one) for one in rules.order),
            None if weights is None else (weights.cost, weights.speed, weights.emissions),
        )

    def first(self, options: Sequence[Option]) -> Option | None:
        """The option that is preferred; None of none."""
        if not options:
            return None
        return options[self.best([worth(option) for option in options])]

    def best(self, worths: Sequence[Worth]) -> int:
        """The place of the best among some costs, arrivals and emissions."""
        keys = self._weighed(worths) if self.weights else [self._ordered(one) for one in worths]
        return min(range(len(worths)), key=lambda at: (keys[at], worths[at]))

    def _ordered(self, one: Worth) -> tuple[int, ...]:
        places = tuple(Objective)
        return tuple(one[places.index(objective)] for objective in self.order)

    def _weighed(self, worths: Sequence[Worth]) -> list[tuple[int, ...]]:
        best, worst = (tuple(map(end, *worths, worths[0])) for end in (min, max))
        assert self.weights is not None  # noqa: S101  asked before
        return [
            (
                sum(
                    weight * (value - low) * PARTS // max(1, high - low)
                    for weight, value, low, high in zip(self.weights, one, best, worst, strict=True)
                ),
            )
            for one in worths
        ]


def worth(option: Option) -> Worth:
    """Cost in minor units, latest arrival in seconds, emissions in milligrams."""
    cost = option.cost_to_retailer
    return (
        minor(cost.amount, cost.currency),
        int(option.latest.timestamp()),
        option.emissions.value,
    )
