"""Any order of messages on a socket, against a model of the protocol."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connectors.kit.specimen import Asgi
from tests.streams.schemas import END, Feeds, News, a_schema
from tests.streams.served import PROTOCOL, Clock, a_gateway

MOST = 3  # operations at once
IDS = st.sampled_from("abcde")
TURNS = 60  # of the event loop: more than anything here takes
COUNTED = [{"count": {"number": number}} for number in (1, 2)]
OPERATIONS: dict[str, tuple[str, list[Any]]] = {
    "query": ("{ hello }", [{"hello": "Hello, you!"}]),
    "count": ("subscription { count(to: 2) { number } }", COUNTED),
    "empty": ("subscription { count(to: 0) { number } }", []),
}
BAD = ["{ nothing }", "{", " ", "query($x: Int!) { hello }"]
GARBAGE = st.one_of(
    st.text(max_size=20),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5),
        lambda below: (
            st.lists(below, max_size=3)
            | st.dictionaries(
                st.sampled_from(["type", "id", "payload", "query"]), below, max_size=4
            )
        ),
        max_leaves=6,
    ).map(lambda value: orjson.dumps(value).decode()),
)


@dataclass
class Line:
    """A socket without a network."""

    arriving: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    sent: list[Any] = field(default_factory=list)

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    async def held(self, app: Asgi) -> None:
        scope = {
            "type": "websocket",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "query_string": b"",
            "headers": [(b"host", b"gateway")],
            "subprotocols": [PROTOCOL],
        }
        self.arriving.put_nowait({"type": "websocket.connect"})
        await app(scope, self.arriving.get, self.send)


class Protocol(RuleBasedStateMachine):
    """What a client does, and what it must be told."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.feeds = Feeds()
        self.clock = Clock()
        self.introduced = self.closed = False
        self.running: set[str] = set()
        self.expected: list[dict[str, Any]] = []
        self.ended: int | None = None
        self.line = self.runner.run(self.connected())
        self.run()
        assert self.line.sent.pop(0)["type"] == "websocket.accept"

    async def connected(self) -> Line:
        gateway = await a_gateway(
            streams={"max_operations": MOST, "burst": 10_000, "operations_per_second": 10_000}
        )
        gateway.sleep = self.clock.sleep
        line = Line()
        self.holding = asyncio.ensure_future(line.held(gateway.app(a_schema(self.feeds))))
        return line

    def run(self) -> None:
        async def turns() -> None:
            for _ in range(TURNS):
                await asyncio.sleep(0)

        self.runner.run(turns())

    def say(self, **message: Any) -> None:
        self.line.arriving.put_nowait(
            {"type": "websocket.receive", "text": orjson.dumps(message).decode()}
        )

    def expect(self, type_: str, id_: str, **payload: Any) -> None:
        self.expected.append({"id": id_, "type": type_, **payload})

    def closes(self, code: int) -> None:
        self.closed, self.ended = True, code
        self.running.clear()

    @initialize(introduced=st.sampled_from([True, True, True, False]))
    def begin(self, *, introduced: bool) -> None:
        if introduced:
            self.introduce()

    @precondition(lambda self: not (self.closed or self.introduced))
    @rule()
    def introduce(self) -> None:
        self.say(type="connection_init", payload={"token": "1"})
        self.expected.append({"type": "connection_ack"})
        self.introduced = True

    @precondition(lambda self: not self.closed)
    @rule(payload=st.none() | st.just({"x": 1}))
    def ping(self, payload: Any) -> None:
        self.say(type="ping", payload=payload)
        self.expected.append({"type": "pong"} | ({"payload": payload} if payload else {}))

    @precondition(lambda self: not self.closed)
    @rule()
    def pong(self) -> None:
        self.say(type="pong")

    def subscribed(self, id_: str, query: str) -> bool:
        """Whether the operation begins."""
        self.say(type="subscribe", id=id_, payload={"query": query})
        if not self.introduced:
            self.closes(4401)
        elif id_ in self.running:
            self.closes(4409)
        elif len(self.running) >= MOST:
            self.expect("error", id_)
        else:
            return True
        return False

    @precondition(lambda self: not self.closed)
    @rule(id_=IDS, kind=st.sampled_from(sorted(OPERATIONS)))
    def ask(self, id_: str, kind: str) -> None:
        query, answers = OPERATIONS[kind]
        if self.subscribed(id_, query):
            for data in answers:
                self.expect("next", id_, payload={"data": data})
            self.expect("complete", id_)

    @precondition(lambda self: not self.closed)
    @rule(id_=IDS, query=st.sampled_from(BAD))
    def ask_badly(self, id_: str, query: str) -> None:
        if self.subscribed(id_, query):
            self.expect("error", id_)

    @precondition(lambda self: not self.closed)
    @rule(id_=IDS)
    def listen(self, id_: str) -> None:
        if self.subscribed(id_, f'subscription {{ news(of: "{id_}") {{ number }} }}'):
            self.running.add(id_)

    @rule(id_=IDS, numbers=st.lists(st.integers(0, 9), max_size=3))
    def give(self, id_: str, numbers: list[int]) -> None:
        for number in numbers:
            self.feeds.give(id_, News(number=number))
            if id_ in self.running:
                self.expect("next", id_, payload={"data": {"news": {"number": number}}})

    @rule(id_=IDS, failing=st.booleans())
    def finish(self, id_: str, *, failing: bool) -> None:
        self.feeds.give(id_, RuntimeError("secret") if failing else END)
        if id_ in self.running:
            self.expect("error" if failing else "complete", id_)
            self.running.discard(id_)

    @precondition(lambda self: not self.closed)
    @rule(id_=IDS)
    def complete(self, id_: str) -> None:
        self.say(type="complete", id=id_)
        self.running.discard(id_)

    @precondition(lambda self: not self.closed)
    @rule(id_=IDS)
    def complete_while_an_event_is_under_way(self, id_: str) -> None:
        self.say(type="complete", id=id_)
        self.run_a_little()
        self.feeds.give(id_, News(number=1))
        self.running.discard(id_)

    def run_a_little(self) -> None:
        self.runner.run(asyncio.sleep(0))

    @precondition(lambda self: not self.closed)
    @rule(text=GARBAGE, how=st.sampled_from(["garbage", "again", "gone", "late", *[""] * 12]))
    def end(self, text: str, how: str) -> None:
        """Rarely, or nothing else would ever be reached."""
        if how == "garbage":
            self.line.arriving.put_nowait({"type": "websocket.receive", "text": text})
            self.closes(4400)
        elif how == "again" and self.introduced:
            self.say(type="connection_init")
            self.closes(4429)
        elif how == "late" and not self.introduced:
            self.clock.passes(10)
            self.closes(4408)
        elif how == "gone":
            self.line.arriving.put_nowait({"type": "websocket.disconnect", "code": 1001})
            self.closes(0)

    @invariant()
    def it_is_told_what_is_expected_and_only_what_is_asked_is_open(self) -> None:
        self.run()
        sent, self.line.sent = self.line.sent, []
        if self.ended:
            assert sent.pop()["code"] == self.ended
        told = [orjson.loads(message["text"]) for message in sent]
        for message in told:
            if message["type"] == "error":
                assert message.pop("payload")
        assert told == self.expected
        self.expected.clear()
        self.ended = None
        assert self.feeds.open == len(self.running)
        assert self.holding.done() is self.closed

    def teardown(self) -> None:
        try:
            self.line.arriving.put_nowait({"type": "websocket.disconnect", "code": 1001})
            self.run()
            assert self.holding.done()
            self.holding.result()
            left = asyncio.all_tasks(self.runner.get_loop())
            assert left == set()
            assert self.feeds.open == 0
        finally:
            self.runner.close()


TestProtocol = Protocol.TestCase
TestProtocol.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
