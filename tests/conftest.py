"""What every test may ask for."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from tests.real.vendure.live import WITHOUT


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def the_log_as_it_was() -> Iterator[None]:
    """A command that configures the log does so for its own test only."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


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
