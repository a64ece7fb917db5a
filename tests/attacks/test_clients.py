"""Clients that leave, trickle or never end what they say: nobody works or waits for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from starlette.types import Receive, Scope, Send

from app import settings as config
from app.api.http_leaving import WATCHING
from app.serving import LONGEST_HEAD, http
from connectors.kit.serve import serve
from tests.attacks.wire import app_of
from tests.builders import a_product
from tests.gateways import Retailer, gateway_over
from tests.redis import until

WITHIN = 10.0  # seconds: whatever is waited for comes at once, or never
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


async def test_nothing_more_is_done_for_a_client_that_left() -> None:
    async with gateway() as one, asyncio.timeout(WITHIN):
        async with one.client(post(PRODUCT)):
            await one.asked.wait()
        left = asyncio.get_running_loop().time()
        await one.ended.get()
        took = asyncio.get_running_loop().time() - left

    assert not one.answering.is_set()
    assert took < 1.0  # at once, and not when its budget of 2.5 seconds is over


async def test_a_call_that_others_wait_for_survives_the_one_who_left() -> None:
    async with gateway() as one, one.client(post(PRODUCT)) as second:
        async with one.client(post(PRODUCT)):
            await one.asked.wait()
        await one.ended.get()
        one.answering.set()
        status, body = await answer(second)

    assert status == 200
    assert body.startswith(SHIRT)
    assert [question for question, _ in one.shop.calls] == ["locations", "products"]


async def test_requests_that_follow_on_one_connection_are_answered_in_their_order() -> None:
    async with gateway() as one, one.client(post(PRODUCT) + post(PROBE) + post(PROBE)) as reader:
        await one.asked.wait()
        await until(watched)
        one.answering.set()
        answers = [await answer(reader) for _ in range(3)]

    assert answers[0][1].startswith(SHIRT)
    assert answers[1:] == [(200, TYPENAME)] * 2


async def watched() -> bool:
    """Whether somebody looks whether a client has left."""
    return WATCHING in {task.get_name() for task in asyncio.all_tasks()}


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async with gateway(read_within="PT0.05S") as one, one.client(post(PROBE)[:-5]) as reader:
        status, body = await answer(reader)
        rest = await reader.read()

    assert status == 408
    assert orjson.loads(body)["errors"][0]["message"] == "The body did not come in time."
    assert rest == b""


@pytest.mark.parametrize(
    "begun", [b"", b"POST /graphql HT", b"POST /graphql HTTP/1.1\r\nhost: a\r\nx: ", b"\r\n\r\n"]
)
async def test_a_head_that_does_not_come_is_not_waited_for(begun: bytes) -> None:
    async with gateway(read_within="PT0.05S") as one, one.client(begun) as reader:
        said = await reader.read()

    assert said == b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    assert one.ended.empty()


async def test_a_second_head_that_does_not_come_is_not_waited_for() -> None:
    async with gateway(read_within="PT0.2S") as one, one.client(post(PROBE)) as reader:
        first = await answer(reader)
        reader._transport.write(b"POST /gra")  # type: ignore[attr-defined]  # its other half
        said = await reader.read()

    assert first == (200, TYPENAME)
    assert said.startswith(b"HTTP/1.1 408 ")


async def test_time_for_the_head_is_not_time_for_the_answer() -> None:
    async with gateway(read_within="PT0.05S") as one, one.client(post(PRODUCT)) as reader:
        await one.asked.wait()
        asyncio.get_running_loop().call_later(0.1, one.answering.set)  # twice what a head may take
        status, body = await answer(reader)

    assert (status, body[: len(SHIRT)]) == (200, SHIRT)


@pytest.mark.parametrize(
    "flood",
    [
        b"GET /graphql HTTP/1.1\r\n" + b"a: b\r\n" * (LONGEST_HEAD // 6),
        b"GET /graphql HTTP/1.1\r\na: " + b"b" * LONGEST_HEAD,
        b"GET /graphql?query=" + b"b" * LONGEST_HEAD,
    ],
    ids=["many headers", "a long header", "a long address"],
)
async def test_a_head_without_end_is_not_kept(flood: bytes) -> None:
    async with gateway() as one, one.client(flood) as reader:
        said = await reader.read()

    assert said.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert one.ended.empty()


async def test_an_answer_that_is_too_large_is_not_sent() -> None:
    many = [a_product(id=str(n), handle=f"p{n}") for n in range(50)]
    query = "{ products(first: 50) { edges { node { id name handle } } } }"
    async with gateway_over(
        {"shop": Retailer(known_products=many)}, requests={"max_answer": 1_000}
    ) as ask:
        large = await ask(query)
        small = await ask.data(query.replace("id name", "").replace("50", "5"))

    [error] = large["errors"]
    measured = error["extensions"]["measured"]
    assert large["data"] is None
    assert measured > 1_000
    assert error["extensions"] == {"code": "ANSWER_TOO_LARGE", "measured": measured, "limit": 1_000}
    assert error["message"] == (
        f"The answer has {measured:,} bytes, the limit is 1,000: ask for smaller pages (first),"
        " fewer keys or fewer fields."
    )
    assert len(small["products"]["edges"]) == 5
