"""Is it as cheap as it should be? A goal, what was measured, and whether that meets it."""

from dataclasses import dataclass

from benchmarks.peers.measuring import Cells


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of the table of goals."""

    about: str
    wanted: str
    measured: str
    met: bool


def cheaper(question: str, cells: Cells, ours: str, theirs: str, times: float) -> Goal:
    """Ours takes at most a part of the CPU of theirs."""
    ratio = cells[theirs].cpu / cells[ours].cpu
    about = f"{question}: CPU of {theirs} / {ours}"
    return Goal(about, f">= {times:g}x", f"{ratio:.2f}x", ratio >= times)


def within(question: str, cells: Cells, ours: str, floor: str, times: float) -> Goal:
    """Ours takes at most so many times the CPU of the floor."""
    ratio = cells[ours].cpu / cells[floor].cpu
    about = f"{question}: CPU of {ours} / {floor}"
    return Goal(about, f"<= {times:g}x", f"{ratio:.2f}x", ratio <= times)


def soon(question: str, cells: Cells, ours: str, floor: str) -> list[Goal]:
    """Ours answers hardly later than the slowest chain of calls."""
    limits = (("p50", 0.003, 1.05), ("p99", 0.007, 1.12))
    found = []
    for name, most, times in limits:
        took, least = getattr(cells[ours], name), getattr(cells[floor], name)
        late, ratio = took - least, took / least
        found.append(
            Goal(
                f"{question}: {name} of {ours} over {floor}",
                f"<= +{most * 1000:g} ms and <= {times:g}x",
                f"{late * 1000:+.1f} ms, {ratio:.3f}x",
                late <= most and ratio <= times,
            )
        )
    return found
