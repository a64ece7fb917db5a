"""What the tests of this folder may ask for."""

from collections.abc import Iterator

import pytest

from tests.real.vendure.live import WITHOUT, live
from tests.real.vendure.server import VendureServer


@pytest.fixture(scope="session")
def server() -> Iterator[VendureServer]:
    """A Vendure that all share; what a test adds, the others do not look at."""
    with live() as running:
        yield running


@pytest.fixture
def changing() -> Iterator[VendureServer]:
    """A Vendure of the test's own, to change."""
    with live() as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end of a run what it did not show."""
    skipped = [
        report
        for report in terminalreporter.getreports("skipped")
        if WITHOUT in str(report.longrepr)
    ]
    if skipped:
        terminalreporter.section("tests that did not run", yellow=True)
        terminalreporter.line(f"{len(skipped)} tests with a live Vendure were skipped:")
        terminalreporter.line(str(skipped[0].longrepr[2]))
