"""How does a connector run a process beside the gateway? One that ends when we do."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import orjson

from app.errors import MisconfiguredError

ROOT = Path(__file__).resolve().parents[2]  # the folder that holds `connectors`
STARTS_WITHIN = 30.0  # seconds; a busy machine takes a few
ENDS_WITHIN = 5.0  # seconds, before it is killed


@asynccontextmanager
async def beside(
    module: str, *arguments: str, told: bytes = b"", called: str
) -> AsyncIterator[Mapping[str, str]]:
    """The addresses that a module says in its first line, as JSON; it runs until the block ends.

    It ends when its standard input closes, and so also when ours is killed. What it is `told` is
    the first line there: secrets are no `arguments`, which everybody on the machine can read.

    Raises:
        MisconfiguredError: it does not come up; `called` says what.
    """
    process = await _start(module, arguments)
    try:
        yield await _addresses(process, told, called)
    finally:
        await asyncio.shield(_stop(process))


async def _start(module: str, arguments: tuple[str, ...]) -> Process:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
        stdin=PIPE,
        stdout=PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        start_new_session=True,  # an interrupt at the keyboard is for the gateway to answer
    )


async def _addresses(process: Process, told: bytes, called: str) -> Mapping[str, str]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the process was started without pipes")
    if told:
        process.stdin.write(told + b"\n")
    try:
        line = await asyncio.wait_for(process.stdout.readline(), STARTS_WITHIN)
    except TimeoutError as error:
        raise MisconfiguredError(f"{called} did not start within {STARTS_WITHIN:.0f} s") from error
    if not line:
        raise MisconfiguredError(f"{called} ended while starting; its last words are above")
    addresses: Mapping[str, str] = orjson.loads(line)
    return addresses


async def _stop(process: Process) -> None:
    """Close its input, which asks it to end; kill it when it does not."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), ENDS_WITHIN)
    except TimeoutError:
        process.kill()
        await process.wait()
