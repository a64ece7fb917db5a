"""How are servers compared? In turns, round after round; the medians count."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from benchmarks.peers.load import CONNECTIONS, Cell, Load, Target

Targets = Mapping[str, Target]
Cells = dict[str, Cell]


@dataclass(frozen=True, slots=True)
class Effort:
    """How many rounds, and about how many seconds of load in each."""

    rounds: int
    seconds: float


FULL, QUICK = Effort(3, 1.2), Effort(1, 0.3)
WARMINGS = 4  # a server that is cold says little of how fast it will be


async def closed(
    load: Load, targets: Targets, effort: Effort, *, connections: int = CONNECTIONS
) -> Cells:
    """Every target under a closed load, warm."""
    amounts = {
        name: await warmed(load, target, effort.seconds, connections)
        for name, target in targets.items()
    }
    rounds: dict[str, list[Cell]] = {name: [] for name in targets}
    for _ in range(effort.rounds):
        for name, target in targets.items():
            cell = await load.closed(target, amount=amounts[name], connections=connections)
            rounds[name].append(cell)
    return {name: Cell.of(cells) for name, cells in rounds.items()}


async def opened(load: Load, targets: Targets, effort: Effort, *, rate: float) -> Cells:
    """Every target under the same open load; they are warm."""
    rounds: dict[str, list[Cell]] = {name: [] for name in targets}
    for _ in range(effort.rounds):
        for name, target in targets.items():
            rounds[name].append(await load.open(target, rate=rate, seconds=effort.seconds))
    return {name: Cell.of(cells) for name, cells in rounds.items()}


async def warmed(load: Load, target: Target, seconds: float, connections: int) -> int:
    """The number of requests that takes about so long; at least one for each connection.

    A fixed number leaves nothing half done when it is over, and so no CPU uncounted.
    """
    amount, took = connections, 0.0
    for _ in range(WARMINGS):
        cell = await load.closed(target, amount=amount, connections=connections)
        took = amount / cell.rate
        amount = _amount(cell, seconds, connections)
        if took > seconds / 2:
            break
    return amount


def _amount(cell: Cell, seconds: float, connections: int) -> int:
    return max(1, ceil(cell.rate * seconds / connections)) * connections
