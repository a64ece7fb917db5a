"""How is the gateway served by uvicorn, and how does it end?"""

import asyncio
import gc
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack

import uvicorn
from starlette.applications import Starlette

from app.main import Gateway
from app.settings import Settings
from app.wire import http, websockets

GARBAGE = (50_000, 20, 100)  # objects more than before; looks among them until older ones' turn


def look_less_for_garbage() -> None:
    """Look for garbage in cycles seldom, and never among what is there by now, for that stays.

    Looking through all of it, as Python does now and then, holds up everybody for longer than most
    answers take.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


class GatewayServer(uvicorn.Server):
    """A server that says when it listens, and lets lasting connections go before it ends.

    It starts and ends the application by itself: of what keeps one from starting uvicorn makes a
    traceback in the log, though it may be a person's mistake.
    """

    def __init__(
        self,
        gateway: Gateway,
        app: Starlette,
        settings: Settings,
        *,
        announce: Callable[[], None],
    ) -> None:
        self._gateway = gateway
        self._graceful = settings.server.graceful.total_seconds()
        self._leave_over = settings.streams.leave_over.total_seconds()
        self._announce = announce
        self._app = app
        self._life = AsyncExitStack()
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # who may say for whom they ask is a setting of ours
                lifespan="off",
                timeout_graceful_shutdown=max(1, round(self._graceful)),
                **http(settings.requests),
                **websockets(settings.streams),
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce.

        Raises:
            MisconfiguredError: it cannot, for something that is to be put right before.
        """
        await self._life.enter_async_context(self._app.router.lifespan_context(self._app))
        await super().startup(sockets)
        look_less_for_garbage()
        if self.started:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Sockets and event streams end first: uvicorn would cut the ones and wait for the others.

        Both together take no longer than is graceful.
        """
        clock = asyncio.get_running_loop().time
        started = clock()
        within = self._graceful / 2
        await self._gateway.lasting.leave(within, over=min(self._leave_over, within / 2))
        left = self._graceful - (clock() - started)
        self.config.timeout_graceful_shutdown = max(1, round(left))
        await super().shutdown(sockets)
        if not self.force_exit:
            await self._life.aclose()

    async def _wait_tasks_to_complete(self) -> None:
        """Mutations end, too, whose clients have left: of these uvicorn knows nothing."""
        await super()._wait_tasks_to_complete()
        if self._gateway.operations is not None:
            await self._gateway.operations.finished()
