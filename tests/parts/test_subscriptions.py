"""Subscriptions whose answers come as parts of a multipart body."""

import httpx
import pytest

from tests.parts.reading import parts
from tests.streams.schemas import END, News
from tests.streams.served import Clock, served, until

SUBSCRIPTIONS = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0"
NEWS = "subscription { news { number odd } }"


@pytest.mark.parametrize("accept", [SUBSCRIPTIONS, "multipart/mixed"])
async def test_every_answer_is_a_payload_and_the_end_is_told(accept: str) -> None:
    async with (
        served() as gateway,
        parts(gateway.address, NEWS, accept=accept) as answer,
    ):
        assert answer.boundary == b"graphql"
        assert await answer.next() == {}
        await until(lambda: gateway.feeds.open == 1)
        gateway.feeds.give("all", News(number=1))
        first = await answer.next()
        gateway.feeds.give("all", News(number=2))
        failed = await answer.next()
        gateway.feeds.give("all", END)
        await answer.end()

    assert first == {"payload": {"data": {"news": {"number": 1, "odd": 1}}}}
    assert failed["payload"]["data"] is None
    assert failed["payload"]["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_heart_beats_every_five_seconds() -> None:
    clock = Clock()
    async with (
        served(sleep=clock.sleep) as gateway,
        parts(gateway.address, NEWS, accept=SUBSCRIPTIONS) as answer,
    ):
        assert await answer.next() == {}
        await until(lambda: gateway.feeds.open == 1)
        for _ in range(2):
            await until(lambda: len(clock.sleepers) == 1)
            clock.passes(4.9)
            assert len(clock.sleepers) == 1
            clock.passes(0.1)
            assert await answer.next() == {}


async def test_a_source_that_fails_ends_the_subscription_beside_the_payload() -> None:
    async with (
        served() as gateway,
        parts(gateway.address, NEWS, accept=SUBSCRIPTIONS) as answer,
    ):
        await answer.next()
        await until(lambda: gateway.feeds.open == 1)
        gateway.feeds.give("all", RuntimeError("secret"))
        told = await answer.next()
        await answer.end()

    assert told["payload"] is None
    assert [one["extensions"]["code"] for one in told["errors"]] == ["INTERNAL"]
    assert "secret" not in str(told)


async def test_the_end_of_the_process_is_told() -> None:
    async with (
        served() as gateway,
        parts(gateway.address, NEWS, accept=SUBSCRIPTIONS) as answer,
    ):
        await answer.next()
        await until(lambda: gateway.feeds.open == 1)
        await gateway.gateway.lasting.leave(10)
        told = await answer.next()
        await answer.end()
        assert gateway.feeds.open == 0

    assert told == {
        "payload": None,
        "errors": [{"message": "The server is going away.", "extensions": {"code": "UNAVAILABLE"}}],
    }


async def test_a_client_that_goes_away_closes_the_source() -> None:
    async with served() as gateway:
        async with parts(gateway.address, NEWS, accept=SUBSCRIPTIONS) as answer:
            await answer.next()
            await until(lambda: gateway.feeds.open == 1)
        await until(lambda: gateway.feeds.open == 0)


@pytest.mark.parametrize(
    ("accept", "status"),
    [(f"{SUBSCRIPTIONS}, application/json", 200), (SUBSCRIPTIONS, 200), ("application/json", 406)],
)
async def test_what_is_refused_is_told_in_what_the_client_takes(accept: str, status: int) -> None:
    query = NEWS if status == 406 else "subscription { nothing }"
    async with served() as gateway, httpx.AsyncClient() as http:
        answer = await http.post(gateway.url, json={"query": query}, headers={"accept": accept})
        assert gateway.feeds.opened == 0

    assert answer.status_code == status
    assert answer.headers["content-type"] == (
        'multipart/mixed;boundary="graphql";subscriptionSpec=1.0'
        if accept == SUBSCRIPTIONS
        else "application/json; charset=utf-8"
    )
    if accept == SUBSCRIPTIONS:
        assert '{"payload":null,"errors":[{"message"' in answer.text
        assert answer.text.endswith("\r\n--graphql--\r\n")


async def test_who_takes_events_gets_events() -> None:
    accept = "text/event-stream, multipart/mixed"
    async with served() as gateway, httpx.AsyncClient() as http:
        query = "subscription { count(to: 1) { number } }"
        answer = await http.post(gateway.url, json={"query": query}, headers={"accept": accept})

    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"


async def test_multipart_streams_have_a_label_of_their_own() -> None:
    async with (
        served(server={"metrics": True}) as gateway,
        parts(gateway.address, NEWS, accept=SUBSCRIPTIONS) as answer,
        httpx.AsyncClient() as http,
    ):
        await answer.next()
        metrics = (await http.get(f"{gateway.address}/metrics")).text

    assert 'tessera_open_connections{transport="multipart"} 1.0' in metrics
