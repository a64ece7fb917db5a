"""How is the gateway served by uvicorn: with which WebSockets, and how does it end?"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.main import Gateway
from app.settings import Settings, Streams

LINGER = 10.0  # seconds that a connection has to take what was last written to it


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that is cut when its client does not even take the end of it.

    uvicorn closes a transport and waits for its buffer to empty: for ever, if nobody reads.
    """

    async def run_asgi(self) -> None:
        """Run the application, then let the connection linger no longer than it may."""
        await super().run_asgi()
        self._cut_later()

    def keepalive_timeout(self) -> None:
        """As above, for a client that does not answer pings."""
        super().keepalive_timeout()
        self._cut_later()

    def _cut_later(self) -> None:
        self.loop.call_later(LINGER, self.transport.abort)


def websockets(streams: Streams) -> dict[str, Any]:
    """How uvicorn speaks WebSocket.

    Frames are not compressed: it would cost each connection as much memory as all the rest of it.
    """
    return {
        "ws": BoundedWebSocket,
        "ws_max_size": streams.max_message,
        "ws_ping_interval": streams.ping_every.total_seconds(),
        "ws_ping_timeout": streams.pong_within.total_seconds(),
        "ws_per_message_deflate": False,
    }


class GatewayServer(uvicorn.Server):
    """A server that says when it listens, and lets lasting connections go before it ends."""

    def __init__(
        self, gateway: Gateway, settings: Settings, *, announce: Callable[[], None]
    ) -> None:
        self._gateway = gateway
        self._graceful = settings.server.graceful.total_seconds()
        self._announce = announce
        super().__init__(
            uvicorn.Config(
                gateway.app(),
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="on",
                timeout_graceful_shutdown=max(1, round(self._graceful)),
                **websockets(settings.streams),
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce."""
        await super().startup(sockets)
        if self.started:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Sockets and event streams end first: uvicorn would cut the ones and wait for the others.

        Both together take no longer than is graceful.
        """
        clock = asyncio.get_running_loop().time
        started = clock()
        await self._gateway.lasting.leave(self._graceful / 2)
        left = self._graceful - (clock() - started)
        self.config.timeout_graceful_shutdown = max(1, round(left))
        await super().shutdown(sockets)
