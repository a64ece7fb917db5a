"""A new connector works from its first minute, and nothing outside its two folders is touched."""

import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from app.ports import PORTS
from connectors.kit.scaffold import new

PROJECT = Path(__file__).parents[3]
CHECK = """
import asyncio
from datetime import timedelta
from app.upstream.client import ClientPolicy, open_client
from connectors.kit.commands import check, listing

policy = ClientPolicy(timeout=timedelta(seconds=1.5))
print(listing())
print(asyncio.run(check(["tillpoint"], lambda url: open_client("t", url, policy=policy))).render())
"""
WRITTEN = [
    "connectors/tillpoint/README.md",
    "connectors/tillpoint/__init__.py",
    "connectors/tillpoint/connection.py",
    "connectors/tillpoint/manifest.toml",
    "connectors/tillpoint/mapping.py",
    "connectors/tillpoint/settings.py",
    "connectors/tillpoint/specimen.py",
    "tests/connectors/tillpoint/test_tillpoint.py",
]


def a_project(into: Path) -> Path:
    """The project without its connectors and tests."""
    shutil.copytree(PROJECT / "app", into / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(
        PROJECT / "connectors" / "kit",
        into / "connectors" / "kit",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (into / "tests" / "connectors").mkdir(parents=True)
    for name in (
        "pyproject.toml",
        "connectors/__init__.py",
        "tests/conftest.py",
        "tests/connectors/test_conformance.py",
    ):
        shutil.copy(PROJECT / name, into / name)
    return into


def run(project: Path, *command: str) -> str:
    ran = subprocess.run(  # noqa: S603  our own tools on files we wrote
        [sys.executable, *command], cwd=project, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_two_folders_are_written_and_nothing_else(tmp_path: Path) -> None:
    written = new("tillpoint", tmp_path)

    found = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert [str(path.relative_to(tmp_path)) for path in written] == WRITTEN
    assert found == sorted(written)


@pytest.mark.parametrize("name", ["ab", "zz_long_vendor_name1"])
def test_what_is_written_is_clean_whatever_the_length_of_the_name(
    tmp_path: Path, name: str
) -> None:
    project = a_project(tmp_path)
    new(name, project)
    folders = (f"connectors/{name}", f"tests/connectors/{name}")

    run(project, "-m", "ruff", "format", "--no-cache", "--check", *folders)
    run(project, "-m", "ruff", "check", "--no-cache", *folders)


def test_a_new_connector_passes_its_tests_and_conformance(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    new("tillpoint", project)

    told = run(project, "-m", "pytest", "-q", "-p", "no:randomly", "tests/connectors")

    own_tests, cases, tier = 9, 14, 1
    assert f"{own_tests + cases + tier} passed" in told


def test_a_new_connector_is_listed_and_reaches_bronze(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    new("tillpoint", project)

    told = run(project, "-c", CHECK).splitlines()

    assert told[0].split()[:3] == ["connector", "kind", "tier"]
    assert told[1].split() == ["tillpoint", "pos", "bronze", *["-"] * (len(PORTS) - 1), "beta"]
    graded = [line for line in told if line.startswith(("tillpoint:", "  StockSource", "  x"))]
    assert graded == ["tillpoint: claims bronze, reaches bronze — ok", "  StockSource 14/14"]


def test_a_new_connector_is_typed(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    new("tillpoint", project)

    told = run(
        project,
        "-m",
        "mypy",
        "--cache-dir",
        str(tmp_path / "cache"),
        "connectors/tillpoint",
        "tests/connectors/tillpoint/test_tillpoint.py",
    )

    assert told == "Success: no issues found in 6 source files\n"


def test_the_day_of_the_scaffold_is_the_day_of_its_review(tmp_path: Path) -> None:
    new("tillpoint", tmp_path, today=date(2026, 5, 4))

    card = (tmp_path / "connectors" / "tillpoint" / "manifest.toml").read_text()
    assert 'readme = "2026-05-04, scaffold: ' in card


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Tillpoint", "use lower-case words joined by underscores"),
        ("till-point", "use lower-case words joined by underscores"),
        ("../tills", "use lower-case words joined by underscores"),
        ("", "use lower-case words joined by underscores"),
        ("kit", "the word is taken"),
        ("class", "the word is taken"),
        ("a_name_that_is_far_too_long", "use at most 20 characters"),
    ],
)
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the whole message is compared
        new(name, tmp_path)

    assert str(caught.value) == f"{name!r} cannot name a connector: {why}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["connectors/tillpoint", "tests/connectors/tillpoint"])
def test_nothing_is_written_over(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir(parents=True)

    with pytest.raises(FileExistsError, match=f"{folder} is there already"):
        new("tillpoint", tmp_path)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
