"""How are figures told? Tables in Markdown, with goals, versions and machine."""

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.peers.goals import Goal
from benchmarks.peers.load import CONNECTIONS, Cell
from benchmarks.peers.measuring import Cells, Effort

QUIET = 0.5  # load average of a machine that does nothing else


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of one question; the first row is what the others are compared with.

    `size` are the bytes of an answer; `opened` the cells under an open load of `rate` a second.
    """

    title: str
    closed: Cells
    size: int | None = None
    opened: Cells = field(default_factory=dict)
    rate: int | None = None

    def lines(self) -> Iterator[str]:
        """As Markdown."""
        size = "" if self.size is None else f" ({self.size / 1000:.1f} kB)"
        yield f"## {self.title[0].upper()}{self.title[1:]}{size}"
        yield ""
        heads = ["server", "CPU ms a request", "x", "answers/s", "p50 ms", "p99 ms"]
        if self.rate is not None:
            heads += [f"p50 at {self.rate}/s", f"p99 at {self.rate}/s"]
        yield from _table([*heads, "MB"], self._rows())
        yield ""

    def _rows(self) -> Iterator[list[str]]:
        base = next(cell.cpu for cell in self.closed.values() if cell.cpu)
        for name, cell in self.closed.items():
            cpu = [f"{cell.cpu * 1000:.3f}", f"{cell.cpu / base:.2f}"] if cell.cpu else ["", ""]
            told = [name, *cpu, f"{cell.rate:,.0f}", *_times(cell)]
            if self.rate is not None:
                told += _times(self.opened[name])
            yield [*told, f"{cell.memory / 1e6:.0f}" if cell.memory else ""]


@dataclass(slots=True)
class Report:
    """What one part found. Of its tables, the first `plotted` are drawn."""

    title: str
    tables: Sequence[Table]
    plotted: int = 0
    goals: Sequence[Goal] = ()

    def lines(self, effort: Effort, versions: Mapping[str, str], busy: float) -> Iterator[str]:
        """As Markdown; `busy` is the load average of the machine before all began."""
        yield from (f"# {self.title}", "", *setting(effort, versions, busy), "")
        rows = [[g.about, g.wanted, g.measured, "yes" if g.met else "**no**"] for g in self.goals]
        yield from ("## Goals", "", *_table(["what", "goal", "measured", "met"], rows), "")
        for table in self.tables:
            yield from table.lines()


def setting(effort: Effort, versions: Mapping[str, str], busy: float) -> Iterator[str]:
    """When, where, how long and with what."""
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    machine = f"{_processor()}, {os.cpu_count()} cores"
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    yield f"{when} · {machine} · {system}, {platform.system()} {platform.release()}"
    if busy > QUIET:
        yield f"\n**The machine was busy before (load average {busy:.1f}): take these for noise.**"
    yield ""
    yield (
        f"Medians of {effort.rounds} interleaved rounds of about {effort.seconds:g} s, with"
        f" {CONNECTIONS} connections unless said otherwise; servers alone on one core, client and"
        " upstreams on another. CPU is user and system time of the server's process tree."
    )
    yield ""
    yield " · ".join(f"{name} {version}" for name, version in versions.items())


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "?")


def _times(cell: Cell) -> list[str]:
    if cell.unanswered:
        return ["overloaded", f"{cell.unanswered:.0f} unanswered"]
    return [f"{cell.p50 * 1000:.2f}", f"{cell.p99 * 1000:.2f}"]


def _table(heads: Sequence[str], rows: Iterator[list[str]] | Sequence[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|---{'|---:' * (len(heads) - 1)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"
