"""Where does the desk run? In one process beside the gateway, that ends when we do."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from pydantic import SecretStr

from app.errors import MisconfiguredError
from connectors.filedrop.settings import Settings

ROOT = Path(__file__).resolve().parents[2]  # the folder that holds `connectors`
STARTS_WITHIN = 30.0  # seconds; a busy machine takes a few
ENDS_WITHIN = 5.0  # seconds, before it is killed


@asynccontextmanager
async def embedded(settings: Mapping[str, Settings]) -> AsyncIterator[Mapping[str, str]]:
    """Desks for these connections, on loopback; their addresses by connection.

    Files are read and written in that process, so that a large one keeps no question waiting. Each
    address holds a word that nobody can guess, as the desks are for us alone.

    Raises:
        MisconfiguredError: the process does not come up.
    """
    process = await _start()
    try:
        yield await _addresses(process, settings)
    finally:
        await asyncio.shield(_stop(process))


def revealed(settings: Settings) -> Mapping[str, Any]:
    """The settings as they were given, secrets and all."""
    told = settings.model_dump(mode="json")
    for name in type(settings).model_fields:
        if isinstance(secret := getattr(settings, name), SecretStr):
            told[name] = secret.get_secret_value()
    return told


async def _start() -> Process:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "connectors.filedrop"),
        stdin=PIPE,
        stdout=PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        start_new_session=True,  # an interrupt at the keyboard is for the gateway to answer
    )


async def _addresses(process: Process, settings: Mapping[str, Settings]) -> Mapping[str, str]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the process was started without pipes")
    asked = {name: revealed(one) for name, one in settings.items()}
    process.stdin.write(orjson.dumps(asked) + b"\n")
    try:
        line = await asyncio.wait_for(process.stdout.readline(), STARTS_WITHIN)
    except TimeoutError as error:
        raise MisconfiguredError(
            f"the desk of filedrop did not start within {STARTS_WITHIN:.0f} s"
        ) from error
    if not line:
        raise MisconfiguredError("the desk of filedrop ended while starting")
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
