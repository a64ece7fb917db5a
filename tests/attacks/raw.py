"""A gateway on a port in this loop, asked by hand over raw connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Receive, Scope, Send

from app import settings as config
from app.wire import http
from connectors.kit.serve import serve
from tests.attacks.wire import app_of
from tests.gateways import Retailer, gateway_over

WITHIN = 60.0  # seconds: whatever is waited for comes soon, or never
PRODUCT = b'{"query": "{ product(handle: \\"shirt\\") { name } }"}'
PROBE = b'{"query": "{ __typename }"}'
TYPENAME = b'{"data":{"__typename":"Query"}}'
SHIRT = b'{"data":{"product":{"name":"Camicia"}}'


def post(body: bytes, headers: bytes = b"") -> bytes:
    return (
        b"POST /graphql HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n"
        b"%bcontent-length: %d\r\n\r\n%b" % (headers, len(body), body)
    )


@dataclass
class Gateway:
    """A gateway under its port, with an upstream that answers when it is told to."""

    port: int = 0
    shop: Retailer = field(default_factory=Retailer)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    async def wait(self) -> None:
        self.asked.set()
        await self.answering.wait()

    @asynccontextmanager
    async def client(self, said: bytes) -> AsyncIterator[asyncio.StreamReader]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(WITHIN):
                writer.write(said)
                yield reader
        finally:
            writer.close()


@asynccontextmanager
async def gateway(**requests: Any) -> AsyncIterator[Gateway]:
    one = Gateway()
    async with gateway_over({"shop": one.shop}, requests=requests) as ask:
        app = app_of(ask)
        one.shop.wait = one.wait

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                try:
                    await app(scope, receive, send)
                finally:
                    one.ended.put_nowait(None)

        options = http(config.Requests.model_validate(requests))
        async with serve(watched, **options) as url:
            one.port = int(url.rpartition(":")[2])
            yield one


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    )
    return int(head.split(b" ", 2)[1]), await reader.readexactly(length)
