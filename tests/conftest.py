"""What every test may ask for."""

import gc
import logging
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
import structlog
from hypothesis import HealthCheck, settings

from app import upkeep
from app.availability import promised
from app.markets import stock
from app.store import standing

# How long an example takes is no fact about the code: the machine may be busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def a_busy_machine_is_no_silent_system(monkeypatch: pytest.MonkeyPatch) -> None:
    patient = timedelta(seconds=30)
    for module in (promised, standing):
        monkeypatch.setattr(module, "WITHIN", patient)
    for module in (upkeep, stock):
        monkeypatch.setattr(module, "LOOK_WITHIN", patient)


@pytest.fixture(autouse=True)
def the_log_as_it_was() -> Iterator[None]:
    """A command that configures the log does so for its own test only."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def what_a_test_left_behind_is_found_with_it() -> Iterator[None]:
    yield
    gc.collect()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Looking for garbage among all that is there by now would hold a test up for a second."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """What was of several tests, and left behind later, is found with the last of all."""
    if nextitem is None:
        gc.unfreeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly at the end of a run what it did not show."""
    reasons = Counter(report.longrepr[2] for report in terminalreporter.getreports("skipped"))
    if reasons:
        terminalreporter.section("tests that did not run", yellow=True)
    for reason, count in reasons.items():
        terminalreporter.line(f"{count} tests: {reason}")
