"""What @defer and @stream bring, part by part and byte by byte."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from structlog.testing import capture_logs

from tests.gateways import REFERENCE
from tests.parts.reading import BY_ID, BY_PATH, parts
from tests.parts.schemas import Desk, a_schema
from tests.streams.served import Served, a_gateway, served, until

SLOW = '{ thing { number ... @defer(label: "slow") { slow } } }'
STOCK = '{ things { number ... @defer(label: "stock") { stock } } }'
STREAM = '{ things(count: 4) @stream(initialCount: 1, label: "all") { number } }'
SMALL = {"max_answer": 1_000}


@asynccontextmanager
async def serving(desk: Desk, **sections: Any) -> AsyncIterator[Served]:
    async with served(schema=a_schema(desk), **sections) as gateway:
        yield gateway


async def told(query: str, accept: str, **variables: Any) -> list[dict[str, Any]]:
    desk = Desk()
    desk.open.set()
    async with (
        serving(desk) as gateway,
        parts(gateway.address, query, accept=accept, **variables) as answer,
    ):
        return await answer.all()


async def at_once(query: str, accept: str = "application/json", **variables: Any) -> Any:
    desk = Desk()
    desk.open.set()
    body = {"query": query, "variables": variables}
    requests = {"introspection": True}
    async with serving(desk, requests=requests) as gateway, httpx.AsyncClient() as http:
        response = await http.post(gateway.url, json=body, headers={"accept": accept})
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    return response.json()


@pytest.mark.parametrize("accept", [BY_ID, BY_PATH])
async def test_the_first_part_does_not_wait_for_what_is_deferred(accept: str) -> None:
    desk = Desk()
    async with serving(desk) as gateway, parts(gateway.address, SLOW, accept=accept) as answer:
        first = await answer.next()
        assert not desk.open.is_set()
        desk.open.set()
        last = await answer.next()
        await answer.end()

    assert first["data"] == {"thing": {"number": 1}}
    assert [part["incremental"][0]["data"] for part in (last,)] == [{"slow": 1}]
    assert [part["hasNext"] for part in (first, last)] == [True, False]


async def test_the_newer_protocol_announces_and_completes_by_id() -> None:
    assert await told(SLOW, BY_ID) == [
        {
            "data": {"thing": {"number": 1}},
            "pending": [{"id": "0", "path": ["thing"], "label": "slow"}],
            "hasNext": True,
        },
        {
            "incremental": [{"id": "0", "data": {"slow": 1}}],
            "completed": [{"id": "0"}],
            "hasNext": False,
        },
    ]


@pytest.mark.parametrize("accept", [BY_PATH, "multipart/mixed"])
async def test_the_older_protocol_tells_by_path(accept: str) -> None:
    assert await told(SLOW, accept) == [
        {"data": {"thing": {"number": 1}}, "hasNext": True},
        {
            "incremental": [{"data": {"slow": 1}, "path": ["thing"], "label": "slow"}],
            "hasNext": False,
        },
    ]


async def test_items_of_a_stream_are_told_with_their_places() -> None:
    by_path, by_id = await told(STREAM, BY_PATH), await told(STREAM, BY_ID)

    assert by_path[0]["data"] == by_id[0]["data"] == {"things": [{"number": 1}]}
    assert by_id[0]["pending"] == [{"id": "0", "path": ["things"], "label": "all"}]
    places = {
        entry["path"][-1] + offset: item["number"]
        for part in by_path[1:]
        for entry in part.get("incremental", ())
        for offset, item in enumerate(entry["items"])
    }
    items = [
        item["number"]
        for part in by_id[1:]
        for entry in part.get("incremental", ())
        for item in entry["items"]
    ]
    assert places == {1: 2, 2: 3, 3: 4}
    assert items == [2, 3, 4]
    assert by_id[-1]["completed"] == [{"id": "0"}]


async def test_places_are_known_in_lists_that_came_with_a_deferred_part() -> None:
    query = """{ thing { number ... @defer(label: "d") { slow
                 things(count: 3) @stream(initialCount: 2, label: "s") { number } } } }"""

    entries = [
        one for part in (await told(query, BY_PATH))[1:] for one in part.get("incremental", ())
    ]

    assert entries == [
        {
            "data": {"slow": 1, "things": [{"number": 1}, {"number": 2}]},
            "path": ["thing"],
            "label": "d",
        },
        {"items": [{"number": 3}], "path": ["thing", "things", 2], "label": "s"},
    ]


async def test_what_is_deferred_in_many_objects_is_asked_for_once() -> None:
    desk = Desk()
    desk.open.set()
    async with serving(desk) as gateway, parts(gateway.address, STOCK) as answer:
        told = await answer.all()

    assert desk.asked == [[1, 2, 3]]
    assert [entry["data"] for entry in told[1]["incremental"]] == [
        {"stock": 10},
        {"stock": 20},
        {"stock": 30},
    ]


async def test_what_streamed_items_need_is_asked_for_once() -> None:
    desk = Desk()
    desk.open.set()
    query = "{ things(count: 20) @stream(initialCount: 1) { stock } }"
    async with serving(desk) as gateway, parts(gateway.address, query) as answer:
        await answer.all()

    assert desk.asked == [list(range(1, 21))]


async def test_errors_in_parts_are_told_and_masked_as_everywhere() -> None:
    query = (
        '{ thing { number ... @defer(label: "a") { refused } ...@defer(label: "b") { broken } } }'
    )
    with capture_logs() as logs:
        by_id, by_path = await told(query, BY_ID), await told(query, BY_PATH)

    refusal = {
        "message": "Not that.",
        "path": ["thing", "refused"],
        "extensions": {"code": "BAD_USER_INPUT", "argument": "of"},
    }
    patches = [one for part in by_id[1:] for one in part.get("incremental", ())]
    completed = [one for part in by_id[1:] for one in part.get("completed", ())]
    (failed,) = [one for one in completed if "errors" in one]
    assert [(one["id"], one["data"]) for one in patches] == [("0", {"refused": None})]
    assert without_locations(patches[0]["errors"]) == [refusal]
    assert failed["id"] == "1"
    assert failed["errors"][0]["message"] == "Something went wrong on our side."
    assert failed["errors"][0]["extensions"]["code"] == "INTERNAL"
    entries = {one["label"]: one for part in by_path[1:] for one in part.get("incremental", ())}
    assert entries["a"]["data"] == {"refused": None}
    assert without_locations(entries["a"]["errors"]) == [refusal]
    assert entries["b"]["data"] is None
    assert entries["b"]["path"] == ["thing"]
    assert entries["b"]["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "secret" not in str((by_id, by_path))
    assert [log["errors"] for log in logs if log["event"] == "operation"] == [
        ["BAD_USER_INPUT", "INTERNAL"]
    ] * 2


def without_locations(errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: one[name] for name in one if name != "locations"} for one in errors]


async def test_a_list_that_breaks_off_is_told_where() -> None:
    query = '{ things(count: 3) @stream(initialCount: 1, label: "s") { fragile } }'

    by_path, by_id = await told(query, BY_PATH), await told(query, BY_ID)

    assert by_path[0]["data"] == by_id[0]["data"] == {"things": [{"fragile": 1}]}
    (entry,) = by_path[-1]["incremental"]
    assert (entry["items"], entry["path"], entry["label"]) == (None, ["things", 1], "s")
    assert codes(entry) == ["INTERNAL"]
    (completed,) = by_id[-1]["completed"]
    assert (completed["id"], codes(completed)) == ("0", ["INTERNAL"])


async def test_all_parts_come_before_one_deadline_and_what_did_not_is_told() -> None:
    desk = Desk()
    stream = '{ things @stream(initialCount: 1, label: "s") { later } }'
    budget = {"budget": timedelta(seconds=2), "reserve": timedelta()}
    async with (
        serving(desk, requests=budget) as gateway,
        parts(gateway.address, STOCK, accept=BY_ID) as answer,
        parts(gateway.address, stream, accept=BY_PATH) as streamed,
    ):
        deferred, items = await answer.all(), await streamed.all()
        await until(lambda: desk.waiting == 0)

    assert [(one["id"], codes(one)) for one in deferred[-1]["completed"]] == [
        ("0", ["TIMEOUT"]),
        ("1", ["TIMEOUT"]),
        ("2", ["TIMEOUT"]),
    ]
    (entry,) = items[-1]["incremental"]
    assert (entry["items"], entry["path"], codes(entry)) == (None, ["things", 1], ["TIMEOUT"])


@pytest.mark.parametrize("accept", [BY_ID, BY_PATH])
async def test_a_first_part_that_is_too_large_is_not_sent(accept: str) -> None:
    query = "{ things(count: 99) { number } thing { ... @defer { slow } } }"
    desk = Desk()
    async with serving(desk, requests=SMALL) as gateway, httpx.AsyncClient() as http:
        answer = await http.post(gateway.url, json={"query": query}, headers={"accept": accept})
        await until(lambda: desk.waiting == 0)

    told = orjson.loads(answer.content.removesuffix(b"\r\n-----\r\n").rpartition(b"\r\n")[2])
    assert (told["data"], told["hasNext"], codes(told)) == (None, False, ["ANSWER_TOO_LARGE"])
    assert told["errors"][0]["extensions"]["limit"] == 1_000


async def test_parts_that_are_too_large_together_break_off() -> None:
    query = """{ thing { number ... @defer(label: "few") { things(count: 40) { number } }
                 ... @defer(label: "many") { slow more: things(count: 40) { number } } } }"""
    things = len(orjson.dumps([{"number": n} for n in range(1, 41)]))
    desk = Desk()
    async with (
        serving(desk, requests=SMALL) as gateway,
        parts(gateway.address, query, accept=BY_ID) as by_id,
        parts(gateway.address, query, accept=BY_PATH) as by_path,
    ):
        told = [[await one.next(), await one.next()] for one in (by_id, by_path)]
        desk.open.set()
        ends = [await one.next() for one in (by_id, by_path)]
        await by_id.end()
        await by_path.end()

    named = len('{"thing":{"number":1}}{"things":}{"slow":1,"more":}')
    measured = named + 2 * things
    error = {
        "message": f"The answer has {measured:,} bytes, the limit is 1,000: ask for smaller pages"
        " (first), fewer keys or fewer fields.",
        "extensions": {"code": "ANSWER_TOO_LARGE", "measured": measured, "limit": 1_000},
    }
    for _, second in told:
        assert len(second["incremental"][0]["data"]["things"]) == 40
    assert ends == [
        {"completed": [{"id": "1", "errors": [error]}], "hasNext": False},
        {
            "incremental": [{"data": None, "errors": [error], "path": ["thing"], "label": "many"}],
            "hasNext": False,
        },
    ]


async def test_items_that_are_too_large_together_break_off() -> None:
    query = '{ things(count: 99) @stream(initialCount: 1, label: "s") { number } }'
    desk = Desk()
    async with (
        serving(desk, requests=SMALL) as gateway,
        parts(gateway.address, query, accept=BY_PATH) as answer,
    ):
        told = await answer.all()

    *before, last = [entry for part in told[1:] for entry in part["incremental"]]
    items = [item for entry in before for item in entry["items"]]
    assert last["items"] is None
    assert last["path"] == ["things", 1 + len(items)]
    assert codes(last) == ["ANSWER_TOO_LARGE"]


def codes(told: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in told["errors"]]


async def test_a_client_that_goes_away_ends_the_work() -> None:
    desk = Desk()
    stream = "{ things @stream(initialCount: 1) { later } }"
    with capture_logs() as logs:
        async with serving(desk, requests={"budget": timedelta(hours=1)}) as gateway:
            for query in (SLOW, stream, STOCK):
                async with parts(gateway.address, query) as answer:
                    await answer.next()
                    await until(lambda: desk.waiting > 0)
                await until(lambda: desk.waiting == 0)
            await until(lambda: len([one for one in logs if one["event"] == "operation"]) == 3)

    assert desk.dropped == 4
    assert not desk.open.is_set()


async def test_a_client_that_goes_away_before_the_first_part_ends_the_work() -> None:
    desk = Desk()
    query = "{ thing { slow stock ... @defer { number } } }"
    async with serving(desk, requests={"budget": timedelta(hours=1)}) as gateway:
        async with httpx.AsyncClient() as http:
            asking = asyncio.create_task(
                http.post(gateway.url, json={"query": query}, headers={"accept": BY_ID})
            )
            await until(lambda: desk.waiting == 2)
            asking.cancel()
            await asyncio.wait({asking})
        await until(lambda: desk.waiting == 0)

    assert desk.dropped == 2


async def test_a_mutation_is_not_given_up_with_its_client() -> None:
    desk = Desk()
    query = 'mutation { change(to: "b") { number ... @defer { slow } } }'
    async with serving(desk) as gateway:
        async with httpx.AsyncClient() as http:
            asking = asyncio.create_task(
                http.post(gateway.url, json={"query": query}, headers={"accept": BY_ID})
            )
            await until(lambda: desk.waiting == 1)
            asking.cancel()
            await asyncio.wait({asking})
        assert desk.dropped == 0
        desk.open.set()
        await until(lambda: desk.changed == ["b"])


async def test_a_mutation_may_defer_what_it_selects() -> None:
    query = 'mutation { change(to: "b") { number ... @defer { slow } } }'

    first, last = await told(query, BY_ID)

    assert first["data"] == {"change": {"number": 1}}
    assert last["incremental"] == [{"id": "0", "data": {"slow": 1}}]


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "*/*",
        "multipart/*, application/json",
        "multipart/mixed;deferSpec=20990101, application/json",
        "multipart/mixed;q=0, application/json",
        "multipart/mixed;q=0.5, application/json",
        "multipart/mixed;subscriptionSpec=1.0, application/json",
        "application/json, text/event-stream",
    ],
)
@pytest.mark.parametrize("query", [SLOW, STOCK, STREAM])
async def test_who_takes_no_parts_is_answered_at_once(query: str, accept: str) -> None:
    answer = await at_once(query, accept)

    assert answer == {
        "data": {
            SLOW: {"thing": {"number": 1, "slow": 1}},
            STOCK: {"things": [{"number": n, "stock": n * 10} for n in (1, 2, 3)]},
            STREAM: {"things": [{"number": n} for n in (1, 2, 3, 4)]},
        }[query]
    }


@pytest.mark.parametrize("accept", [f"{BY_ID}, application/json", BY_PATH + ",*/*;q=0.1"])
@pytest.mark.parametrize(
    "query",
    [
        "{ thing { number } }",
        "{ thing { ... @defer(if: false) { number } } }",
        "{ thing { number ... @defer { number } } }",
        "query A($on: Boolean = false) { thing { ... @defer(if: $on) { number } } }",
    ],
)
async def test_what_defers_nothing_is_answered_at_once(query: str, accept: str) -> None:
    assert await at_once(query, accept) == {"data": {"thing": {"number": 1}}}


@pytest.mark.parametrize(
    ("query", "status", "part"),
    [
        ("{ thing { number } }", 200, {"data": {"thing": {"number": 1}}}),
        ("{ nothing }", 400, None),
    ],
)
@pytest.mark.parametrize("accept", [BY_ID, BY_PATH])
async def test_who_takes_nothing_but_parts_gets_one(
    query: str, status: int, part: Any, accept: str
) -> None:
    async with serving(Desk()) as gateway, httpx.AsyncClient() as http:
        answer = await http.post(gateway.url, json={"query": query}, headers={"accept": accept})

    assert answer.status_code == status
    head, told, end = answer.text.removeprefix("\r\n---\r\n").split("\r\n", 2)[0::1]
    assert head == "Content-Type: application/json; charset=utf-8"
    assert answer.text.endswith("\r\n-----\r\n")
    body = httpx.Response(200, text=end.removesuffix("\r\n-----\r\n")).json()
    assert told == ""
    assert body["hasNext"] is False
    assert part is None or body == {**part, "hasNext": False}


@pytest.mark.parametrize("accept", [BY_ID, BY_PATH])
async def test_a_refusal_in_a_part_has_all_its_headers(accept: str) -> None:
    taken, lost = {"accept": accept}, {"accept": accept, "authorization": "Bearer lost"}
    async with serving(Desk()) as gateway, httpx.AsyncClient() as http:
        method = await http.put(gateway.url, headers=taken)
        kind = await http.post(gateway.url, content=b"{}", headers=taken)
        unknown = await http.post(gateway.url, json={"query": SLOW}, headers=lost)

    assert (method.status_code, method.headers["allow"]) == (405, "GET, POST")
    assert (kind.status_code, kind.headers["accept-post"]) == (415, "application/json")
    assert unknown.status_code == 401
    assert unknown.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert {one.headers["cache-control"] for one in (method, kind, unknown)} == {"no-store"}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ things @stream(initialCount: -1) { number } }", "initialCount is how many"),
        ("{ things @stream(initialCount: null) { number } }", "initialCount is how many"),
        ("query ($n: Int) { things @stream(initialCount: $n) { number } }", "initialCount is how"),
        ("query ($m: Int = -2) { things @stream(initialCount: $m) { number } }", "initialCount"),
        ("{ thing @stream { number } }", "cannot be used on non-list field"),
        ('{ thing { ... @defer(label: "a") { number } ... @defer(label: "a") { slow } } }', "uniq"),
        ("query ($l: String) { thing { ... @defer(label: $l) { number } } }", "label"),
        ('mutation { ... @defer { change(to: "b") { number } } }', "root mutation type"),
        ("{ thing { ... @defer(if: 1) { number } } }", "Boolean cannot represent"),
    ],
)
@pytest.mark.parametrize("accept", [BY_ID, "application/json"])
async def test_what_cannot_be_deferred_is_refused(query: str, message: str, accept: str) -> None:
    accept += ", application/json"
    answer = await at_once(query, accept, n=-1)

    assert message in answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize("accept", [f"{BY_ID}, application/json", "application/json"])
async def test_a_count_below_zero_is_refused_however_it_is_written(accept: str) -> None:
    query = "query ($n: Int) { things @stream(initialCount: $n) { number } }"

    answer = await at_once(query, accept, n=-1.0)

    assert answer["errors"][0]["message"] == "initialCount is how many items come first, 0 or more."
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_a_count_may_be_left_unsaid() -> None:
    query = "query ($n: Int) { things @stream(initialCount: $n) { number } }"

    first, *_ = await told(query, BY_ID)

    assert first["data"] == {"things": []}


@pytest.mark.parametrize("accept", [f"{BY_ID}, application/json", "application/json"])
async def test_a_condition_that_is_null_is_a_mistake_of_the_caller(accept: str) -> None:
    query = "query ($on: Boolean) { thing { number ... @defer(if: $on) { slow } } }"

    answer = await at_once(query, accept, on=None)

    assert "INTERNAL" not in str(answer)


async def test_the_number_of_directives_is_limited() -> None:
    spreads = " ".join(f'...F @defer(label: "{number}")' for number in range(21))
    query = f"{{ thing {{ {spreads} }} }} fragment F on Thing {{ number }}"

    answer = await at_once(query, f"{BY_ID}, application/json")

    assert answer["errors"][0]["extensions"] == {
        "code": "OPERATION_TOO_COMPLEX",
        "measure": "deferrals",
        "measured": 21,
        "limit": 20,
    }


async def test_deferred_executions_are_counted_by_directive() -> None:
    desk = Desk()
    desk.open.set()
    async with serving(desk, server={"metrics": True}) as gateway, httpx.AsyncClient() as http:
        for query in (SLOW, STREAM):
            async with parts(gateway.address, query) as answer:
                await answer.all()
            await http.post(gateway.url, json={"query": query})
        metrics = (await http.get(f"{gateway.address}/metrics")).text

    executions = {line for line in metrics.splitlines() if line.startswith("tessera_executions_")}
    assert {
        'tessera_executions_total{how="@defer"} 1.0',
        'tessera_executions_total{how="@stream"} 1.0',
        'tessera_executions_total{how="compiled"} 2.0',
    } <= executions or REFERENCE


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{ things { number } }", 3),
        ("{ things { number ... @defer { stock } } }", 3 * (1 + 10)),
        ("{ things { ...F @defer } } fragment F on Thing { stock }", 3 * (1 + 10)),
        ("{ things @stream { number } }", 3 * (1 + 10)),
        ('{ things @stream { ... @defer(label: "a") { number } } }', 3 * (1 + 10 + 10)),
    ],
)
async def test_what_is_told_later_costs_more(query: str, cost: int) -> None:
    with capture_logs() as logs:
        await at_once(query)

    assert [one["cost"] for one in logs if one["event"] == "operation"] == [cost]


async def test_a_server_that_says_so_when_the_client_is_gone_ends_the_work() -> None:
    desk = Desk()
    gone: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    body = orjson.dumps({"query": SLOW})
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        return messages.pop() if messages else await gone

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise OSError

    headers = [(b"accept", BY_ID.encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": headers}
    gateway = await a_gateway()
    await gateway.app(a_schema(desk))({**scope, "query_string": b""}, receive, send)

    await until(lambda: desk.waiting == 0)
    assert desk.dropped == 1
