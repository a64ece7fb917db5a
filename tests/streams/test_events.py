"""Answers as server-sent events over real HTTP (GraphQL over SSE, distinct connections mode)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest

from app.api.schema import build_schema
from tests.streams.schemas import END, News
from tests.streams.served import WITHIN, Clock, Served, served, until

EVENTS = {"accept": "text/event-stream"}
PREFLIGHT = {"x-tessera-preflight": "1"}
NEWS = "subscription { news { number } }"
HELLO = "{ hello }"


@asynccontextmanager
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=WITHIN) as client:
        yield client


@asynccontextmanager
async def asked(
    gateway: Served, query: str, headers: dict[str, str] | None = None
) -> AsyncIterator[tuple[httpx.Response, AsyncIterator[str]]]:
    """The response, and its events one by one."""
    async with (
        http() as client,
        client.stream(
            "POST", gateway.url, json={"query": query}, headers={**EVENTS, **(headers or {})}
        ) as response,
    ):
        yield response, events(response)


async def events(response: httpx.Response) -> AsyncIterator[str]:
    held = ""
    async for text in response.aiter_text():
        held += text
        while "\n\n" in held:
            event, held = held.split("\n\n", 1)
            yield event
    assert held == ""


def told(event: str) -> tuple[str, str, dict[str, Any]]:
    """Its kind, its id and its data."""
    first, *second, third = event.split("\n")
    return (
        first.removeprefix("event: "),
        "".join(second).removeprefix("id: "),
        orjson.loads(third.removeprefix("data: ")),
    )


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_events_are_told_as_they_come_whatever_encoding_is_taken(encoding: str) -> None:
    async with (
        served() as gateway,
        asked(gateway, NEWS, {"accept-encoding": encoding}) as (response, stream),
    ):
        assert await anext(stream) == ":"
        await until(lambda: gateway.feeds.open == 1)
        got = []
        for number in (1, 2):
            gateway.feeds.give("all", News(number=number, text="x" * 5_000))
            got.append(told(await anext(stream)))
        gateway.feeds.give("all", END)
        got_last = [event async for event in stream]

    assert got == [
        ("next", "1", {"data": {"news": {"number": 1}}}),
        ("next", "2", {"data": {"news": {"number": 2}}}),
    ]
    assert got_last == ["event: complete\ndata: "]
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-accel-buffering"] == "no"
    assert response.headers["vary"] == "Accept"
    assert "content-encoding" not in response.headers
    assert "x-request-id" in response.headers


async def test_an_event_with_a_cursor_is_told_under_it_and_a_caller_comes_back_with_it() -> None:
    async with served() as gateway:
        async with asked(gateway, NEWS) as (_, stream):
            await anext(stream)
            await until(lambda: gateway.feeds.open == 1)
            gateway.feeds.give("all", News(number=7, cursor="epoch-1:7"))
            gateway.feeds.give("all", News(number=8, cursor="two\nlines"))
            first, second = told(await anext(stream)), told(await anext(stream))
        async with asked(gateway, "subscription { after }", {"last-event-id": "epoch-1:7"}) as (
            _,
            stream,
        ):
            await anext(stream)
            again = told(await anext(stream))

    assert (first[1], second[1]) == ("epoch-1:7", "2")
    assert again[2] == {"data": {"after": "epoch-1:7"}}


@pytest.mark.parametrize("field", ["stuck", "number"])
async def test_what_could_not_be_told_is_not_what_a_caller_comes_back_with(field: str) -> None:
    """An event that took too long, and a source that failed."""
    query = f"subscription {{ news {{ {field} }} }}"
    async with (
        served(requests={"budget": "PT0.2S", "reserve": "PT0S"}) as gateway,
        asked(gateway, query) as (_, stream),
    ):
        await anext(stream)
        await until(lambda: gateway.feeds.open == 1)
        failing = News(number=7, cursor="epoch-1:7") if field == "stuck" else RuntimeError()
        gateway.feeds.give("all", failing)
        event = await anext(stream)

    assert event.startswith("event: next\ndata: {")


async def test_a_stream_with_places_ends_at_what_cannot_be_told() -> None:
    """Else the next event would be told as if nothing were missing."""
    query = "subscription { news { odd } }"
    async with served() as gateway, asked(gateway, query) as (_, stream):
        await anext(stream)
        await until(lambda: gateway.feeds.open == 1)
        for number in (1, 2, 3):
            gateway.feeds.give("all", News(number=number, cursor=f"place-{number}"))
        first, second, third = [await anext(stream) for _ in range(3)]

    assert first.startswith('event: next\nid: place-1\ndata: {"data"')
    assert second.startswith('event: next\ndata: {"data":null,"errors"')
    assert third.startswith("event: complete")


async def test_a_refusal_for_now_is_not_what_a_caller_comes_back_with() -> None:
    one, place = "subscription { count(to: 1) { number } }", {"last-event-id": "epoch-1:7"}
    body: dict[str, Any] = {}
    async with served(budget={"size": 1, "restore_rate": 1}) as gateway:
        while "errors" not in body:
            async with asked(gateway, one, place) as (_, stream):
                event = await anext(stream)
                kind, id_, body = told(await anext(stream) if event == ":" else event)

    assert (kind, id_) == ("next", "")
    assert [error["extensions"]["code"] for error in body["errors"]] == ["BUDGET_EXCEEDED"]


async def test_a_query_is_told_as_one_event() -> None:
    async with served() as gateway, http() as client:
        posted = await client.post(gateway.url, json={"query": HELLO}, headers=EVENTS)
        got = await client.get(gateway.url, params={"query": HELLO}, headers=EVENTS | PREFLIGHT)

    expected = 'event: next\nid: 1\ndata: {"data":{"hello":"Hello, you!"}}\n\n'
    assert posted.text == got.text == expected + "event: complete\ndata: \n\n"


async def test_the_real_schema_is_asked_by_events() -> None:
    async with served(schema=build_schema()) as gateway, http() as client:
        query = '{ product(handle: "shirt") { name } }'
        answer = await client.post(gateway.url, json={"query": query}, headers=EVENTS)

    kind, _, body = told(answer.text.split("\n\n")[0])
    assert kind == "next"
    assert body["data"] == {"product": {"name": "Camicia"}}


@pytest.mark.parametrize("query", ["{", "{ nothing }", "query($x: Int!) { hello }"])
async def test_what_cannot_be_executed_is_told_by_an_event_as_the_protocol_says(
    query: str,
) -> None:
    async with served() as gateway, http() as client:
        answer = await client.post(gateway.url, json={"query": query}, headers=EVENTS)

    first, last, rest = answer.text.split("\n\n")
    kind, id_, body = told(first)
    assert (answer.status_code, kind, last, rest) == (200, "next", "event: complete\ndata: ", "")
    assert id_ == ""
    assert list(body) == ["errors"]


async def test_a_failing_source_is_told_before_the_completion() -> None:
    async with served() as gateway, asked(gateway, "subscription { refused }") as (_, stream):
        answers = [event async for event in stream]

    (error,) = told(answers[1])[2]["errors"]
    assert (error["message"], error["path"]) == ("Not that.", ["refused"])
    assert answers[2:] == ["event: complete\ndata: "]


@pytest.mark.parametrize(
    ("method", "options", "status"),
    [
        ("POST", {"content": b"{"}, 415),
        ("POST", {"content": b"{", "headers": {"content-type": "application/json"}}, 400),
        ("POST", {"json": {"nothing": 1}}, 400),
        ("POST", {"json": {"query": "{ hello }", "variables": "x" * 100_001}}, 413),
        ("GET", {"params": {"query": NEWS}}, 400),
        ("PUT", {"json": {"query": NEWS}}, 405),
    ],
)
async def test_what_is_no_request_is_answered_as_http_does(
    method: str, options: dict[str, Any], status: int
) -> None:
    options["headers"] = EVENTS | options.get("headers", {})
    async with served() as gateway, http() as client:
        answer = await client.request(method, gateway.url, **options)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert gateway.feeds.opened == 0


async def test_a_subscription_changes_nothing_so_a_get_may_ask_it() -> None:
    async with served() as gateway, http() as client:
        params = {"query": "subscription { count(to: 1) { number } }"}
        answer = await client.get(gateway.url, params=params, headers=EVENTS | PREFLIGHT)
        params = {"query": 'mutation { change(to: "x") }'}
        refused = await client.get(gateway.url, params=params, headers=EVENTS | PREFLIGHT)

    assert told(answer.text.split("\n\n")[1])[2] == {"data": {"count": {"number": 1}}}
    assert told(refused.text.split("\n\n")[0])[2]["errors"][0]["message"] == (
        "Send a mutation by POST."
    )
    assert gateway.feeds.changed == []


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/event-stream;q=0, */*"])
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_subscription_needs_a_transport_with_streams(method: str, accept: str) -> None:
    question = {"json": {"query": NEWS}} if method == "POST" else {"params": {"query": NEWS}}
    headers = {"accept": accept} | PREFLIGHT
    async with served() as gateway, http() as client:
        answer = await client.request(method, gateway.url, headers=headers, **question)  # type: ignore[arg-type]

    assert answer.status_code == 406
    assert answer.json()["errors"] == [
        {
            "message": "A subscription is answered by a stream: send it over a WebSocket"
            " (graphql-transport-ws), or accept text/event-stream,"
            " or multipart/mixed;subscriptionSpec=1.0.",
            "extensions": {"code": "BAD_REQUEST"},
        }
    ]
    assert gateway.feeds.opened == 0


@pytest.mark.parametrize(
    ("accept", "query", "expected"),
    [
        ("application/json, text/event-stream", HELLO, "application/json"),
        ("application/json, text/event-stream", NEWS, "text/event-stream"),
        ("text/event-stream, */*", HELLO, "application/json"),
        ("text/event-stream, */*;q=0.1", HELLO, "text/event-stream"),
        ("application/graphql-response+json;q=0.5, text/event-stream", HELLO, "text/event-stream"),
        ("text/plain, text/*", HELLO, "406"),
    ],
)
async def test_a_client_that_takes_both_gets_a_stream_where_it_needs_one(
    accept: str, query: str, expected: str
) -> None:
    async with (
        served() as gateway,
        http() as client,
        client.stream(
            "POST", gateway.url, json={"query": query}, headers={"accept": accept}
        ) as answer,
    ):
        kind = answer.headers["content-type"].partition(";")[0]
        assert expected in {kind, str(answer.status_code)}


async def test_a_client_that_goes_stops_its_source_at_once() -> None:
    async with served(sleep=Clock().sleep) as gateway:  # no comment finds that nobody is there
        async with asked(gateway, NEWS) as (_, stream):
            await anext(stream)
            await until(lambda: gateway.feeds.open == 1)
        await until(lambda: gateway.feeds.open == 0)
        await until(lambda: gateway.gateway.lasting.open.total() == 0)


async def test_comments_keep_a_silent_stream_alive() -> None:
    clock = Clock()
    async with served(sleep=clock.sleep) as gateway, asked(gateway, NEWS) as (_, stream):
        assert await anext(stream) == ":"
        for _ in range(2):
            await until(lambda: len(clock.sleepers) == 1)
            clock.passes(25)
            assert await anext(stream) == ":"


async def test_a_client_that_reads_nothing_loses_its_stream() -> None:
    flood = "subscription($t: String!) { count(to: 1000000, text: $t) { text } }"
    body = orjson.dumps({"query": flood, "variables": {"t": "x" * 10_000}})
    async with served(streams={"patience": "PT0.3S"}) as gateway:
        host, port = gateway.address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n"
            b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        )
        await until(lambda: gateway.feeds.opened == 1)
        await until(lambda: gateway.feeds.open == 0)
        await until(lambda: gateway.gateway.lasting.open.total() == 0)
        writer.close()
        assert not reader.at_eof()


async def test_a_process_holds_so_many_streams() -> None:
    async with served(streams={"max_open": 1}) as gateway, asked(gateway, NEWS) as (_, stream):
        await anext(stream)
        async with asked(gateway, NEWS) as (refused, _):
            body = orjson.loads(await refused.aread())
        async with asked(gateway, HELLO) as (answer, _):
            pass

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert body["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert answer.status_code == 200
    assert gateway.feeds.opened == 1


async def test_streams_end_without_completion_when_the_process_does() -> None:
    async with served() as gateway, asked(gateway, NEWS) as (_, stream):
        assert await anext(stream) == ":"
        await gateway.gateway.lasting.leave(WITHIN)
        assert [event async for event in stream] == []
        assert gateway.feeds.open == 0


async def test_streams_and_plain_requests_are_counted() -> None:
    async with served(server={"metrics": True}) as gateway, http() as client:
        await client.post(gateway.url, json={"query": HELLO})
        async with asked(gateway, NEWS) as (_, stream):
            await anext(stream)
            await until(lambda: gateway.feeds.open == 1)
            gateway.feeds.give("all", News(number=1))
            await anext(stream)
            text = (await client.get(f"{gateway.address}/metrics")).text

    assert 'tessera_open_connections{transport="events"} 1.0' in text
    assert 'tessera_transport_operations_total{transport="events"} 1.0' in text
    assert 'tessera_transport_operations_total{transport="http"} 1.0' in text
    assert 'tessera_stream_answers_total{transport="events"} 1.0' in text
