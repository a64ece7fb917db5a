"""How do the servers in Node.js run? From a folder with the packages their lock file names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

import orjson

from benchmarks.peers.running import Server, running
from tests.node import find_engine, installed, run

RECIPE = Path(__file__).parents[1] / "node"
ASKED_WITHIN = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Node:
    """Node.js and the folder with the servers."""

    program: tuple[str, ...]
    home: Path

    def command(self, script: str, **asked: Any) -> list[str]:
        """The command of a script."""
        return [*self.program, f"{script}.js", orjson.dumps(asked).decode()]

    @asynccontextmanager
    async def server(self, script: str, *, core: int, **asked: Any) -> AsyncIterator[Server]:
        """One of the servers."""
        async with running(self.command(script, **asked), core=core, folder=self.home) as server:
            yield server

    def has(self, package: str) -> bool:
        """Whether an optional package is there: some are for one platform only."""
        return (self.home / "node_modules" / package).exists()

    def versions(self) -> dict[str, str]:
        """Those of Node.js and of the packages that are measured or measure."""
        lock = orjson.loads((self.home / "package-lock.json").read_bytes())
        root = lock["packages"][""]
        names = sorted(root["dependencies"] | root.get("optionalDependencies", {}))
        told = {name: lock["packages"][f"node_modules/{name}"]["version"] for name in names}
        return {
            "node": run([*self.program, "--version"], self.home, {}, ASKED_WITHIN).strip(),
            **told,
        }


def prepared() -> Node:
    """Node.js with the packages.

    Raises:
        NoNodeError: this machine has none, or the packages cannot be installed.
    """
    engine = find_engine()
    return Node(engine.node, installed(RECIPE, engine))


def python_versions() -> dict[str, str]:
    """Those of CPython and of its packages that are measured."""
    names = ("aiohttp", "graphql-core", "httptools", "orjson", "starlette", "strawberry-graphql")
    told = {name: version(name) for name in (*names, "uvicorn", "uvloop")}
    return {"CPython": python_version(), **told}
