"""Runs the side-by-side measurements and keeps what they found."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path

from benchmarks.peers import chart, fixed_costs, in_memory, over_http
from benchmarks.peers.load import Load, client
from benchmarks.peers.measuring import FULL, QUICK, Effort
from benchmarks.peers.node import prepared, python_versions
from benchmarks.peers.report import Report
from benchmarks.peers.running import ROOT
from benchmarks.peers.stage import Stage, staged

PARTS: Mapping[str, Callable[[Stage, Load, Effort], Awaitable[Report]]] = {
    "in_memory": in_memory.measure,
    "fixed_costs": fixed_costs.measure,
    "over_http": over_http.measure,
}
RESULTS = Path(__file__).parents[1] / "results"
TRIALS = ROOT / ".cache" / "benchmarks"  # of quick runs, which prove nothing


async def main(names: Collection[str], *, quick: bool) -> None:
    """Measure, print and write."""
    node, effort = prepared(), QUICK if quick else FULL
    versions = python_versions() | node.versions()
    folder = TRIALS if quick else RESULTS
    async with staged(node) as stage, client(node) as load:
        for name in names:
            report = await PARTS[name](stage, load, effort)
            lines = list(report.lines(effort, versions))
            print("\n".join(lines))
            folder.mkdir(parents=True, exist_ok=True)
            if report.plotted:
                drawn = chart.drawn(report)
                (folder / f"{name}.svg").write_text(drawn, encoding="utf-8")
                lines.append(f"![{report.title}]({name}.svg)\n")
            (folder / f"{name}.md").write_text("\n".join(lines), encoding="utf-8")
