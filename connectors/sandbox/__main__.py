"""Serves the asked systems on loopback until standard input closes: `python -m connectors.sandbox`.

The one argument is a JSON object, connection name to `{"system": …, "seed": …}`. The one line of
output is a JSON object, connection name to address.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Thread

import orjson
import uvicorn

from connectors.sandbox.damage import Message, Receive, Send
from connectors.sandbox.faults import FaultyUpstream
from connectors.sandbox.retailer.upstreams import upstream

LOOPBACK = "127.0.0.1"
GRACE = 1  # seconds that open requests get when we end


class ByPort:
    """Each system behind a port of its own, in one server."""

    def __init__(self, systems: Mapping[int, FaultyUpstream]) -> None:
        self._systems = systems

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Hand the request to the system whose port it came in by."""
        _, port = scope["server"]
        await self._systems[port](scope, receive, send)

    def release(self) -> None:
        """Let go of every request that is being kept waiting."""
        for system in self._systems.values():
            system.release()


async def serve(asked: Mapping[str, Mapping[str, str | int]]) -> None:
    """Serve until nobody holds our standard input open any more."""
    doors = {name: socket.create_server((LOOPBACK, 0)) for name in asked}
    ports = {name: door.getsockname()[1] for name, door in doors.items()}
    app = ByPort(
        {
            ports[name]: upstream(str(one["system"]), seed=int(one["seed"]), states_date=True)
            for name, one in asked.items()
        }
    )
    server = uvicorn.Server(_config(app))
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True
        app.release()

    Thread(target=_when_alone, args=(loop, stop), daemon=True).start()
    addresses = {name: f"http://{LOOPBACK}:{port}" for name, port in ports.items()}
    sys.stdout.write(orjson.dumps(addresses).decode() + "\n")
    sys.stdout.flush()
    await server.serve(sockets=list(doors.values()))


def _config(app: ByPort) -> uvicorn.Config:
    """Quiet: the errors it would log are those it was told to make."""
    return uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )


def _when_alone(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Read, past all buffers, until the other end of standard input is closed."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    with suppress(RuntimeError):  # the loop may have ended by itself
        loop.call_soon_threadsafe(stop)


if __name__ == "__main__":
    asyncio.run(serve(orjson.loads(sys.argv[1])))
