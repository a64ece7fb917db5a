"""How do the retailer's systems run beside the gateway? In one process that ends when we do."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import orjson

from app.errors import MisconfiguredError
from connectors.sandbox import state
from connectors.sandbox.settings import Settings

ROOT = Path(__file__).resolve().parents[2]  # the folder that holds `connectors`
STARTS_WITHIN = 30.0  # seconds; a busy machine takes a few
ENDS_WITHIN = 5.0  # seconds, before it is killed


@asynccontextmanager
async def embedded(settings: Mapping[str, Settings]) -> AsyncIterator[Mapping[str, str]]:
    """The systems of these connections, served on loopback; their addresses by connection.

    The process ends with the block, and also when ours is killed: its standard input closes then.

    Raises:
        MisconfiguredError: the process does not come up.
    """
    process = await _start(settings)
    try:
        addresses = await _addresses(process)
        running = {
            name: state.Running(system=settings[name].system, url=url)
            for name, url in addresses.items()
        }
        with state.published(running):
            yield addresses
    finally:
        await asyncio.shield(_stop(process))


async def _start(settings: Mapping[str, Settings]) -> Process:
    asked = {name: {"system": one.system, "seed": one.seed} for name, one in settings.items()}
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "connectors.sandbox", orjson.dumps(asked).decode()),
        stdin=PIPE,
        stdout=PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        start_new_session=True,  # an interrupt at the keyboard is for the gateway to answer
    )


async def _addresses(process: Process) -> Mapping[str, str]:
    if process.stdout is None:
        raise RuntimeError("the process was started without a pipe")
    try:
        line = await asyncio.wait_for(process.stdout.readline(), STARTS_WITHIN)
    except TimeoutError as error:
        raise MisconfiguredError(
            f"the sandbox did not start within {STARTS_WITHIN:.0f} s"
        ) from error
    if not line:
        raise MisconfiguredError("the sandbox ended while starting; its last words are above")
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
