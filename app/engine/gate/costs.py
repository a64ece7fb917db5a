"""What does an operation cost, once its variables are known?

Sums are compiled once for a document, children before parents; whatever does not depend on
variables is folded into a constant. What remains is evaluated in one pass.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from app.engine.gate.limits import MOST
from app.engine.gate.sizes import Size, Variables


@dataclass(frozen=True, slots=True)
class Term:
    """A sum that depends on variables, by its place in the program."""

    place: int


Cost: TypeAlias = int | Term
Part: TypeAlias = tuple[Size | int, Cost]


@dataclass(frozen=True, slots=True)
class Program:
    """All sums of one document, in an order in which they can be evaluated."""

    sums: list[tuple[int, tuple[Part, ...]]] = field(default_factory=list)

    def total(self, constant: int, parts: Iterable[Part]) -> Cost:
        """`constant` plus each part's size times its cost."""
        open_parts: list[Part] = []
        for size, cost in parts:
            known = size.at({}) if isinstance(size, Size) and size.fixed else size
            if cost == 0:
                continue
            if isinstance(known, int) and isinstance(cost, int):
                constant = min(MOST, constant + known * cost)
            else:
                open_parts.append((known, cost))
        if not open_parts:
            return constant
        if constant == 0 and len(open_parts) == 1 and open_parts[0][0] == 1:
            return open_parts[0][1]
        self.sums.append((constant, tuple(open_parts)))
        return Term(len(self.sums) - 1)

    @property
    def steady(self) -> bool:
        """Whether what it comes to follows from variables alone."""
        return not any(
            isinstance(size, Size) and callable(size.assumed)
            for _, parts in self.sums
            for size, _ in parts
        )

    def value(self, cost: Cost, variables: Variables) -> int:
        """What it comes to, at most `MOST`."""
        if isinstance(cost, int):
            return cost
        values: list[int] = []
        for total, parts in self.sums[: cost.place + 1]:
            for size, part in parts:
                times = size if isinstance(size, int) else size.at(variables)
                each = part if isinstance(part, int) else values[part.place]
                total += times * each  # noqa: PLW2901  a running sum
            values.append(min(MOST, total))
        return values[cost.place]
