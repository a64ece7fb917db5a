"""What arrives together is answered as it would be alone, and nobody waits for another."""

import asyncio
import gc
import gzip
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from structlog.testing import capture_logs

from app.api import together
from app.api.http_leaving import WATCHING
from app.api.manners import manner_of
from app.api.prompt import PromptOperations
from app.engine.documents import hash_of
from tests.api.wired import (
    BROKEN,
    DEFERRED,
    LISTING,
    NAMES,
    TIME,
    Answer,
    Server,
    noted,
    question,
    served,
    wire,
)
from tests.builders import NOON
from tests.gateways import EXECUTION, Retailer
from tests.spans import recorder, told
from tests.staff import STAFF
from tests.streams.served import until

STEPS = "admitted_at_once", "trace", "prepare", "execute", "answered", "tell"


def same(one: Answer) -> tuple[Any, ...]:
    """What it says, but for what is drawn or told by the clock."""
    headers = {name: one.headers[name] for name in one.headers if name != "date"}
    if len(headers["x-request-id"]) == 32:
        headers["x-request-id"] = "drawn"
    body = gzip.decompress(one.body) if headers.get("content-encoding") == "gzip" else one.body
    told = orjson.loads(body)
    told.get("extensions", {}).get("cost", {}).pop("available", None)
    del headers["content-length"]  # of another number of points that are left
    return one.status, headers, told


ACCEPTED = [
    "",
    "*/*",
    "application/json",
    "application/graphql-response+json",
    "application/graphql-response+json, application/json, text/event-stream, multipart/mixed",
    "multipart/mixed;deferSpec=20220824,application/json",
    "image/png",
]
HEADERS = {
    "accept": st.sampled_from(ACCEPTED),
    "accept-encoding": st.sampled_from(["", "gzip", "gzip;q=0"]),
    "accept-language": st.sampled_from(["", "it", "en"]),
    "authorization": st.sampled_from(["", "", STAFF["authorization"], "Bearer rubbish"]),
    "connection": st.sampled_from(["", "close", "keep-alive"]),
    "content-encoding": st.sampled_from(["", "", "identity", "gzip", "br"]),
    "content-type": st.sampled_from(
        ["application/json", "application/json; charset=utf-8", "text/plain", ""]
    ),
    "graphql-client-name": st.sampled_from(["", "shop", "not sound!"]),
    "if-none-match": st.sampled_from(["", "*"]),
    "origin": st.sampled_from(["", "https://shop.example.com", "https://evil.example.com"]),
    "traceparent": st.sampled_from(["", f"00-{'1' * 32}-{'2' * 16}-01", "rubbish"]),
    "x-forwarded-for": st.sampled_from(["", "198.51.100.9", "rubbish"]),
    "x-request-id": st.sampled_from(["", "mine", "not sound!"]),
}
SOUND = {"accept": "application/json", "content-type": "application/json"}
QUESTIONS = [
    question(),
    question(first=1),
    question(BROKEN),
    question("query Public { locations { edges { node { code } } } }"),
    question(TIME),
    {"query": LISTING, "operationName": "Listing"},
    {"query": LISTING, "operationName": "Other"},
    question("mutation { cartCreate(input: {}) { __typename } }"),
    b"rubbish",
]
SECTIONS: dict[str, Any] = {
    "cors": {"origins": ["https://shop.example.com"]},
    "server": {"trusted_proxies": ["192.0.2.0/24"]},
    "requests": {"introspection": False},
}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(QUESTIONS),
            st.fixed_dictionaries({}, optional=HEADERS),
            st.sampled_from(["1.1", "1.1", "1.0"]),
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=60)
def test_it_is_answered_as_the_endpoint_would(asked: list[tuple[Any, dict[str, str], str]]) -> None:
    wires = [
        wire(one, *{**SOUND, **headers}.items(), version=version) for one, headers, version in asked
    ]

    async def answers(*, together: bool) -> list[list[tuple[Any, ...]]]:
        execution = {**EXECUTION, "together": together}
        server = await served(**SECTIONS, execution=execution)
        assert (server.app.cohorts is not None) is together
        return [[same(one) for one in await server.ask(*wires)] for _ in range(4)]

    assert asyncio.run(answers(together=True)) == asyncio.run(answers(together=False))


@pytest.mark.parametrize(
    ("headers", "went"),
    [
        ({}, "together"),
        ({"accept": ACCEPTED[4]}, "together"),
        ({"accept-encoding": "gzip"}, "together"),
        ({"x-forwarded-for": "198.51.100.9"}, "together"),
        ({"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}, "together"),
        ({"authorization": "Bearer rubbish"}, "endpoint"),
        ({"origin": "https://shop.example.com"}, "endpoint"),
        ({"accept": "image/png"}, "endpoint"),
        ({"content-type": "text/plain"}, "endpoint"),
        ({"content-encoding": "gzip"}, "endpoint"),
    ],
)
async def test_who_goes_together(headers: dict[str, str], went: str) -> None:
    server = await served(**SECTIONS)
    await server.known(question())
    given = {**SOUND, **headers}
    await server.ask(*[wire(question(), *given.items())] * 3)
    assert server.counts == {went: 3}


async def test_each_step_is_taken_by_all_before_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    server = await served()
    await server.known(question(), question(first=1))
    taken: list[str] = []
    for name in STEPS:
        monkeypatch.setattr(PromptOperations, name, noted(taken, name))

    answers = await server.ask(wire(question()), wire(question(first=1)), wire(question()))

    assert taken == [name for name in STEPS for _ in range(3)]
    assert [one.status for one in answers] == [200] * 3
    assert server.counts == {"together": 3}


async def test_no_more_go_together_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "MOST", 2)
    server = await served()
    await server.known(question())
    taken: list[str] = []
    for name in ("execute", "tell"):
        monkeypatch.setattr(PromptOperations, name, noted(taken, name))
    await server.ask(*[wire(question())] * 5)
    pair = ["execute", "execute", "tell", "tell"]
    assert taken == [*pair, *pair, "execute", "tell"]


@dataclass
class Slow(Retailer):
    """Answers when it may."""

    may: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    now: datetime = NOON

    async def _asked(self, question: str, about: Any) -> None:
        self.calls.append((question, about))
        self.asked.set()
        await self.may.wait()

    def later(self) -> None:
        """What is kept is too old, and nothing is answered for now."""
        self.now += timedelta(days=30)
        self.as_of = self.now
        self.may.clear()
        self.asked.clear()
        self.calls.clear()


@asynccontextmanager
async def slow() -> AsyncIterator[tuple[Server, Slow]]:
    shop = Slow()
    shop.may.set()
    server = await served(shop, now=lambda: shop.now)
    await server.known(question(), question(TIME))
    loop, before, wrong = asyncio.get_running_loop(), asyncio.all_tasks(), []
    loop.set_exception_handler(lambda _, told: wrong.append(told))
    yield server, shop
    shop.may.set()
    await until(lambda: not asyncio.all_tasks() - before)
    gc.collect()
    assert wrong == []


async def test_who_has_to_wait_goes_alone_and_holds_up_nobody() -> None:
    async with slow() as (server, shop):
        shop.later()
        waiting, other = server.client(), server.client()
        waiting.say(wire(question()))
        other.say(wire(question(TIME)))
        [quick] = await other.answers()
        await shop.asked.wait()
        assert waiting.heard() == []
        assert server.counts == {"alone": 1, "together": 1}
        shop.may.set()
        [late] = await waiting.answers()

        assert (quick.status, late.status) == (200, 200)
        assert late.json["data"]["products"]["totalCount"] == 1
        assert Counter(name for name, _ in shop.calls) == {"browse": 1, "prices": 1}
        costs = server.gateway.operations and server.gateway.operations.prompt
        assert costs is not None


async def test_what_had_to_wait_is_asked_alone_until_it_need_not() -> None:
    async with slow() as (server, shop):
        shop.later()
        clients = [server.client() for _ in range(3)]
        for client in clients:
            client.say(wire(question()))
        await shop.asked.wait()
        shop.may.set()
        for client in clients:
            await client.answers()
        assert server.counts == {"alone": 3}
        assert Counter(name for name, _ in shop.calls) == {"browse": 1, "prices": 1}
        await server.ask(wire(question()))
        assert server.counts == {"alone": 4}
        await server.ask(wire(question()))
        assert server.counts == {"alone": 4, "together": 1}


async def test_who_leaves_while_waiting_is_given_up() -> None:
    async with slow() as (server, shop):
        shop.later()
        client = server.client()
        with capture_logs() as lines:
            client.say(wire(question()))
            await shop.asked.wait()
            await until(lambda: WATCHING in [task.get_name() for task in asyncio.all_tasks()])
            client.protocol.connection_lost(None)
            await until(lambda: "request.abandoned" in [line["event"] for line in lines])
        assert client.heard() == []


async def test_what_does_not_fit_is_sent_when_it_does() -> None:
    server = await served()
    await server.known(question())
    client = server.client()
    client.protocol.pause_writing()
    client.say(wire(question()))
    for _ in range(20):
        await asyncio.sleep(0)
    assert client.heard() == []
    client.protocol.resume_writing()
    [answer] = await client.answers()
    assert answer.status == 200
    assert server.counts == {"together": 1}


async def test_who_has_left_already_is_not_written_to() -> None:
    server = await served()
    await server.known(question())
    gone, other = server.client(), server.client()
    gone.say(wire(question()))
    other.say(wire(question()))
    gone.protocol.connection_lost(None)
    [answer] = await other.answers()
    assert (answer.status, gone.transport.said) == (200, b"")


async def test_requests_in_line_are_answered_in_line() -> None:
    server = await served()
    await server.known(question(), question(first=1))
    client = server.client()
    ids = [f"id-{number}" for number in range(3)]
    client.say(b"".join(wire(question(first=1), ("x-request-id", one)) for one in ids))
    answers = await client.answers(3)
    assert [one.headers["x-request-id"] for one in answers] == ids
    assert server.counts == {"together": 1}  # the others came when their line was not theirs yet


async def test_a_body_in_pieces_is_the_endpoint_s() -> None:
    server = await served()
    await server.known(question())
    longer = orjson.dumps(question()) + b" "  # begins with a body that is known
    for whole, last in ((wire(question()), 5), (wire(longer), 1)):
        client = server.client()
        client.say(whole[:-last])
        for _ in range(10):
            await asyncio.sleep(0)
        assert client.heard() == []
        client.say(whole[-last:])
        [answer] = await client.answers()
        assert (answer.status, server.counts) == (200, {})


async def test_what_comes_later_is_the_endpoint_s() -> None:
    server = await served()
    await server.known(question(DEFERRED))
    client = server.client()
    client.say(wire(question(DEFERRED), ("accept", ACCEPTED[4])))
    await until(lambda: client.transport.said.endswith(b"0\r\n\r\n"))
    assert b'"hasNext":true' in client.transport.said
    assert server.counts == {"endpoint": 1}


async def test_what_is_to_be_learnt_is_the_endpoint_s() -> None:
    server = await served(documents={"automatic": True})
    persisted = {"version": 1, "sha256Hash": hash_of(LISTING)}
    learnt = {"query": LISTING, "extensions": {"persistedQuery": persisted}}
    await server.known(learnt)
    await server.ask(wire(learnt))
    assert server.counts == {"endpoint": 1}


async def test_a_stream_of_one_answer_is_the_endpoint_s() -> None:
    server = await served()
    await server.known(question(TIME))
    client = server.client()
    client.say(wire(question(TIME), ("accept", "text/event-stream, application/json;q=0.5")))
    await until(lambda: client.transport.said.endswith(b"0\r\n\r\n"))
    assert b"event: complete" in client.transport.said
    assert server.counts == {"endpoint": 1}


async def test_a_large_answer_that_nobody_may_keep_is_packed() -> None:
    server = await served(requests={"introspection": True})
    many = question("{ __schema { types { name } } }")
    await server.known(many)
    [packed] = await server.ask(wire(many, ("accept-encoding", "gzip")))
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["cache-control"] == "no-store"
    assert len(packed.body) < len(gzip.decompress(packed.body))
    assert server.counts == {"together": 1}


async def test_who_pays_is_who_asks_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    server = await served(**SECTIONS)
    await server.known(question())
    usual, payers = PromptOperations.admitted_at_once, []

    def admitted(self: PromptOperations, asked: Any, caller: Any, started: float) -> Any:
        payers.append(caller.principal)
        return usual(self, asked, caller, started)

    monkeypatch.setattr(PromptOperations, "admitted_at_once", admitted)
    forwarded = wire(question(), ("x-forwarded-for", "198.51.100.9"))
    await server.ask(forwarded, wire(question()))
    assert payers == ["198.51.100.9", "192.0.2.7"]


async def test_a_bug_that_one_meets_is_no_matter_of_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = await served()
    await server.known(question())

    def weak(headers: Any) -> Any:
        if "x-weak" in headers:
            raise ZeroDivisionError("secret")
        return manner_of(headers)

    monkeypatch.setattr(together, "manner_of", weak)
    with capture_logs() as lines:
        answers = await server.ask(wire(question(), ("x-weak", "1")), wire(question()))
    assert [one.status for one in answers] == [200, 200]
    assert server.counts == {"endpoint": 1, "together": 1}
    failed = [line for line in lines if line["event"] == "cohort.failed"]
    assert failed == [
        {"event": "cohort.failed", "error": "ZeroDivisionError", "log_level": "warning"}
    ]


async def test_what_is_told_wrongly_was_answered_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = await served()
    await server.known(question())
    tell, told_of = PromptOperations.tell, []

    def once(self: PromptOperations, *arguments: Any) -> None:
        told_of.append(arguments)
        if len(told_of) == 1:
            raise ZeroDivisionError
        tell(self, *arguments)

    monkeypatch.setattr(PromptOperations, "tell", once)
    clients, before = [server.client(), server.client()], asyncio.all_tasks()
    with capture_logs() as lines:
        for client in clients:
            client.say(wire(question()))
        answers = [(await client.answers())[0] for client in clients]
        await until(lambda: not asyncio.all_tasks() - before)
    assert [line["event"] for line in lines] == ["cohort.failed", "operation"]
    assert [one.status for one in answers] == [200, 200]
    assert (len(told_of), [client.transport.closed for client in clients]) == (2, [False, False])
    assert [client.heard() for client in clients] == [[], []]


async def test_points_are_charged_and_given_back_one_by_one() -> None:
    [first] = await (await served()).ask(wire(question(NAMES)))
    cost = first.json["extensions"]["cost"]
    assert cost["actual"] > 0
    left, may = cost["requested"] + 20 * cost["actual"], 0
    server = await served(budget={"size": left, "restore_rate": 1}, cache={"answers": False})
    await server.known(question(NAMES))
    left -= 3 * cost["actual"]
    at_once = left // cost["requested"]  # nothing is given back before all are charged
    while left >= cost["requested"]:
        left, may = left - cost["actual"], may + 1
    assert may > 2

    answers = await server.ask(*[wire(question(NAMES))] * 30)

    assert Counter(one.status for one in answers) == {200: may, 429: 30 - may}
    assert server.counts == {"together": at_once, "endpoint": 30 - at_once}
    [last] = await server.ask(wire(question(TIME)))
    assert last.json["extensions"]["cost"]["available"] == left


async def test_every_one_has_a_line_and_a_span_of_its_own() -> None:
    exporter = recorder()
    server = await served()
    await server.known(question(), question(BROKEN))
    exporter.clear()
    parents = [f"{number}" * 16 for number in (1, 2, 3)]
    wires = [
        wire(asked, ("x-request-id", one), ("traceparent", f"00-{one * 2}-{one}-01"))
        for asked, one in zip((question(), question(BROKEN), question()), parents, strict=True)
    ]
    with capture_logs() as lines:
        await server.ask(*wires)
    said = [line for line in lines if line["event"] == "operation"]
    spans = [one for one in exporter.get_finished_spans() if one.name == "query"]

    assert server.counts == {"together": 3}
    assert [(line["request_id"], line["name"]) for line in said] == list(
        zip(parents, ("Listing", "Broken", "Listing"), strict=True)
    )
    assert [told(one)["graphql.operation.name"] for one in spans] == [
        "Listing",
        "Broken",
        "Listing",
    ]
    assert [one.parent and trace.format_span_id(one.parent.span_id) for one in spans] == parents
    assert all(one.end_time and one.start_time and one.end_time > one.start_time for one in spans)


async def test_metrics_tell_who_went_together() -> None:
    server = await served(server={"metrics": True})
    for _ in range(5):
        [answer] = await server.ask(wire(question()))
    charged = answer.json["extensions"]["cost"]["requested"]
    client = server.client()
    client.say(b"GET /metrics HTTP/1.1\r\nhost: shop\r\n\r\n")
    [answer] = await client.answers()
    text = answer.body.decode()
    assert 'tessera_known_questions_total{went="together"} 3.0' in text
    assert 'tessera_known_questions_total{went="alone"} 1.0' in text
    assert f'tessera_points_total{{what="charged"}} {5 * charged:.1f}' in text
    assert 'tessera_operations_total{kind="query",name="Listing",outcome="complete"} 5.0' in text


async def test_nobody_goes_together_where_it_is_off() -> None:
    server = await served(execution={"together": False})
    assert server.app.cohorts is None
