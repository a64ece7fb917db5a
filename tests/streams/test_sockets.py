"""What is said over a real socket, frame by frame (graphql-transport-ws)."""

import asyncio
import gc
import tracemalloc
from typing import Any

import httpx
import orjson
import pytest
import structlog
import websockets
from structlog.testing import capture_logs
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

from app import wire
from app.api.admission import Admission, Entered
from app.api.schema import build_schema
from app.principals.model import Principal
from app.principals.service import Principals
from app.wire import AT_ONCE, MOST_FRAMES
from tests.streams.schemas import END, News
from tests.streams.served import WITHIN, Clock, served, until

HELLO = "{ hello }"
NEWS = "subscription($of: String) { news(of: $of) { number twice } }"
NEVER = "subscription { news { number } }"


def news(id_: str, number: int) -> dict[str, Any]:
    data = {"news": {"number": number, "twice": 2 * number}}
    return {"id": id_, "type": "next", "payload": {"data": data}}


async def test_a_query_has_one_answer_and_a_completion() -> None:
    async with served() as gateway, gateway.client() as client:
        await client.ask("a", "query($n: String!) { hello(name: $n) }", n="Ada")
        answers = [await client.hear(), await client.hear()]

    assert answers == [
        {"id": "a", "type": "next", "payload": {"data": {"hello": "Hello, Ada!"}}},
        {"id": "a", "type": "complete"},
    ]


async def test_the_real_schema_is_asked_over_a_socket() -> None:
    async with served(schema=build_schema()) as gateway, gateway.client() as client:
        await client.ask("1", '{ product(handle: "shirt") { name variants { sku } } }')
        answer = (await client.hear())["payload"]
        await client.ask("2", "{ nothing }")
        completed, refused = await client.hear(), await client.hear()

    assert answer["data"] == {"product": {"name": "Camicia", "variants": [{"sku": "SHIRT-M"}]}}
    assert [one["freshness"] for one in answer["extensions"]["freshness"]] == ["LIVE"]
    assert completed == {"id": "1", "type": "complete"}
    assert refused["type"] == "error"
    assert refused["id"] == "2"
    assert refused["payload"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_the_languages_of_the_handshake_are_those_of_the_caller() -> None:
    english = {"accept-language": "en"}
    async with (
        served(schema=build_schema()) as gateway,
        gateway.client(additional_headers=english) as client,
    ):
        await client.ask("1", '{ product(handle: "shirt") { name } }')
        assert (await client.hear())["payload"]["data"] == {"product": {"name": "Shirt"}}


async def test_a_subscription_is_told_until_its_source_ends() -> None:
    async with served() as gateway, gateway.client() as client:
        await client.ask("s", NEWS, of="shoes")
        await until(lambda: gateway.feeds.open == 1)
        for number in (1, 2, 3):
            gateway.feeds.give("shoes", News(number=number))
        gateway.feeds.give("hats", News(number=9))
        gateway.feeds.give("shoes", END)
        told = [await client.hear() for _ in range(4)]

        assert told == [news("s", 1), news("s", 2), news("s", 3), {"id": "s", "type": "complete"}]
        assert gateway.feeds.open == 0


async def test_a_client_that_completes_hears_no_more_and_the_source_is_closed() -> None:
    async with served() as gateway, gateway.client() as client:
        await client.ask("s", NEWS)
        await until(lambda: gateway.feeds.open == 1)
        gateway.feeds.give("all", News(number=1))
        assert await client.hear() == news("s", 1)
        await client.say(type="complete", id="s")
        await until(lambda: gateway.feeds.open == 0)
        await client.ask("s", HELLO)

        assert (await client.hear())["payload"] == {"data": {"hello": "Hello, you!"}}


async def test_a_failing_source_ends_with_its_place_and_no_secret() -> None:
    async with served() as gateway, gateway.client() as client:
        await client.ask("s", "subscription { latest: news { number } }")
        await until(lambda: gateway.feeds.open == 1)
        gateway.feeds.give("all", RuntimeError("password"))
        told = await client.hear()
        await client.ask("r", "subscription { refused }")
        refused = await client.hear()

    assert (told["type"], told["id"]) == ("error", "s")
    assert [(one["path"], one["message"]) for one in told["payload"]] == [
        (["latest"], "Something went wrong on our side.")
    ]
    assert refused == {
        "id": "r",
        "type": "error",
        "payload": [
            {
                "message": "Not that.",
                "locations": [{"line": 1, "column": 16}],
                "path": ["refused"],
                "extensions": {"code": "BAD_USER_INPUT", "argument": "of"},
            }
        ],
    }


async def test_what_cannot_be_executed_is_an_error_and_what_fails_later_an_answer() -> None:
    kinds = {}
    async with served() as gateway, gateway.client() as client:
        for query in ("{", "{ nothing }", "  ", "query($x: Int!) { hello }", "{ broken }"):
            await client.ask(query, query)
            told = await client.hear()
            kinds[query] = told["type"]
            assert told["id"] == query
        assert await client.hear() == {"id": "{ broken }", "type": "complete"}

    assert list(kinds.values()) == ["error", "error", "error", "error", "next"]


async def test_operations_run_side_by_side() -> None:
    async with served() as gateway, gateway.client() as client:
        await client.ask("slow", "{ waiting }")
        await client.ask("s", NEWS)
        await until(lambda: gateway.feeds.open == 1)
        gateway.feeds.give("all", News(number=1))
        first = await client.hear()
        await client.ask("quick", HELLO)
        second = await client.hear()
        gateway.feeds.gate.set()
        last = [await client.hear() for _ in range(3)]

    assert [first["id"], second["id"]] == ["s", "quick"]
    assert [one["id"] for one in last] == ["quick", "slow", "slow"]


async def test_one_socket_may_run_so_many_operations_at_once() -> None:
    async with (
        served(streams={"max_operations": 2}) as gateway,
        gateway.client() as client,
    ):
        for id_ in ("a", "b", "c"):
            await client.ask(id_, NEVER)
        refused = await client.hear()
        await until(lambda: gateway.feeds.open == 2)
        await client.say(type="complete", id="a")
        await client.ask("d", HELLO)
        answer = await client.hear()

    assert (refused["id"], refused["type"]) == ("c", "error")
    assert refused["payload"] == [
        {
            "message": "2 operations are running on this socket: complete one first.",
            "extensions": {"code": "TOO_MANY_OPERATIONS"},
        }
    ]
    assert answer["id"] == "d"


async def test_subscriptions_without_bound_end_the_socket() -> None:
    """CVE-2026-35526: a thousand subscriptions on one socket."""
    async with (
        served(streams={"burst": 50, "operations_per_second": 0.001}) as gateway,
        gateway.client() as client,
    ):
        for number in range(1000):
            try:
                await client.ask(str(number), NEVER)
            except websockets.ConnectionClosed:
                break
        assert await client.ends() == (4429, "Too many operations")
        assert gateway.feeds.opened <= 20
        await until(lambda: gateway.feeds.open == 0)


@pytest.mark.parametrize("type_", ["subscribe", "start"])
async def test_nothing_is_executed_before_the_introduction(type_: str) -> None:
    """CVE-2026-35523: an operation without `connection_init`."""
    async with served() as gateway, gateway.socket() as client:
        await client.say(type=type_, id="1", payload={"query": NEVER})
        code, reason = await client.ends()

    assert (code, reason) == {
        "subscribe": (4401, "Unauthorized"),
        "start": (4400, "Invalid message: its type is none that a client sends"),
    }[type_]
    assert gateway.feeds.opened == 0


@pytest.mark.parametrize("offered", [["graphql-ws"], ["graphql-transport-ws2"], None])
async def test_only_the_protocol_of_today_is_spoken(offered: Any) -> None:
    async with served() as gateway, gateway.socket(subprotocols=offered) as client:
        assert client.socket.subprotocol is None
        assert await client.ends() == (4406, "Subprotocol not acceptable")


async def test_the_known_protocol_is_picked_from_several() -> None:
    both: Any = ["graphql-ws", "graphql-transport-ws"]
    async with served() as gateway, gateway.client(subprotocols=both) as client:
        assert client.socket.subprotocol == "graphql-transport-ws"


async def test_a_second_introduction_ends_the_socket() -> None:
    async with served() as gateway, gateway.client() as client:
        await client.say(type="connection_init")
        assert await client.ends() == (4429, "Too many initialisation requests")


async def test_an_id_that_is_in_use_ends_the_socket_and_its_operations() -> None:
    async with served() as gateway, gateway.client() as client:
        await client.ask("one", NEVER)
        await until(lambda: gateway.feeds.open == 1)
        await client.ask("one", HELLO)
        assert await client.ends() == (4409, "Subscriber for one already exists")
        await until(lambda: gateway.feeds.open == 0)


async def test_a_close_frame_has_no_room_for_a_long_id() -> None:
    async with served() as gateway, gateway.client() as client:
        await client.ask("i" * 200, NEVER)
        await client.ask("i" * 200, NEVER)
        assert await client.ends() == (4409, "")


async def test_a_bug_ends_the_socket_and_is_told_by_its_number_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def of(_self: Principals, _authorization: str) -> Principal:
        raise RuntimeError("secret")

    monkeypatch.setattr(Principals, "of", of)
    with capture_logs() as logs:
        async with served() as gateway, gateway.socket() as client:
            await client.say(type="connection_init", payload={"authorization": "Bearer one"})
            assert await client.ends() == (4500, "Internal server error")

    assert [line["kind"] for line in logs if line["event"] == "operation.bug"] == ["RuntimeError"]
    assert "secret" not in str(logs)


async def test_who_says_nothing_loses_the_socket_in_time() -> None:
    clock = Clock()
    async with served(sleep=clock.sleep) as gateway, gateway.socket() as client:
        await until(lambda: len(clock.sleepers) == 1)
        clock.passes(9.9)
        await client.say(type="ping")
        assert await client.hear() == {"type": "pong"}
        clock.passes(0.1)
        assert await client.ends() == (4408, "Connection initialisation timeout")


async def test_the_server_asks_whether_the_client_is_there() -> None:
    clock = Clock()
    async with served(sleep=clock.sleep) as gateway, gateway.client() as client:
        clock.passes(10)
        await until(lambda: len(clock.sleepers) == 1)
        clock.passes(25)
        assert await client.hear() == {"type": "ping"}
        await client.say(type="pong", payload={"at": 1})
        await client.say(type="ping", payload={"seen": [True]})
        assert await client.hear() == {"type": "pong", "payload": {"seen": [True]}}
        clock.passes(25)
        assert await client.hear() == {"type": "ping"}
        await until(lambda: len(clock.sleepers) == 1)
        clock.passes(25)
        assert await client.ends() == (4499, "No pong")


INVALID = {
    "1": "it is not an object",
    "null": "it is not an object",
    '"x"': "it is not an object",
    "[]": "it is not an object",
    "[" * 60_000: "it is not JSON",
    '{"type": ' + "[" * 20_000 + "]" * 20_000 + "}": "it is not JSON",
    "": "it is not JSON",
    "{": "it is not JSON",
    '{"type": NaN}': "it is not JSON",
    '{"type": "\\ud800"}': "it is not JSON",
    "{}": "its type is none that a client sends",
    '{"type": 1}': "its type is none that a client sends",
    '{"type": ["ping"]}': "its type is none that a client sends",
    '{"type": "next", "id": "1"}': "its type is none that a client sends",
    '{"type": "connection_ack"}': "its type is none that a client sends",
    '{"type": "connection_terminate"}': "its type is none that a client sends",
    '{"type": "ping", "payload": 1}': "its payload is not an object",
    '{"type": "pong", "payload": []}': "its payload is not an object",
    '{"type": "connection_init", "payload": "x"}': "its payload is not an object",
    '{"type": "complete"}': "its id is not a string that says something",
    '{"type": "complete", "id": ""}': "its id is not a string that says something",
    '{"type": "subscribe", "id": [1], "payload": {"query": "{a}"}}': (
        "its id is not a string that says something"
    ),
    '{"type": "subscribe", "id": "1"}': "its payload is not an object",
    '{"type": "subscribe", "id": "1", "payload": 1}': "its payload is not an object",
    '{"type": "subscribe", "id": "1", "payload": {}}': (
        "Send a document as query, or name one with documentId."
    ),
    '{"type": "subscribe", "id": "1", "payload": {"query": 1}}': (
        "query must be a GraphQL document, as a string."
    ),
    '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "variables": []}}': (
        "variables must be an object."
    ),
    '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "operationName": 1}}': (
        "operationName must be a string."
    ),
}


@pytest.mark.parametrize("text", INVALID, ids=lambda text: text[:60])
async def test_what_is_no_message_ends_the_socket(text: str) -> None:
    with capture_logs() as logs:
        async with served() as gateway:
            async with gateway.client() as client:
                await client.socket.send(text)
                assert await client.ends() == (4400, f"Invalid message: {INVALID[text]}")
            async with gateway.client() as client:
                await client.ask("1", HELLO)
                assert (await client.hear())["type"] == "next"

    assert [line for line in logs if line["log_level"] == "error"] == []


async def test_binary_frames_are_no_messages() -> None:
    async with served() as gateway, gateway.client() as client:
        await client.socket.send(b'{"type": "ping"}')
        assert await client.ends() == (4400, "Invalid message: it is binary")


async def test_text_that_is_not_utf_8_ends_the_socket() -> None:
    async with served() as gateway, gateway.client() as client:
        client.socket.protocol.send_text(b'{"type": "\xff"}')
        client.socket.send_data()
        assert (await client.ends())[0] == 1007


async def test_large_frames_are_not_read() -> None:
    async with served() as gateway:
        async with gateway.client() as client:
            await client.say(type="ping", payload={"x": "y" * 65_480})
            assert (await client.hear())["type"] == "pong"
        async with gateway.client() as client:
            await client.say(type="ping", payload={"x": "y" * 65_520})
            assert (await client.ends())[0] == 1009
        async with gateway.client() as client:  # in parts
            frame = Frame(Opcode.TEXT, b"[" * 40_000, fin=False)
            client.socket.protocol.send_frame(frame)
            client.socket.protocol.send_frame(Frame(Opcode.CONT, b"[" * 40_000))
            client.socket.send_data()
            assert (await client.ends())[0] == 1009


@pytest.mark.parametrize("frame", [Frame(Opcode.PING, b""), Frame(Opcode.PONG, b"x")])
async def test_many_frames_without_a_message_end_the_socket(frame: Frame) -> None:
    async with served() as gateway, gateway.client() as client:
        for _ in range(2):
            for _ in range(MOST_FRAMES):
                client.socket.protocol.send_frame(frame)
            await client.say(type="ping")
            assert await client.hear() == {"type": "pong"}
        for _ in range(MOST_FRAMES + 1):
            client.socket.protocol.send_frame(frame)
        client.socket.send_data()
        assert await client.ends() == (1008, "Too many frames without a message")


async def test_frames_of_long_ago_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "FRAMES_WITHIN", 0.0)
    async with served() as gateway, gateway.client() as client:
        for _ in range(3 * MOST_FRAMES):
            client.socket.protocol.send_frame(Frame(Opcode.PONG, b"x"))
        await client.say(type="ping")

        assert await client.hear() == {"type": "pong"}


async def test_a_message_in_very_many_parts_ends_the_socket() -> None:
    async with served() as gateway, gateway.client() as client:
        client.socket.protocol.send_frame(Frame(Opcode.TEXT, b"", fin=False))
        for _ in range(MOST_FRAMES):
            client.socket.protocol.send_frame(Frame(Opcode.CONT, b"", fin=False))
        client.socket.send_data()
        assert await client.ends() == (1008, "Too many frames without a message")


async def test_what_came_at_once_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    parts: list[int] = []
    reading = WebSocketsSansIOProtocol.data_received

    def data_received(self: WebSocketsSansIOProtocol, data: bytes) -> None:
        parts.append(len(data))
        reading(self, data)

    async with served() as gateway, gateway.client() as client:
        monkeypatch.setattr(WebSocketsSansIOProtocol, "data_received", data_received)
        asked = [{"number": number, "text": "x" * 30_000} for number in range(20)]
        for payload in asked:
            message = orjson.dumps({"type": "ping", "payload": payload})
            client.socket.protocol.send_text(message)
        client.socket.send_data()
        assert [(await client.hear())["payload"] for _ in asked] == asked

    assert max(parts) == AT_ONCE


async def test_unknown_ids_may_be_completed() -> None:
    async with served() as gateway, gateway.client() as client:
        await client.say(type="complete", id="never")
        await client.ask("a", HELLO)
        assert (await client.hear())["type"] == "next"
        assert (await client.hear())["type"] == "complete"
        await client.say(type="complete", id="a")
        await client.say(type="ping")
        assert await client.hear() == {"type": "pong"}


async def test_a_handshake_with_a_body_is_none() -> None:
    said = (
        b"GET /graphql HTTP/1.1\r\nhost: gateway\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        b"content-length: 1\r\n\r\n"
    )
    async with served() as gateway, asyncio.timeout(WITHIN):
        port = int(gateway.address.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        told = await reader.read()
        writer.close()

    assert told == b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


async def test_a_foreign_page_may_not_open_a_socket(caplog: pytest.LogCaptureFixture) -> None:
    cors = {"origins": ["https://shop.example.com"]}
    async with served(cors=cors) as gateway:
        host = gateway.address.removeprefix("http://")
        for origin in (f"http://{host}", f"https://{host}", "https://shop.example.com", None):
            async with gateway.client(origin=origin):
                pass
        for origin in ("https://evil.example.com", "null", "http://127.0.0.1:1", "http://[", "x"):
            with pytest.raises(websockets.InvalidStatus) as refusal:
                async with gateway.socket(origin=origin):
                    pass
            assert refusal.value.response.status_code == 403
            assert refusal.value.response.body == b"This site may not open a socket here."
    assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == []


async def test_every_page_may_where_every_page_may_read() -> None:
    async with (
        served(cors={"origins": ["*"]}) as gateway,
        gateway.client(origin="https://evil.example.com"),
    ):
        pass


async def test_a_process_holds_so_many_connections() -> None:
    async with served(streams={"max_open": 2, "max_open_per_caller": 2}) as gateway:
        async with gateway.client(), gateway.client():
            with pytest.raises(websockets.InvalidStatus) as refusal:
                async with gateway.socket():
                    pass
            assert refusal.value.response.status_code == 503
            assert refusal.value.response.headers["retry-after"] == "5"
        await until(lambda: gateway.gateway.lasting.open.total() == 0)
        async with gateway.client():
            pass


async def test_a_handshake_has_a_request_id_and_so_do_the_lines_of_its_socket() -> None:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        async with (
            served() as gateway,
            gateway.client(additional_headers={"x-request-id": "hello-1"}) as client,
        ):
            response = client.socket.response
            await client.ask("a", "query Greeting { hello }")
            await client.hear()
            await client.hear()
            await client.socket.close(1000)
            await until(lambda: gateway.gateway.lasting.open.total() == 0)

    assert response is not None
    assert response.headers["x-request-id"] == "hello-1"
    told = [(line["event"], line.get("code"), line.get("request_id")) for line in logs]
    assert told == [
        ("socket.opened", None, "hello-1"),
        ("operation", None, "hello-1"),
        ("socket.closed", 1000, "hello-1"),
    ]


async def test_when_the_process_goes_queries_are_answered_and_streams_are_not_completed() -> None:
    async with served() as gateway, gateway.client() as client:
        await client.ask("query", "{ waiting }")
        await client.ask("stream", NEVER)
        await until(lambda: gateway.feeds.open == 1)
        leaving = asyncio.ensure_future(gateway.gateway.lasting.leave(WITHIN))
        await until(lambda: gateway.feeds.open == 0)
        await client.ask("another", HELLO)
        await client.say(type="ping")
        assert await client.hear() == {"type": "pong"}
        with pytest.raises(websockets.InvalidStatus) as refusal:
            async with gateway.socket():
                pass
        gateway.feeds.gate.set()
        told = [await client.hear(), await client.hear()]
        end = await client.ends()
        await leaving

    assert refusal.value.response.status_code == 503
    assert [(one["id"], one["type"]) for one in told] == [("query", "next"), ("query", "complete")]
    assert end == (1001, "Going away")


async def test_a_subscription_that_is_admitted_while_the_process_goes_is_not_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    admitting, admitted = asyncio.Event(), asyncio.Event()
    admit = Admission.admit

    async def slow(*args: Any, **options: Any) -> Entered:
        admitting.set()
        await admitted.wait()
        return await admit(*args, **options)

    monkeypatch.setattr(Admission, "admit", slow)
    async with served() as gateway, gateway.client() as client:
        await client.ask("stream", NEVER)
        await admitting.wait()
        lasting = gateway.gateway.lasting
        leaving = asyncio.ensure_future(lasting.leave(WITHIN))
        await asyncio.sleep(0)
        await client.say(type="ping")
        assert await client.hear() == {"type": "pong"}
        admitted.set()
        assert await client.ends() == (1001, "Going away")
        await leaving

    assert lasting.open.total() == 0
    assert gateway.feeds.opened == 0


async def test_a_process_that_goes_waits_only_so_long() -> None:
    async with served(requests={"budget": "PT60S"}) as gateway, gateway.client() as client:
        await client.ask("query", "{ waiting }")
        await client.say(type="ping")
        await client.hear()
        async with asyncio.timeout(WITHIN):
            await gateway.gateway.lasting.leave(0.05)
        assert gateway.gateway.lasting.open["socket"] == 1


async def test_a_mutation_is_not_given_up_when_its_client_goes() -> None:
    async with served() as gateway:
        async with gateway.client() as client:
            await client.ask("m", 'mutation { change(to: "blue") }')
            await client.ask("q", HELLO)
            await client.hear()
        await until(lambda: gateway.gateway.lasting.open.total() == 0)
        gateway.feeds.gate.set()
        await until(lambda: gateway.feeds.changed == ["blue"])


async def test_an_open_socket_and_its_operations_are_counted() -> None:
    async with served(server={"metrics": True}) as gateway, gateway.client() as client:
        await client.ask("a", HELLO)
        await client.hear()
        await client.hear()
        async with gateway.client() as other:
            await other.say(type="connection_init")
            await other.ends()
        await until(lambda: gateway.gateway.lasting.open.total() == 1)
        async with httpx.AsyncClient() as http:
            text = (await http.get(f"{gateway.address}/metrics")).text

    assert 'tessera_open_connections{transport="socket"} 1.0' in text
    assert 'tessera_transport_operations_total{transport="socket"} 1.0' in text
    assert 'tessera_stream_answers_total{transport="socket"} 1.0' in text
    assert 'tessera_sockets_closed_total{code="4429"} 1.0' in text


async def test_many_sockets_that_come_and_go_leave_nothing_behind() -> None:
    async with served() as gateway:
        before = len(asyncio.all_tasks())

        async def come_and_go(number: int) -> None:
            async with gateway.socket() as client:
                if number % 4 == 0:
                    return
                await client.say(type="connection_init")
                await client.hear()
                for id_ in range(3):
                    await client.ask(str(id_), NEVER)
                if number % 4 == 1:
                    await client.socket.send("1")
                if number % 4 == 2:
                    client.socket.transport.abort()

        for _ in range(5):
            await asyncio.gather(*(come_and_go(number) for number in range(40)))
        await until(lambda: gateway.gateway.lasting.open.total() == 0)
        await until(lambda: gateway.feeds.open == 0)
        await until(lambda: len(asyncio.all_tasks()) <= before)
        assert gateway.feeds.listeners["all"] == []


async def test_of_operations_that_have_ended_nothing_is_kept() -> None:
    async with served() as gateway, gateway.client() as client:

        async def follow(number: int) -> None:
            id_ = f"{number:060000}"
            await client.ask(id_, NEVER)
            await until(lambda: gateway.feeds.open == 1)
            gateway.feeds.give("all", News(number=number, cursor=f"place-{number}"))
            assert (await client.hear())["id"] == id_
            await client.say(type="complete", id=id_)
            await until(lambda: gateway.feeds.open == 0)

        for number in range(5):
            await follow(number)
        tracemalloc.start()
        try:
            for number in range(5, 50):
                await follow(number)
            gc.collect()
            kept = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    assert kept < 1_000_000


async def test_a_stream_with_places_ends_at_what_cannot_be_told() -> None:
    async with served() as gateway, gateway.client() as client:
        await client.ask("1", "subscription { news { odd } }")
        await until(lambda: gateway.feeds.open == 1)
        for number in (1, 2, 3):
            gateway.feeds.give("all", News(number=number, cursor=f"place-{number}"))
        first, second = await client.hear(), await client.hear()
        await until(lambda: gateway.feeds.open == 0)

    assert (first["type"], first["payload"]["data"]) == ("next", {"news": {"odd": 1}})
    assert (second["type"], second["payload"][0]["message"]) == ("error", "It is even.")
