"""One caller has so many connections of a process at most, whatever they go over."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
import websockets

from app.api.lasting import CrowdedError, FullError, Lasting
from app.settings import Streams
from app.values import PrincipalKind
from tests.staff import STAFF, as_
from tests.streams.schemas import News
from tests.streams.served import WITHIN, Client, Served, served, until

PROXIED: dict[str, Any] = {"server": {"trusted_proxies": ["127.0.0.1"], "metrics": True}}
NEWS = "subscription { news { number } }"
ACCEPTS = {
    "events": "text/event-stream",
    "multipart": "multipart/mixed;boundary=graphql;subscriptionSpec=1.0",
}
ONE, OTHER = {"x-forwarded-for": "192.0.2.1"}, {"x-forwarded-for": "192.0.2.2"}


def crowded(most: int) -> str:
    return (
        f"Too many connections of this caller are open, the limit is {most}: close one, or ask on a"
        " WebSocket that is open."
    )


def gateway_for(most: int, **sections: Any) -> AbstractAsyncContextManager[Served]:
    """A gateway behind a proxy that is trusted, with so many connections for each caller."""
    return served(streams={"max_open_per_caller": most}, **{**PROXIED, **sections})


def open_at(gateway: Served) -> dict[str, int]:
    return dict(gateway.gateway.lasting.callers)


@asynccontextmanager
async def stream(
    gateway: Served, transport: str, headers: dict[str, str]
) -> AsyncIterator[httpx.Response]:
    """The head of the answer to a subscription."""
    asked = {"accept": ACCEPTS[transport], **headers}
    async with (
        httpx.AsyncClient(timeout=WITHIN) as http,
        http.stream("POST", gateway.url, json={"query": NEWS}, headers=asked) as response,
    ):
        yield response


async def refused(gateway: Served, transport: str, headers: dict[str, str], most: int) -> None:
    """One stream more is none, and says why."""
    async with stream(gateway, transport, headers) as response:
        await response.aread()

    assert (response.status_code, response.headers["retry-after"]) == (429, "5")
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    error = {"message": crowded(most), "extensions": {"code": "TOO_MANY_CONNECTIONS"}}
    assert response.json() == {"errors": [error]}


async def closed(gateway: Served, most: int, headers: dict[str, str], **payload: str) -> None:
    """One socket more is closed when it says whose it is."""
    async with gateway.socket(additional_headers=headers) as client:
        await client.say(type="connection_init", payload=payload)
        assert await client.ends() == (1013, crowded(most))


@asynccontextmanager
async def introduced(
    gateway: Served, headers: dict[str, str], **payload: str
) -> AsyncIterator[Client]:
    async with gateway.socket(additional_headers=headers) as client:
        await client.say(type="connection_init", payload=payload)
        assert await client.hear() == {"type": "connection_ack"}
        yield client


@pytest.mark.parametrize("transport", ACCEPTS)
async def test_a_caller_at_its_limit_has_no_further_stream_and_others_have(transport: str) -> None:
    async with gateway_for(2) as gateway:
        async with stream(gateway, transport, ONE):
            async with stream(gateway, transport, ONE):
                await refused(gateway, transport, ONE, most=2)
                async with stream(gateway, transport, OTHER) as other:
                    assert other.status_code == 200
                    assert open_at(gateway) == {"192.0.2.1": 2, "192.0.2.2": 1}
            await until(lambda: open_at(gateway) == {"192.0.2.1": 1})
            async with stream(gateway, transport, ONE) as again:
                assert again.status_code == 200
                assert open_at(gateway) == {"192.0.2.1": 2}
        await until(lambda: open_at(gateway) == {})

    assert gateway.gateway.lasting.open.total() == 0


async def test_a_caller_at_its_limit_has_no_further_socket_and_others_have() -> None:
    async with gateway_for(2) as gateway:
        async with introduced(gateway, ONE):
            async with introduced(gateway, ONE):
                await closed(gateway, 2, ONE)
                async with introduced(gateway, OTHER):
                    await until(lambda: open_at(gateway) == {"192.0.2.1": 2, "192.0.2.2": 1})
            await until(lambda: open_at(gateway) == {"192.0.2.1": 1})
            async with introduced(gateway, ONE):
                assert open_at(gateway) == {"192.0.2.1": 2}
        await until(lambda: open_at(gateway) == {})

    assert gateway.gateway.lasting.open.total() == 0


async def test_sockets_and_streams_of_a_caller_count_together() -> None:
    async with (
        gateway_for(3) as gateway,
        introduced(gateway, ONE),
        stream(gateway, "events", ONE),
        stream(gateway, "multipart", ONE),
    ):
        await closed(gateway, 3, ONE)
        for transport in ACCEPTS:
            await refused(gateway, transport, ONE, most=3)


async def test_a_query_needs_no_place_where_there_is_none() -> None:
    async with (
        gateway_for(1) as gateway,
        stream(gateway, "events", ONE),
        httpx.AsyncClient() as http,
    ):
        for accept in ("application/json", "text/event-stream"):
            asked = {"accept": accept, **ONE}
            answer = await http.post(gateway.url, json={"query": "{ hello }"}, headers=asked)
            assert answer.status_code == 200


async def test_who_proves_who_they_are_counts_alone_wherever_they_are() -> None:
    other = as_(PrincipalKind.STAFF, "somebody else")
    async with (
        gateway_for(1) as gateway,
        introduced(gateway, ONE),  # a guest has all places of the address
        introduced(gateway, ONE, **STAFF),  # as a browser says it
        stream(gateway, "events", {**ONE, **other}),
    ):
        await closed(gateway, 1, OTHER, **STAFF)
        await closed(gateway, 1, {**OTHER, **STAFF})  # in the handshake
        for transport in ACCEPTS:
            await refused(gateway, transport, {**OTHER, **STAFF}, most=1)
        async with (
            introduced(gateway, OTHER),
            stream(gateway, "events", as_(PrincipalKind.CUSTOMER)),
        ):
            assert sorted(open_at(gateway).values()) == [1, 1, 1, 1, 1]


async def test_sockets_that_do_not_introduce_themselves_are_counted_apart() -> None:
    async with (
        gateway_for(2) as gateway,
        gateway.socket(additional_headers=ONE),
        gateway.socket(additional_headers=ONE) as second,
    ):
        with pytest.raises(websockets.InvalidStatus) as refusal:
            async with gateway.socket(additional_headers=ONE):
                pass
        answer = refusal.value.response
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
        assert answer.body == (
            b"Too many WebSockets from this address wait for connection_init, the limit is 2: send"
            b" it on them."
        )
        async with introduced(gateway, OTHER), stream(gateway, "events", ONE):
            pass
        await second.say(type="connection_init")
        assert await second.hear() == {"type": "connection_ack"}
        async with introduced(gateway, ONE):
            await until(lambda: open_at(gateway) == {"strangers of 192.0.2.1": 1, "192.0.2.1": 2})


async def test_nobody_takes_the_places_of_an_address_that_is_not_theirs() -> None:
    async with (
        served(streams={"max_open_per_caller": 1}) as gateway,  # of a peer that is no proxy of ours
        introduced(gateway, ONE),
        stream(gateway, "events", STAFF),
    ):
        await closed(gateway, 1, OTHER)
        for transport in ACCEPTS:
            await refused(gateway, transport, OTHER, most=1)


async def test_all_addresses_of_a_household_are_one_caller() -> None:
    one, same, other = (
        {"x-forwarded-for": address}
        for address in ("2001:db8::1", "2001:db8::ffff", "2001:db8:0:1::1")
    )
    async with gateway_for(1) as gateway, stream(gateway, "events", one):
        await refused(gateway, "events", same, most=1)
        await closed(gateway, 1, same)
        async with introduced(gateway, other):
            assert open_at(gateway) == {"2001:db8::/64": 1, "2001:db8:0:1::/64": 1}


async def _is_forbidden(client: Client) -> None:
    await client.say(type="connection_init", payload={"authorization": "Bearer nonsense"})
    assert await client.ends() == (4403, "Forbidden")


async def _breaks_the_protocol(client: Client) -> None:
    await client.say(type="connection_init")
    await client.socket.send("1")
    assert (await client.ends())[0] == 4400


async def _vanishes(client: Client) -> None:
    await client.say(type="connection_init")
    assert await client.hear() == {"type": "connection_ack"}
    await client.ask("1", NEWS)
    client.socket.transport.abort()


async def _vanishes_before_it_says_who_it_is(client: Client) -> None:
    client.socket.transport.abort()


@pytest.mark.parametrize(
    "ends",
    [_is_forbidden, _breaks_the_protocol, _vanishes, _vanishes_before_it_says_who_it_is],
)
async def test_however_a_socket_ends_its_place_is_free(ends: Callable[[Client], Any]) -> None:
    async with gateway_for(1) as gateway:
        async with gateway.socket(additional_headers=ONE) as client:
            await ends(client)
        await until(lambda: open_at(gateway) == {})
        async with introduced(gateway, ONE):
            assert open_at(gateway) == {"192.0.2.1": 1}


@pytest.mark.parametrize("transport", ACCEPTS)
async def test_a_stream_whose_source_fails_frees_its_place(transport: str) -> None:
    async with gateway_for(1) as gateway, stream(gateway, transport, ONE) as response:
        await until(lambda: gateway.feeds.open == 1)
        gateway.feeds.give("all", News(number=1))
        gateway.feeds.give("all", RuntimeError("secret"))
        await response.aread()
        await until(lambda: open_at(gateway) == {})


async def test_a_socket_of_another_protocol_frees_its_place() -> None:
    async with gateway_for(1) as gateway:
        async with gateway.socket(additional_headers=ONE, subprotocols=["graphql-ws"]) as client:
            assert await client.ends() == (4406, "Subprotocol not acceptable")
        await until(lambda: open_at(gateway) == {})


async def test_when_the_process_goes_all_places_are_given_back() -> None:
    async with (
        gateway_for(3) as gateway,
        introduced(gateway, ONE),
        gateway.socket(additional_headers=ONE),
        stream(gateway, "events", ONE),
        stream(gateway, "multipart", ONE),
    ):
        assert open_at(gateway) == {"strangers of 192.0.2.1": 1, "192.0.2.1": 3}
        await gateway.gateway.lasting.leave(WITHIN)
        assert open_at(gateway) == {}
        assert gateway.gateway.lasting.refused == {"max_open": 0, "max_open_per_caller": 0}


async def test_what_a_limit_keeps_out_is_counted_by_the_limit() -> None:
    streams = {"max_open": 2, "max_open_per_caller": 1}
    async with served(streams=streams, **PROXIED) as gateway, httpx.AsyncClient() as http:
        before = (await http.get(f"{gateway.address}/metrics")).text
        async with stream(gateway, "events", ONE):
            await refused(gateway, "events", ONE, most=1)
            await closed(gateway, 1, ONE)
            await until(lambda: gateway.gateway.lasting.open.total() == 1)
            async with stream(gateway, "events", OTHER), stream(gateway, "events", ONE) as full:
                assert (full.status_code, full.headers["retry-after"]) == (503, "5")
            after = (await http.get(f"{gateway.address}/metrics")).text

    for limit, count in (("max_open", 1), ("max_open_per_caller", 2)):
        name = f'tessera_connections_refused_total{{limit="{limit}"}}'
        assert f"{name} 0.0\n" in before
        assert f"{name} {count}.0\n" in after
    assert "192.0.2" not in after


@pytest.mark.parametrize("raised", [RuntimeError, asyncio.CancelledError, GeneratorExit])
def test_whatever_is_raised_a_place_is_given_back(raised: type[BaseException]) -> None:
    book = Lasting(2, 1)

    def ends() -> None:
        with book.held("socket", "strangers") as place:
            place.move("somebody")
            assert (book.callers, book.open) == (Counter(somebody=1), Counter(socket=1))
            raise raised

    with pytest.raises(raised):
        ends()
    assert (dict(book.callers), book.open.total()) == ({}, 0)


def test_a_place_that_cannot_be_moved_stays_whose_it_was() -> None:
    book = Lasting(3, 1)
    with book.held("events", "somebody"), book.held("socket", "strangers") as place:
        place.move("strangers")
        with pytest.raises(CrowdedError):
            place.move("somebody")
        assert book.callers == Counter(somebody=1, strangers=1)
        with pytest.raises(CrowdedError), book.held("events", "somebody"):
            pass
        assert book.callers == Counter(somebody=1, strangers=1)
        assert book.open == Counter(events=1, socket=1)
        with book.held("events", "another"), pytest.raises(FullError), book.held("events", "more"):
            pass

    assert dict(book.callers) == {}
    assert book.refused == Counter(max_open=1, max_open_per_caller=2)


@pytest.mark.parametrize(
    ("said", "most"),
    [
        ({}, 200),
        ({"max_open": 5_000}, 1_000),
        ({"max_open": 3}, 1),
        ({"max_open": 10, "max_open_per_caller": 10}, 10),
        ({"max_open_per_caller": 7}, 7),
    ],
)
def test_unless_it_is_said_a_caller_has_a_fifth(said: dict[str, int], most: int) -> None:
    assert Streams.model_validate(said).open_per_caller == most
