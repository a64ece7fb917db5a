"""What the benchmarks say: goals that are met or not, tables and charts with every row."""

import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from benchmarks.__main__ import asked
from benchmarks.peers import chart
from benchmarks.peers.goals import Goal, cheaper, soon, within
from benchmarks.peers.load import Cell
from benchmarks.peers.measuring import Effort
from benchmarks.peers.report import Report, Table
from benchmarks.peers.running import Server


def a_cell(cpu: float = 0.001, p50: float = 0.04, p99: float = 0.05, unanswered: int = 0) -> Cell:
    return Cell(cpu, 500.0, p50, p99, 90e6, unanswered)


CELLS = {"ours": a_cell(0.0005), "theirs": a_cell(0.0006), "floor": a_cell(0.0001)}


def test_a_goal_is_met_from_its_limit_on() -> None:
    assert cheaper("listing", CELLS, "ours", "theirs", 1.1) == Goal(
        "listing: CPU of theirs / ours", ">= 1.1x", "1.20x", met=True
    )
    assert not cheaper("listing", CELLS, "ours", "theirs", 1.3).met
    assert within("listing", CELLS, "ours", "floor", 5.01).met
    assert within("listing", CELLS, "ours", "floor", 4).measured == "5.00x"
    assert not within("listing", CELLS, "ours", "floor", 4).met


@pytest.mark.parametrize(
    ("p50", "p99", "met"),
    [
        (0.0415, 0.0555, [True, True]),
        (0.0425, 0.0555, [False, True]),  # 2.5 ms late, which is more than 5 %
        (0.0415, 0.0575, [True, False]),
    ],
)
def test_an_answer_is_soon_by_both_its_measures(p50: float, p99: float, met: list[bool]) -> None:
    cells = {"chain": a_cell(0, 0.04, 0.05), "ours": a_cell(p50=p50, p99=p99)}

    goals = soon("listing", cells, "ours", "chain")

    assert [goal.met for goal in goals] == met
    assert goals[0].measured == f"{(p50 - 0.04) * 1000:+.1f} ms, {p50 / 0.04:.3f}x"


def test_the_median_is_taken_of_each_figure_on_its_own() -> None:
    rounds = [a_cell(0.001, 0.5), a_cell(0.002, 0.1), a_cell(0.009, 0.3)]

    assert (Cell.of(rounds).cpu, Cell.of(rounds).p50) == (0.002, 0.3)


def a_report() -> Report:
    opened = {name: a_cell(p50=0.0012, p99=0.0034) for name in CELLS}
    opened["theirs"] = a_cell(unanswered=7)
    tables = [Table("listing", CELLS, 30_900, opened, 200), Table("page & more", CELLS)]
    goal = cheaper("listing", CELLS, "ours", "theirs", 1.3)
    return Report("In memory", tables, plotted=2, goals=[goal])


def test_a_table_has_a_row_for_every_server_and_tells_who_was_overloaded() -> None:
    lines = list(a_report().lines(Effort(3, 1.2), {"node": "v20"}, 0.1))

    assert "| listing: CPU of theirs / ours | >= 1.3x | 1.20x | **no** |" in lines
    assert "## Listing (30.9 kB)" in lines
    assert "| ours | 0.500 | 1.00 | 500 | 40.00 | 50.00 | 1.20 | 3.40 | 90 |" in lines
    assert (
        "| theirs | 0.600 | 1.20 | 500 | 40.00 | 50.00 | overloaded | 7 unanswered | 90 |" in lines
    )


def test_a_report_tells_of_a_machine_that_was_busy() -> None:
    def noise(busy: float) -> bool:
        return "take these for noise" in "\n".join(a_report().lines(Effort(3, 1.2), {}, busy))

    assert [noise(0.4), noise(2.3)] == [False, True]


def test_a_chart_is_svg_with_a_bar_for_every_server_as_long_as_its_figure() -> None:
    picture = ET.fromstring(chart.drawn(a_report()))  # noqa: S314  our own
    svg = "{http://www.w3.org/2000/svg}"

    texts = [text.text for text in picture.iter(f"{svg}text")]
    bars = [float(bar.attrib["width"]) for bar in picture.iter(f"{svg}rect")][1:]

    assert [texts.count(name) for name in CELLS] == [2, 2, 2]
    assert {"Listing", "Page & more", "0.5 ms · 1x", "0.6 ms · 1.2x", "0.1 ms · 0.2x"} <= {*texts}
    assert bars[:3] == bars[3:]
    assert bars[1] > bars[0] > bars[2] == 0  # 0.1 ms is where the scale begins


def test_parts_are_chosen_by_name() -> None:
    assert asked(["peers", "--quick"]) == ({"in_memory", "fixed_costs", "over_http"}, True)
    assert asked(["executors", "in_memory"]) == ({"executors", "in_memory"}, False)
    assert asked([])[0] >= {"http_clients", "executors", "fault_matrix", "over_http"}


def test_cpu_is_that_of_the_process_and_its_children() -> None:
    burning = "import os\nwhile sum(os.times()[:2]) < 0.3: pass\nprint(flush=True)\ninput()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burning!r}])"
    with subprocess.Popen(  # noqa: S603  our own words
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        server = Server("http://unused", process.pid)

        cpu, memory = server.cpu, server.memory

        process.communicate(b"\n")
    assert 0.3 <= cpu < 10
    assert memory > 10_000_000
