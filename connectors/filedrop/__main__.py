"""The process of the desks: settings come in as its first line, addresses go out as its first."""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from secrets import token_urlsafe
from threading import Thread
from typing import Any

import orjson
import structlog

from connectors.filedrop.desk import Desk, app
from connectors.filedrop.settings import Settings
from connectors.kit.serve import serve


async def run(asked: Mapping[str, Any]) -> None:
    """Serve desks until nobody holds the other end of standard input."""
    desks = {name: Desk(Settings.model_validate(one)) for name, one in asked.items()}
    prefixes = {name: f"/{token_urlsafe(24)}" for name in desks}
    alone = asyncio.Event()
    loop = asyncio.get_running_loop()
    Thread(target=_wait, args=(loop, alone), daemon=True).start()
    async with serve(app({prefixes[name]: desk for name, desk in desks.items()})) as url:
        looking = [asyncio.ensure_future(desk.looking()) for desk in desks.values()]
        addresses = {name: f"{url}{prefix}" for name, prefix in prefixes.items()}
        sys.stdout.write(orjson.dumps(addresses).decode() + "\n")
        sys.stdout.flush()
        await alone.wait()
        for one in looking:
            one.cancel()
        await asyncio.wait(looking)
        for desk in desks.values():
            await desk.close()


def _wait(loop: asyncio.AbstractEventLoop, alone: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    with suppress(RuntimeError):  # the loop may have ended by itself
        loop.call_soon_threadsafe(alone.set)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(run(orjson.loads(sys.stdin.buffer.readline())))
