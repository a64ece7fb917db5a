"""Clocks that stand still, and a small allowance."""

from dataclasses import dataclass

from app.engine.budget import Allowance

SMALL = Allowance(size=100, restore_rate=10)


@dataclass
class Clock:
    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds
