"""A gateway with subscriptions, served over real sockets or handed its messages."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.frames import Close

from app.api.conversation import Sleep
from app.api.schema import Schema
from app.main import Gateway
from app.upkeep import beside
from app.wire import websockets as as_websockets
from connectors.kit.serve import serve
from connectors.kit.specimen import Asgi
from tests.gateways import Retailer, running_over
from tests.streams.schemas import Feeds, a_schema

PROTOCOL = "graphql-transport-ws"
WITHIN = 60.0  # seconds: whatever is waited for comes soon, or never


@dataclass
class Served:
    """A gateway under its address."""

    address: str
    gateway: Gateway
    feeds: Feeds

    @property
    def url(self) -> str:
        return f"{self.address}/graphql"

    @asynccontextmanager
    async def socket(self, **options: Any) -> AsyncIterator["Client"]:
        """A socket that is open and nothing else."""
        options = {"subprotocols": [PROTOCOL], "ping_interval": None, **options}
        url = self.url.replace("http", "ws", 1)
        async with websockets.connect(url, **options) as socket:
            yield Client(socket)

    @asynccontextmanager
    async def client(self, **options: Any) -> AsyncIterator["Client"]:
        """A socket that was acknowledged."""
        async with self.socket(**options) as client:
            await client.say(type="connection_init")
            assert await client.hear() == {"type": "connection_ack"}
            yield client


@dataclass
class Client:
    """The client's side of a socket."""

    socket: ClientConnection

    async def say(self, **message: Any) -> None:
        await self.socket.send(orjson.dumps(message).decode())

    async def ask(self, id_: str, query: str, **variables: Any) -> None:
        await self.say(type="subscribe", id=id_, payload={"query": query, "variables": variables})

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(WITHIN):
            message: dict[str, Any] = orjson.loads(await self.socket.recv())
        return message

    async def ends(self) -> tuple[int, str]:
        """The code and the reason with which the other side closes; messages before are lost."""
        async with asyncio.timeout(WITHIN):
            try:
                while True:
                    await self.socket.recv()
            except websockets.ConnectionClosed as closed:
                end = closed.rcvd or Close(1006, "")
                return end.code, end.reason


@dataclass
class Clock:
    """Time that passes when it is told to: `sleep` returns when `passes` says that it is over."""

    sleepers: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)
    now: float = 0.0

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.now + seconds, future))
        await future

    def passes(self, seconds: float) -> None:
        self.now += seconds
        for until, future in self.sleepers:
            if until <= self.now and not future.done():
                future.set_result(None)
        self.sleepers = [one for one in self.sleepers if not one[1].done()]


async def until(condition: Callable[[], bool]) -> None:
    """Let everything else run until a condition holds."""
    async with asyncio.timeout(WITHIN):
        while not condition():  # noqa: ASYNC110  of things that tell nobody when they change
            await asyncio.sleep(0.001)


async def a_gateway(shop: Retailer | None = None, **sections: Any) -> Gateway:
    """A gateway over a made-up shop."""
    return await running_over({"shop": shop or Retailer()}, **sections)


def without_lifespan(app: Asgi) -> Asgi:
    """The app of a gateway that has started already."""

    async def only(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] in {"http", "websocket"}
        await app(scope, receive, send)

    return only


@asynccontextmanager
async def served(
    *,
    schema: Schema | None = None,
    sleep: Sleep = asyncio.sleep,
    **sections: Any,
) -> AsyncIterator[Served]:
    """A gateway over the schema of news, or another, on a port of its own."""
    feeds = Feeds()
    gateway = await a_gateway(**sections)
    gateway.sleep = sleep
    app = gateway.app(schema or a_schema(feeds))
    options = as_websockets(gateway.settings.streams)
    async with (
        beside(gateway.services.events.tail.run()),
        serve(without_lifespan(app), proxy_headers=False, **options) as address,
    ):
        yield Served(address, gateway, feeds)
