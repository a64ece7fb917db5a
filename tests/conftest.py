"""What every test may ask for."""

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
import structlog
from hypothesis import HealthCheck, settings

from app.availability import promised

# How long an example takes is no fact about the code: the machine may be busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def a_busy_machine_is_no_silent_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promised, "WITHIN", timedelta(seconds=30))


@pytest.fixture(autouse=True)
def the_log_as_it_was() -> Iterator[None]:
    """A command that configures the log does so for its own test only."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly at the end of a run what it did not show."""
    reasons = Counter(report.longrepr[2] for report in terminalreporter.getreports("skipped"))
    if reasons:
        terminalreporter.section("tests that did not run", yellow=True)
    for reason, count in reasons.items():
        terminalreporter.line(f"{count} tests: {reason}")
