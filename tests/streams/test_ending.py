"""The server ends: what is waited for."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from app import serving
from app.serving import GatewayServer
from tests.streams.schemas import Feeds, a_schema
from tests.streams.served import WITHIN, a_gateway, until


class Gate(asyncio.Event):
    """It says when somebody stands before it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()

    async def wait(self) -> Any:
        self.reached.set()
        return await super().wait()


async def test_a_mutation_whose_client_has_left_is_finished_before_the_process_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate, waited, changed_at_the_end = Gate(), asyncio.Event(), list[str]()
    feeds = Feeds(gate=gate)
    gateway = await a_gateway()
    inner = gateway.app(a_schema(feeds))
    waiting = uvicorn.Server._wait_tasks_to_complete

    @asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        yield
        changed_at_the_end.extend(feeds.changed)

    async def wait_tasks(self: uvicorn.Server) -> None:
        await waiting(self)
        waited.set()

    monkeypatch.setattr(serving, "look_less_for_garbage", lambda: None)
    monkeypatch.setattr(uvicorn.Server, "_wait_tasks_to_complete", wait_tasks)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app = Starlette(routes=[Mount("/", inner)], lifespan=life)
        server = GatewayServer(gateway, app, gateway.settings, announce=lambda: None)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/graphql"
        async with httpx.AsyncClient(timeout=WITHIN) as http:
            body = {"query": 'mutation { change(to: "blue") }'}
            asking = asyncio.create_task(http.post(url, json=body))
            await gate.reached.wait()
            asking.cancel()
        await until(lambda: not server.server_state.tasks)
        server.should_exit = True
        await waited.wait()
        for _ in range(100):
            await asyncio.sleep(0)
        gate.set()
        await running

    assert changed_at_the_end == ["blue"]
