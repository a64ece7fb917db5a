import asyncio
from datetime import timedelta

import pytest

from app.errors import UpstreamBroken, UpstreamUnauthorized, UpstreamUnavailable
from app.ports import ProductQuery
from app.values import ChannelCode, Locale, Sku
from connectors.vendure.specimen import SESSION
from tests.connectors.vendure.wire import WEB, Clock, FakeHttp, a_connection, asked


async def test_one_log_in_serves_all_calls() -> None:
    http = FakeHttp()
    connection = a_connection(http)

    await asyncio.gather(*(connection.locations() for _ in range(10)))

    assert http.count("log-in") == 1
    tokens = {request.headers.get("authorization") for request in http.sent[1:]}
    assert tokens == {f"Bearer {SESSION}"}
    assert not http.sent[0].safe
    assert all(request.safe for request in http.sent[1:])


async def test_a_session_that_has_ended_is_renewed_once() -> None:
    http = FakeHttp()
    http.say_recorded("stock-locations", "session-ended")

    answer = await a_connection(http).locations()

    assert len(answer.rows) == 3
    assert [request.operation for request in http.sent] == [
        "log-in",
        "stock-locations",
        "log-in",
        "stock-locations",
    ]


async def test_a_session_that_ends_at_once_again_is_told() -> None:
    http = FakeHttp()
    http.say_recorded("stock-locations", "session-ended")
    http.say_recorded("stock-locations", "session-ended")

    with pytest.raises(UpstreamUnauthorized, match="the session has ended"):
        await a_connection(http).locations()

    assert http.count("log-in") == 2


async def test_a_missing_right_does_not_log_in_again() -> None:
    http, error = FakeHttp(), {"path": ["stockLocations"], "extensions": {"code": "FORBIDDEN"}}
    http.say("stock-locations", {"data": None, "errors": [error]})

    with pytest.raises(UpstreamUnauthorized, match="the account may not stock-locations"):
        await a_connection(http).locations()

    assert http.count("log-in") == 1


async def test_a_refused_log_in_is_not_repeated_within_a_minute() -> None:
    http, clock = FakeHttp(), Clock()
    connection = a_connection(http, clock=clock, password="wrong")

    for seconds in (0, 30, 29, 2):
        clock.time += timedelta(seconds=seconds)
        with pytest.raises(UpstreamUnauthorized):
            await connection.locations()

    assert [request.operation for request in http.sent] == ["log-in", "log-in"]


async def test_a_log_in_without_a_token_says_what_to_change() -> None:
    http = FakeHttp()
    http.say("log-in", {"data": {"login": {"__typename": "CurrentUser"}}})

    with pytest.raises(UpstreamUnauthorized, match="Vendure must allow bearer tokens"):
        await a_connection(http).locations()


@pytest.mark.parametrize("said", [b"<html>", {"data": {"login": None}}, {"data": {"login": {}}}])
async def test_a_log_in_that_is_no_answer_is_broken(said: bytes | dict[str, object]) -> None:
    http = FakeHttp()
    http.say("log-in", said)

    with pytest.raises(UpstreamBroken):
        await a_connection(http).locations()


async def test_an_unreachable_shop_is_not_taken_for_a_wrong_password() -> None:
    http = FakeHttp()
    http.say("log-in", UpstreamUnavailable("could not be reached"))
    connection = a_connection(http)

    with pytest.raises(UpstreamUnavailable):
        await connection.locations()

    assert len((await connection.locations()).rows) == 3


async def test_an_api_key_needs_no_log_in_and_is_not_tried_twice() -> None:
    http = FakeHttp()

    with pytest.raises(UpstreamUnauthorized):  # the specimen knows sessions only
        await a_connection(http, username=None, password=None, api_key="key-1").locations()

    (request,) = http.sent
    assert request.headers["vendure-api-key"] == "key-1"
    assert "authorization" not in request.headers


async def test_channel_and_language_go_with_the_call() -> None:
    http = FakeHttp()
    connection = a_connection(
        http, channel_tokens={"WEB": "retail-channel"}, default_channel="main"
    )

    await connection.prices([Sku("BOTTLE")], channel=WEB)
    await connection.locations()
    await connection.browse(
        ProductQuery(first=5, locale=Locale("it-CH"), channel=ChannelCode("WEB"), search="rain")
    )

    told = [
        (request.operation, request.headers.get("vendure-token"), dict(request.query))
        for request in http.sent
    ]
    assert told == [
        ("log-in", None, {}),
        ("prices", "retail-channel", {}),
        ("stock-locations", "main", {}),
        ("search", "retail-channel", {"languageCode": "it"}),
        ("products", "retail-channel", {"languageCode": "it"}),
    ]


async def test_a_visitors_question_carries_no_credentials() -> None:
    http = FakeHttp()

    await a_connection(http).browse(ProductQuery(first=5, locale=Locale("en"), category="footwear"))

    shop = [request for request in http.sent if request.path == "shop-api"]
    assert [request.operation for request in shop] == ["find-category", "search"]
    assert [set(request.headers) for request in shop] == [{"content-type"}] * 2
    assert asked(shop[0]) == {"category": "footwear", "slug": "footwear"}
