"""How do tests get command-line tools whose packages do not go with ours? Each apart."""

import fcntl
import hashlib
import os
import sys
import tempfile
from pathlib import Path

import pytest

from tests.node import CACHE, NodeError, run

INSTALL_WITHIN = 300.0  # seconds


def installed_tool(lock: Path) -> Path:
    """The folder with the commands of the packages that `lock` names; installed once.

    Where they cannot be installed the test is skipped with a loud word; in CI it fails.
    """
    try:
        return _installed(lock)
    except NodeError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(f"{lock.stem} cannot be installed")


def _installed(lock: Path) -> Path:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(lock.read_bytes() + version.encode()).hexdigest()[:16]
    home = CACHE / lock.stem / digest
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (home / "ready").exists():
            _install(lock, home)
    return home / "bin"


def _install(lock: Path, home: Path) -> None:
    """An interrupted installation never looks like a finished one; environments cannot be moved."""
    uv = str(Path(sys.executable).with_name("uv"))
    with tempfile.TemporaryDirectory() as nowhere:
        folder = Path(nowhere)
        made = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(home)]
        run(made, folder, os.environ, INSTALL_WITHIN)
        python = ("--python", str(home / "bin" / "python"))
        packages = [uv, "pip", "install", "--quiet", *python, "--require-hashes", "-r", str(lock)]
        run(packages, folder, os.environ, INSTALL_WITHIN)
    (home / "ready").touch()
