"""How does each server run? A process of its own, pinned to a core, ended when we end.

A process says `READY <address>` once it answers, with the id of the process to look at if that is
another one, and leaves when its standard input is closed.
"""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).parents[2]
TICKS = os.sysconf("SC_CLK_TCK")  # a second
STARTS_WITHIN, ENDS_WITHIN = 90.0, 5.0  # seconds


def cores() -> tuple[int, int]:
    """The core that servers have for themselves, and the one of clients and upstreams."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


@dataclass(frozen=True, slots=True)
class Server:
    """A process that answers at `url`."""

    url: str
    pid: int

    @property
    def cpu(self) -> float:
        """Seconds of CPU, user and system, that it and its children have taken."""
        return sum(_ticks(pid) for pid in self._tree()) / TICKS

    @property
    def memory(self) -> int:
        """Resident bytes of it and its children."""
        page = os.sysconf("SC_PAGE_SIZE")
        told = (Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in self._tree())
        return sum(map(int, told)) * page

    def _tree(self) -> list[int]:
        found = [self.pid]
        for pid in found:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                with suppress(FileNotFoundError, ProcessLookupError):  # threads come and go
                    found.extend(map(int, (thread / "children").read_text().split()))
        return found


def _ticks(pid: int) -> int:
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = after_name[11:13]
    return int(user) + int(system)


@asynccontextmanager
async def python(application: str, *, core: int, **asked: Any) -> AsyncIterator[Server]:
    """One of the applications of `benchmarks.peers.server`."""
    said = orjson.dumps({"application": application, **asked}).decode()
    command = [sys.executable, "-m", "benchmarks.peers.server", said]
    async with running(command, core=core, folder=ROOT) as server:
        yield server


@asynccontextmanager
async def running(command: Sequence[str], *, core: int, folder: Path) -> AsyncIterator[Server]:
    """A server that is up."""
    process = await spawned(command, core=core, folder=folder)
    try:
        url, *pid = await asyncio.wait_for(_ready(process, command), STARTS_WITHIN)
        listening = asyncio.create_task(_emptied(process))
        yield Server(url, int(pid[0]) if pid else process.pid)
        listening.cancel()
    finally:
        await ended(process)


async def spawned(command: Sequence[str], *, core: int, folder: Path) -> Process:
    """The process, pinned."""
    pinned = [taskset, "-c", str(core)] if (taskset := shutil.which("taskset")) else []
    return await asyncio.create_subprocess_exec(
        *pinned,
        *command,
        cwd=folder,
        env={**os.environ, "NODE_ENV": "production", "NODE_NO_WARNINGS": "1"},
        stdin=PIPE,
        stdout=PIPE,
        limit=2**24,
    )


async def ended(process: Process) -> None:
    """Close its input; kill it when that does not help."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), ENDS_WITHIN)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _ready(process: Process, command: Sequence[str]) -> list[str]:
    assert process.stdout is not None
    said = []
    async for line in process.stdout:
        if line.startswith(b"READY "):
            return line.decode().split()[1:]
        said.append(line.decode())
    raise RuntimeError(f"{' '.join(command)} did not come up:\n{''.join(said)}")


async def _emptied(process: Process) -> None:
    """Read on, so that it never waits for a full pipe."""
    assert process.stdout is not None
    while await process.stdout.read(65_536):
        pass
