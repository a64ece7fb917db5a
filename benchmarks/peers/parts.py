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


async def main(names: Collection[str], *, quick: bool, busy: float) -> None:
    """Measure, print and write; `busy` was the load average before anything of ours ran."""
    node, effort = prepared(), QUICK if quick else FULL
    versions = python_versions() | node.versions()
    folder = TRIALS if quick else RESULTS
    with staged(node) as stage:
        async with client(node) as load:
            for name in names:
                report = await PARTS[name](stage, load, effort)
                text = "\n".join(report.lines(effort, versions, busy))
                print(text)
                _keep(folder, name, report, text)


def _keep(folder: Path, name: str, report: Report, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if report.plotted:
        (folder / f"{name}.svg").write_text(chart.drawn(report), encoding="utf-8")
        text = f"![{report.title}]({name}.svg)\n\n{text}"
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
