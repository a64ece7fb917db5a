"""The machinery around the live Vendure, without one."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.node import Engine, NoNodeError, find_engine
from tests.real.vendure.live import live
from tests.real.vendure.server import VendureServer, prepared, stop

STUBBORN = """
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
sys.stdin.read()
signal.pause()
"""


@contextmanager
def nowhere() -> Iterator[VendureServer]:
    raise NoNodeError("no Node.js")
    yield


def test_without_node_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(NoNodeError, match=r"no Node\.js 20 or newer with npm 10"):
        find_engine(str(tmp_path), wheel="no_such_package")


@pytest.mark.parametrize(
    ("node", "npm", "taken"),
    [("v18.20.4", "10.7.0", False), ("v20.19.2", "9.2.0", False), ("v20.0.0", "10.0.0", True)],
)
def test_an_old_node_or_npm_is_not_taken(
    tmp_path: Path, node: str, npm: str, *, taken: bool
) -> None:
    for name, version in (("node", node), ("npm", npm)):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho {version}\n")
        program.chmod(0o755)
    own = Engine((str(tmp_path / "node"),), (str(tmp_path / "npm"),))

    if taken:
        assert find_engine(str(tmp_path), wheel="no_such_package") == own
    else:
        with pytest.raises(NoNodeError):
            find_engine(str(tmp_path), wheel="no_such_package")


def test_the_node_of_the_wheel_is_taken_else(tmp_path: Path) -> None:
    engine = find_engine(str(tmp_path), wheel="json")  # any package with a folder

    assert engine.node[0].endswith("json/bin/node")
    assert engine.npm[1].endswith("json/lib/node_modules/npm/bin/npm-cli.js")


def test_a_failed_build_leaves_nothing_that_looks_like_a_finished_one(tmp_path: Path) -> None:
    broken = Engine(node=("false",), npm=("false",))

    with pytest.raises(NoNodeError, match="the packages cannot be installed"):
        prepared(broken, tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_a_process_that_ignores_the_request_to_end_is_ended() -> None:
    process = subprocess.Popen(  # noqa: S603  our own script
        [sys.executable, "-c", STUBBORN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as told:
        assert told.readline() == "ready\n"

        stop(process, within=0.1)

    assert process.returncode == -9


def test_without_a_vendure_a_test_is_skipped_aloud_but_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"no live Vendure: no Node\.js"), live(nowhere):
        pass

    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"no live Vendure: no Node\.js"), live(nowhere):
        pass
