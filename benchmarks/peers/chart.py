"""What do the tables look like? CPU of a request as bars, on a logarithmic scale, in SVG."""

from collections.abc import Iterator, Mapping
from html import escape
from math import ceil, floor, log10

from benchmarks.peers.measuring import Cells
from benchmarks.peers.report import Report

WIDTH, NAMES, ROOM = 860, 200, 110  # pixels: all, names at the left, figures at the right
BAR, GAP, HEAD, FOOT = 16, 7, 46, 34
OURS, THEIRS, GRID, INK, FAINT = "#c2410c", "#64748b", "#e2e8f0", "#0f172a", "#475569"
FONT = "font-family='system-ui, Helvetica, Arial, sans-serif'"


def drawn(report: Report) -> str:
    """A panel for each table that is to be drawn, one under the other."""
    panels = {
        table.title: {name: cell for name, cell in table.closed.items() if cell.cpu}
        for table in report.tables[: report.plotted]
    }
    scale = _Scale.over(panels)
    parts: list[str] = []
    top = 64
    for title, cells in panels.items():
        parts += _panel(title, cells, scale, top)
        top += HEAD + len(cells) * (BAR + GAP) + FOOT
    what = "CPU of one request, milliseconds (logarithmic; shorter is better)"
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {top}' {FONT}>",
            f"<rect width='{WIDTH}' height='{top}' fill='white'/>",
            _text(24, 32, report.title, size=18, weight=700),
            _text(24, 54, what, size=12, ink=FAINT),
            *parts,
            "</svg>\n",
        ]
    )


class _Scale:
    """Where on the page a figure is; whole powers of ten at both ends."""

    def __init__(self, least: int, most: int) -> None:
        self.powers = range(least, most + 1)
        self._pixels = (WIDTH - NAMES - ROOM) / (most - least)
        self._least = least

    @classmethod
    def over(cls, panels: Mapping[str, Cells]) -> "_Scale":
        """For all figures of all panels, in milliseconds."""
        figures = [cell.cpu * 1000 for cells in panels.values() for cell in cells.values()]
        least = floor(log10(min(figures)))
        return cls(least, max(ceil(log10(max(figures))), least + 1))

    def at(self, figure: float) -> float:
        """Pixels from the left."""
        return NAMES + (log10(figure) - self._least) * self._pixels


def _panel(title: str, cells: Cells, scale: _Scale, top: int) -> Iterator[str]:
    first, bottom = top + HEAD, top + HEAD + len(cells) * (BAR + GAP)
    yield _text(24, top + 28, f"{title[0].upper()}{title[1:]}", size=14, weight=700)
    for power in scale.powers:
        x = scale.at(10**power)
        yield f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{first - 4}' y2='{bottom}' stroke='{GRID}'/>"
        yield _text(x, bottom + 14, f"{10**power:g}", size=11, ink=FAINT, anchor="middle")
    base = next(iter(cells.values())).cpu
    for place, (name, cell) in enumerate(cells.items()):
        yield from _bar(name, cell.cpu * 1000, cell.cpu / base, scale, first + place * (BAR + GAP))


def _bar(name: str, figure: float, ratio: float, scale: _Scale, y: int) -> Iterator[str]:
    left, right = scale.at(10 ** scale.powers[0]), scale.at(figure)
    ours = name.startswith("Tessera")
    fill, weight = (OURS, 700) if ours else (THEIRS, 400)
    size = f"width='{right - left:.1f}' height='{BAR}' rx='2'"
    yield _text(NAMES - 10, y + 12, name, size=12, weight=weight, anchor="end")
    yield f"<rect x='{left:.1f}' y='{y}' {size} fill='{fill}'/>"
    yield _text(right + 8, y + 12, f"{figure:.3g} ms · {ratio:.2g}x", size=12)


def _text(  # noqa: PLR0913  as many as a text has sides
    x: float,
    y: float,
    text: str,
    *,
    size: int,
    weight: int = 400,
    ink: str = INK,
    anchor: str = "start",
) -> str:
    place = f"x='{x:.1f}' y='{y}' font-size='{size}' font-weight='{weight}'"
    return f"<text {place} fill='{ink}' text-anchor='{anchor}'>{escape(text)}</text>"
