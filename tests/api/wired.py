"""Clients that speak to uvicorn's protocol, as it is set up for a gateway, without sockets."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from uvicorn import Config
from uvicorn.server import ServerState

from app.api.prompt import PromptOperations
from app.main import Gateway
from app.wire import BoundedHttp, http
from tests.builders import NOON, a_price
from tests.gateways import Retailer, running_over
from tests.streams.served import until

LISTING = """query Listing($first: Int) {
  products(first: $first) {
    totalCount
    edges { node { handle variants { sku price { amount { amount } } } } }
  }
}"""
BROKEN = 'query Broken { products(after: "rubbish") { totalCount } }'
TIME = "query Time { __typename }"
NAMES = "query Names { products(first: 5) { edges { node { handle } } } }"
DEFERRED = "query Later { ... @defer { locations { edges { node { code } } } } }"


@dataclass
class Transport:
    """A connection whose client is a test."""

    said: bytes = b""
    closed: bool = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("192.0.2.7", 4711), "sockname": ("127.0.0.1", 80)}.get(name, default)

    def write(self, data: bytes) -> None:
        self.said += data

    def writelines(self, parts: Iterable[bytes]) -> None:
        self.said += b"".join(parts)

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def pause_reading(self) -> None:
        """It goes on."""

    resume_reading = pause_reading


@dataclass
class Answer:
    """What a client was told."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Client:
    """One connection to a server."""

    protocol: BoundedHttp
    transport: Transport = field(default_factory=Transport)

    def say(self, wire: bytes) -> None:
        self.protocol.data_received(wire)

    def heard(self) -> list[Answer]:
        answers, rest = [], self.transport.said
        while b"\r\n\r\n" in rest:
            head, _, rest = rest.partition(b"\r\n\r\n")
            status, *lines = head.decode().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            length = int(headers["content-length"])
            answers.append(Answer(int(status.split()[1]), headers, rest[:length]))
            rest = rest[length:]
        return answers

    async def answers(self, count: int = 1) -> list[Answer]:
        """All that it was answered since the last time, when there are so many."""
        await until(lambda: len(self.heard()) >= count)
        answers, self.transport.said = self.heard(), b""
        return answers


def wire(asked: Any, *headers: tuple[str, str], version: str = "1.1") -> bytes:
    body = asked if isinstance(asked, bytes) else orjson.dumps(asked)
    given = {"host": "shop", "content-type": "application/json", **dict(headers)}
    lines = [f"{name}: {value}" for name, value in given.items() if value]
    head = "\r\n".join([f"POST /graphql HTTP/{version}", *lines, f"content-length: {len(body)}"])
    return head.encode() + b"\r\n\r\n" + body


def question(query: str = LISTING, **variables: Any) -> dict[str, Any]:
    return {"query": query, "variables": variables}


@dataclass
class Server:
    """A gateway behind uvicorn's protocol."""

    gateway: Gateway
    config: Config
    app: Any

    @property
    def counts(self) -> Counter[str]:
        counts: Counter[str] = self.app.cohorts.counts
        return counts

    def client(self) -> Client:
        loop = asyncio.get_running_loop()
        make: Any = self.config.http_protocol_class
        protocol = make(config=self.config, server_state=ServerState(), app_state={}, _loop=loop)
        client = Client(protocol)
        transport: Any = client.transport
        protocol.connection_made(transport)
        return client

    async def ask(self, *wires: bytes) -> list[Answer]:
        """All at the same time, each on a connection of its own."""
        clients = [self.client() for _ in wires]
        for client, one in zip(clients, wires, strict=True):
            client.say(one)
        answers = [(await client.answers())[0] for client in clients]
        for client in clients:
            client.protocol.connection_lost(None)
        return answers

    async def known(self, *asked: Any) -> None:
        """Let questions be known, and that they need not wait."""
        for one in asked:
            for _ in range(3):
                await self.ask(wire(one))
        self.counts.clear()


async def served(shop: Retailer | None = None, **sections: Any) -> Server:
    now = sections.pop("now", lambda: NOON)
    prices = [a_price(sku) for sku in ("SHIRT-RED-M",)]
    shop = shop or Retailer(known_prices=prices)
    sections = {"freshness": {}, "budget": {"size": 10**9, "restore_rate": 10**9}, **sections}
    gateway = await running_over({"shop": shop}, now=now, clock=lambda: 0.0, **sections)
    app = gateway.app()
    options: dict[str, Any] = http(gateway.settings.requests)
    config = Config(app, log_config=None, access_log=False, proxy_headers=False, **options)
    config.load()
    return Server(gateway, config, app)


def noted(taken: list[str], name: str) -> Any:
    """A step that says when it is taken."""
    usual = getattr(PromptOperations, name)

    def step(*arguments: Any) -> Any:
        taken.append(name)
        return usual(*arguments)

    return step
