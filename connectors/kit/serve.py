"""How is an ASGI app reached over real HTTP inside a running loop?"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from typing import Any

from uvicorn import Config, Server

from connectors.kit.specimen import Asgi

LOOPBACK = "127.0.0.1"
PATIENCE = 0.5  # seconds that open requests get to notice that their client was cut off


class _GuestServer(Server):
    """A guest in someone else's process: it takes no signals and leaves at once."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._leave = asyncio.Event()

    async def up(self) -> None:
        """Return when the server accepts connections."""
        await self._up

    def leave(self) -> None:
        """Begin to stop."""
        self.should_exit = True
        self._leave.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals belong to the host."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell whoever waits in `up`."""
        try:
            await super().startup(sockets)
        except SystemExit:  # uvicorn's way of saying so; it would take our host down with it
            raise RuntimeError("the app did not start: its lifespan failed") from None
        await self.on_tick(0)  # sets the Date header
        self._up.set_result(None)

    async def main_loop(self) -> None:
        """Refresh the Date header every second until asked to leave."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._leave.wait(), timeout=1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cut every connection; requests that ignore that are cancelled."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            if (transport := connection.transport) is not None:
                transport.close()
        if running := set(self.server_state.tasks):
            _, stubborn = await asyncio.wait(running, timeout=PATIENCE)
            for task in stubborn:
                task.cancel()
        await self.lifespan.shutdown()


@asynccontextmanager
async def serve(app: Asgi, **options: Any) -> AsyncIterator[str]:
    """Serve `app` on a free loopback port; yields its base address.

    `options` are uvicorn's own, such as those of its WebSockets.
    """
    # Named as TCP, so that asyncio switches Nagle's algorithm off (40 ms an answer on loopback).
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind((LOOPBACK, 0))
    port = listener.getsockname()[1]
    server = _GuestServer(Config(app, **{"log_config": None, "lifespan": "auto", **options}))
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    up = asyncio.ensure_future(server.up())
    with listener:
        try:
            await asyncio.wait({serving, up}, return_when=asyncio.FIRST_COMPLETED)
            if not serving.done():
                yield f"http://{LOOPBACK}:{port}"
        finally:
            up.cancel()
            server.leave()
            if not server.started:
                serving.cancel()
            await asyncio.wait({serving})
        if not serving.cancelled():
            serving.result()
