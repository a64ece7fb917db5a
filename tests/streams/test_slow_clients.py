"""A client that does not read: what is kept for it, and when it is cut."""

import asyncio
import socket

import orjson
import pytest
from structlog.testing import capture_logs
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Close

from app import wire
from app.api import sockets
from app.api.socket_outbox import Outbox
from app.wire import AT_ONCE
from tests.streams.deaf import Deaf
from tests.streams.served import WITHIN, Clock, Served, served, until

FLOOD = "subscription($text: String!) { count(to: 1000000, text: $text) { number text } }"
HURRY = {"patience": "PT0.3S"}
HIGH_WATER = 65_536  # bytes, of a transport: with more it says that nobody reads


async def a_deaf_one(gateway: Served) -> Deaf:
    deaf = Deaf(gateway.address)
    await deaf.shake_hands()
    deaf.say('{"type": "connection_init"}')
    payload = {"query": FLOOD, "variables": {"text": "x" * 2_000}}
    deaf.say(orjson.dumps({"type": "subscribe", "id": "1", "payload": payload}).decode())
    return deaf


async def test_who_does_not_read_is_cut_and_told_why_and_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets, "FAREWELL", 60.0)
    with capture_logs() as logs:
        async with served(streams=HURRY) as gateway, gateway.client() as other:
            deaf = await a_deaf_one(gateway)
            await until(lambda: gateway.feeds.open == 1)
            for number in range(20):
                await other.ask(str(number), "{ hello }")
                assert (await other.hear())["payload"] == {"data": {"hello": "Hello, you!"}}
                await other.hear()
            await until(lambda: gateway.feeds.open == 0)
            hearing = asyncio.ensure_future(deaf.hears_the_end())
            await until(lambda: gateway.gateway.lasting.open["socket"] == 1)
            await until(lambda: deaf.protocol.close_rcvd is not None)
            hearing.cancel()
            await other.ask("last", "{ hello }")
            assert (await other.hear())["id"] == "last"
            deaf.socket.close()

    reason = "Too slow: too many messages wait to be read"
    assert deaf.protocol.close_rcvd == Close(1013, reason)
    (closed,) = [line for line in logs if line["event"] == "socket.closed" and line["ours"]]
    assert (closed["code"], closed["reason"]) == (1013, reason)


async def test_who_never_reads_again_does_not_keep_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wire, "LINGER", 0.2)
    monkeypatch.setattr(sockets, "FAREWELL", 0.2)
    lost: list[bool] = []
    losing = WebSocketsSansIOProtocol.connection_lost

    def connection_lost(self: WebSocketsSansIOProtocol, exc: Exception | None) -> None:
        lost.append(True)
        losing(self, exc)

    monkeypatch.setattr(WebSocketsSansIOProtocol, "connection_lost", connection_lost)
    async with served(streams=HURRY) as gateway:
        deaf = await a_deaf_one(gateway)
        await until(lambda: gateway.feeds.opened == 1)
        await until(lambda: gateway.gateway.lasting.open.total() == 0)
        await until(lambda: lost == [True])
        deaf.socket.close()


async def test_a_client_that_answers_no_pings_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LINGER", 0.1)
    patient = {"patience": "PT60S", "ping_every": "PT0.1S", "pong_within": "PT2S"}
    async with served(streams=patient) as gateway:
        deaf = await a_deaf_one(gateway)
        await until(lambda: gateway.feeds.opened == 1)
        await until(lambda: gateway.gateway.lasting.open.total() == 0)
        await until(lambda: gateway.feeds.open == 0)
        deaf.socket.close()


async def test_of_pings_while_the_client_does_not_read_the_last_one_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting, read, sent = [0], 0, 0
    loop, reading = asyncio.get_running_loop(), WebSocketsSansIOProtocol.data_received

    def data_received(self: WebSocketsSansIOProtocol, data: bytes) -> None:
        nonlocal read
        server: socket.socket = self.transport.get_extra_info("socket")
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32_768)
        reading(self, data)
        read += len(data)
        waiting.append(self.transport.get_write_buffer_size())

    async def ping(number: int) -> None:
        nonlocal sent
        for _ in range(900):
            deaf.protocol.send_ping(b"%d" % number)
        deaf.protocol.send_text(b'{"type": "complete", "id": "1"}')
        data = b"".join(deaf.protocol.data_to_send())
        await loop.sock_sendall(deaf.socket, data)
        sent += len(data)
        await until(lambda: read == sent)

    async with served(sleep=Clock().sleep) as gateway:
        deaf, number, pongs = Deaf(gateway.address), 0, list[bytes]()
        await deaf.shake_hands()
        deaf.say('{"type": "connection_init"}')
        deaf.protocol.receive_data(await loop.sock_recv(deaf.socket, 1024))
        monkeypatch.setattr(WebSocketsSansIOProtocol, "data_received", data_received)
        while waiting[-1] <= HIGH_WATER:
            await ping(number := number + 1)
        for _ in range(20):
            await ping(number := number + 1)
        async with asyncio.timeout(WITHIN):
            while pongs[-1:] != [b"%d" % number]:
                deaf.protocol.receive_data(await loop.sock_recv(deaf.socket, 65_536))
                pongs += deaf.pongs()
        deaf.socket.close()

    assert max(waiting) < HIGH_WATER + AT_ONCE


async def test_a_source_waits_for_its_client() -> None:
    """A client that reads gets all of a burst that is larger than what may wait for it."""
    async with (
        served(streams={"queue": 4, "patience": "PT30S"}) as gateway,
        gateway.client() as client,
    ):
        await client.ask("1", "subscription { count(to: 3000) { number } }")
        numbers = []
        while (message := await client.hear())["type"] == "next":
            numbers.append(message["payload"]["data"]["count"]["number"])

    assert numbers == list(range(1, 3001))
    assert message == {"id": "1", "type": "complete"}


async def test_an_outbox_has_room_for_so_many_messages() -> None:
    outbox = Outbox(2, 100)
    await outbox.put(b"1", 0.01)
    await outbox.put(b"2", 0.01)
    with pytest.raises(TimeoutError):
        await outbox.put(b"3", 0.01)
    waiting = asyncio.ensure_future(outbox.put(b"4", 10))
    await asyncio.sleep(0)
    assert await outbox.take() == b"1"
    await waiting
    assert [await outbox.take(), await outbox.take()] == [b"2", b"4"]


async def test_an_outbox_has_room_for_so_many_bytes_or_one_message() -> None:
    outbox = Outbox(9, 100)
    await outbox.put(b"x" * 500, 0.01)
    with pytest.raises(TimeoutError):
        await outbox.put(b"1", 0.01)
    assert len(await outbox.take()) == 500
    await outbox.put(b"x" * 60, 0.01)
    await outbox.put(b"y" * 40, 0.01)
    with pytest.raises(TimeoutError):
        await outbox.put(b"z", 0.01)


async def test_small_messages_do_not_take_the_room_that_a_large_one_waits_for() -> None:
    outbox, taken = Outbox(9, 100), []
    await outbox.put(b"x" * 60, 0)
    await outbox.put(b"x" * 40, 0)
    large = asyncio.ensure_future(outbox.put(b"y" * 90, 60))
    small = asyncio.ensure_future(outbox.put(b"z" * 10, 0))
    for _ in range(2):
        await asyncio.sleep(0)
        taken.append(len(await outbox.take()))
    await asyncio.gather(large, small)
    taken += [len(await outbox.take()), len(await outbox.take())]

    assert taken == [60, 40, 90, 10]


async def test_an_outbox_says_when_all_was_sent() -> None:
    outbox = Outbox(9, 100)
    await outbox.sent()
    await outbox.put(b"1", 1)
    sent = asyncio.ensure_future(outbox.sent())
    await outbox.take()
    await asyncio.sleep(0)
    assert not sent.done()
    taking = asyncio.ensure_future(outbox.take())
    await sent
    taking.cancel()


async def test_a_source_that_never_waits_lets_others_work() -> None:
    """Events are told one by one, with a turn of the loop between them."""
    async with served() as gateway:
        turns = 0

        async def counting() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counter = asyncio.ensure_future(counting())
        async with gateway.client() as client:
            await client.ask("1", "subscription { count(to: 500) { number } }")
            before = turns
            while (await client.hear())["type"] == "next":
                pass
        counter.cancel()

    assert turns - before >= 500
