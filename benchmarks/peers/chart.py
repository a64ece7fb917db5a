"""What do the tables look like? Bars on a logarithmic scale, as SVG."""

from benchmarks.peers.report import Report


def drawn(report: Report) -> str:
    return "<svg/>"
