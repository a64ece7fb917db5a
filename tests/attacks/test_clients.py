"""Clients that leave, trickle or never end what they say: nobody works or waits for them."""

import asyncio
from contextlib import AsyncExitStack

import orjson
import pytest
from structlog.testing import capture_logs

from app.api.http_leaving import WATCHING
from app.wire import LONGEST_HEAD
from tests.attacks.raw import PROBE, PRODUCT, SHIRT, TYPENAME, WITHIN, answer, gateway, post
from tests.builders import a_product
from tests.gateways import Retailer, gateway_over
from tests.redis import until
from tests.streams.served import served
from tests.streams.served import until as until_so


async def test_nothing_more_is_done_for_a_client_that_left() -> None:
    took = []
    for _ in range(3):  # a busy machine may be late, but not each time
        async with gateway(budget="PT1H") as one, asyncio.timeout(WITHIN):
            async with one.client(post(PRODUCT)):
                await one.asked.wait()
            left = asyncio.get_running_loop().time()
            await one.ended.get()
            took.append(asyncio.get_running_loop().time() - left)
        assert not one.answering.is_set()

    assert min(took) < 1.0


async def test_a_mutation_is_not_given_up_when_its_client_goes() -> None:
    body = b'{"query": "mutation { change(to: \\"blue\\") }"}'
    async with served() as one:
        _, writer = await asyncio.open_connection("127.0.0.1", int(one.address.rpartition(":")[2]))
        writer.write(post(body))
        await until(watched)
        writer.close()
        await until(unwatched)
        one.feeds.gate.set()
        await until_so(lambda: one.feeds.changed == ["blue"])


async def test_a_call_that_others_wait_for_survives_the_one_who_left() -> None:
    async with gateway() as one, AsyncExitStack() as stack:
        async with one.client(post(PRODUCT)):
            await one.asked.wait()
            second = await stack.enter_async_context(one.client(post(PRODUCT)))
            await until(both_watched)
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


async def test_a_client_leaves_though_it_has_asked_more_behind() -> None:
    with capture_logs() as logs:
        async with gateway() as one, asyncio.timeout(WITHIN):
            async with one.client(post(PRODUCT) + post(PROBE)):
                await one.asked.wait()
                await until(watched)
            await one.ended.get()

    assert [line["event"] for line in logs if "request" in line["event"]] == ["request.abandoned"]


async def unwatched() -> bool:
    return not await watched()


async def both_watched() -> bool:
    return [task.get_name() for task in asyncio.all_tasks()].count(WATCHING) == 2


async def watched() -> bool:
    """Whether somebody looks whether a client has left."""
    return WATCHING in {task.get_name() for task in asyncio.all_tasks()}


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async with gateway(read_within="PT2S") as one, one.client(post(PROBE)[:-5]) as reader:
        status, body = await answer(reader)
        rest = await reader.read()

    assert status == 408
    assert orjson.loads(body)["errors"][0]["message"] == "The body did not come in time."
    assert rest == b""


@pytest.mark.parametrize(
    "begun", [b"", b"POST /graphql HT", b"POST /graphql HTTP/1.1\r\nhost: a\r\nx: ", b"\r\n\r\n"]
)
async def test_a_head_that_does_not_come_is_not_waited_for(begun: bytes) -> None:
    async with gateway(read_within="PT0.5S") as one, one.client(begun) as reader:
        said = await reader.read()

    assert said == b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    assert one.ended.empty()


async def test_a_second_head_that_does_not_come_is_not_waited_for() -> None:
    async with gateway(read_within="PT2S") as one, one.client(post(PROBE)) as reader:
        first = await answer(reader)
        writing(reader).write(b"POST /gra")
        said = await reader.read()

    assert first == (200, TYPENAME)
    assert said.startswith(b"HTTP/1.1 408 ")


async def test_time_for_the_head_is_not_time_for_the_answer() -> None:
    async with gateway(read_within="PT1S") as one, one.client(post(PRODUCT)) as reader:
        await one.asked.wait()
        asyncio.get_running_loop().call_later(2.0, one.answering.set)  # twice what a head may take
        status, body = await answer(reader)

    assert (status, body[: len(SHIRT)]) == (200, SHIRT)


async def test_a_body_that_comes_after_its_answer_is_no_head() -> None:
    large = b"x" * (LONGEST_HEAD + 30_000)
    said = post(large).replace(b"application/json", b"text/plain")
    async with gateway() as one, one.client(said[:1_000]) as reader:
        refused = await answer(reader)
        writing(reader).write(said[1_000:] + post(PROBE))
        answered = await answer(reader)

    assert (refused[0], answered) == (415, (200, TYPENAME))


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


CHUNKED = (
    b"POST /graphql HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n"
    b"transfer-encoding: chunked\r\n"
)
MUCH = LONGEST_HEAD + 20


async def test_a_head_without_end_is_not_kept_while_another_request_is_answered() -> None:
    async with gateway() as one, one.client(post(PRODUCT)) as reader:
        await one.asked.wait()
        writing(reader).write(b"GET /graphql HTTP/1.1\r\na: " + b"b" * LONGEST_HEAD)
        said = await reader.read()
        await one.ended.get()

    assert said == b""  # a word would be taken for the answer to the first


async def test_what_comes_after_a_body_is_no_header() -> None:
    told = b"%x\r\n%b\r\n0\r\nx-request-id: of-a-trailer\r\n\r\n" % (len(PROBE), PROBE)
    headers = b"x-request-id: of-a-header\r\n\r\n"
    async with gateway() as one:
        async with one.client(CHUNKED + headers + told) as reader:
            head = await reader.readuntil(b"\r\n\r\n")
        async with one.client(CHUNKED + b"\r\n" + told + post(PROBE)) as reader:
            bare = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(len(TYPENAME))
            following = await answer(reader)

    assert b"x-request-id: of-a-header\r\n" in head
    assert b"of-a-trailer" not in head + bare
    assert following == (200, TYPENAME)


@pytest.mark.parametrize(
    "flood",
    [
        b"0\r\n" + b"a: b\r\n" * (MUCH // 6),
        b"0\r\na: " + b"b" * MUCH,
        b"2;a=" + b"b" * MUCH,
        b"0" * MUCH + b"2\r\n",
        (b"1;a=" + b"b" * 95 + b"\r\n \r\n") * (MUCH // 87 + 1),
    ],
    ids=["many trailers", "a long trailer", "a long extension", "a long size", "many extensions"],
)
async def test_what_stands_around_a_body_is_not_without_end(flood: bytes) -> None:
    async with gateway() as one, one.client(CHUNKED + b"expect: 100-continue\r\n\r\n") as reader:
        begun = await reader.readuntil(b"\r\n\r\n")
        writing(reader).write(b"1\r\n \r\n" + flood)
        said = await reader.read()
        await one.ended.get()

    assert begun == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert said == (
        b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
        b"content-length: 0\r\nconnection: close\r\n\r\n"
    )


async def test_a_body_may_come_in_the_smallest_pieces() -> None:
    body = PROBE.ljust(90_000)  # with five bytes around each of them
    pieces = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    async with gateway() as one, one.client(CHUNKED + b"\r\n" + pieces + b"0\r\n\r\n") as reader:
        told = await answer(reader)

    assert told == (200, TYPENAME)


def writing(reader: asyncio.StreamReader) -> asyncio.WriteTransport:
    """The other half of the connection."""
    return reader._transport  # type: ignore[attr-defined,no-any-return]


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
