"""Where are the connectors of this project, and where are they proven?"""

from pathlib import Path

from app.ports import FoundConnector

CONNECTORS = Path(__file__).parent.parent


def tests_of(found: FoundConnector) -> Path:
    """Beside ours for a connector of this project, else in its own folder."""
    beside = found.folder.parent.parent / "tests" / "connectors" / found.name
    return beside if beside.is_dir() else found.folder / "tests"


def live_tests_of(found: FoundConnector) -> Path:
    """Where tests against a live upstream are."""
    beside = found.folder.parent.parent / "tests" / "real"
    return beside if beside.is_dir() else tests_of(found)
