"""What has brought down or opened others: one test for each known vulnerability that could be ours.

Those of documents are attacks of the corpus too, where their time is measured over every transport.
"""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

from app import settings as config
from app.main import Gateway
from app.serving import GatewayServer
from tests.attacks.corpus import bomb
from tests.attacks.raw import PROBE, TYPENAME, answer, gateway, post
from tests.gateways import Retailer, gateway_over
from tests.streams.served import served

WITHIN = 60.0  # seconds: whatever is waited for comes soon, or never


async def told(document: str) -> tuple[int, dict[str, Any]]:
    """The status and the first error of an answer."""
    async with gateway_over({"shop": Retailer()}) as ask:
        response = await ask.post(document)
    body = response.json()
    assert "data" not in body
    return response.status_code, body["errors"][0]


async def test_no_form_is_taken_for_a_request_cve_2024_47082() -> None:
    """A page makes its visitors upload a form, cookies and all."""
    parts = {"operations": (None, '{"query": "{ __typename }"}'), "map": (None, "{}")}
    async with gateway_over({"shop": Retailer()}) as ask:
        response = await ask.http.post("/graphql", files=parts)

    assert response.status_code == 415


@pytest.mark.parametrize("protocols", [["graphql-ws"], ["graphql-ws", "soap"], []])
async def test_the_legacy_protocol_is_not_spoken_cve_2026_35523(protocols: list[str]) -> None:
    """It began operations without an introduction."""
    async with served() as one, one.socket(subprotocols=protocols or None) as client:
        assert await client.ends() == (4406, "Subprotocol not acceptable")


@pytest.mark.parametrize("type_", ["subscribe", "start"])
async def test_nothing_begins_without_an_introduction_cve_2026_35523(type_: str) -> None:
    async with served() as one, one.socket() as client:
        await client.say(type=type_, id="1", payload={"query": "{ __typename }"})
        code, _ = await client.ends()

    assert code == {"subscribe": 4401, "start": 4400}[type_]


async def test_a_socket_has_so_many_subscriptions_cve_2026_35526() -> None:
    async with served(streams={"max_operations": 2}) as one, one.client() as client:
        for id_ in ("a", "b", "c"):
            await client.ask(id_, "subscription { news { number } }")
        said = await client.hear()

    assert (said["id"], said["type"]) == ("c", "error")
    assert said["payload"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"


async def test_what_is_over_makes_room_cve_2026_107727() -> None:
    """Slots of operations that had ended stayed taken."""
    async with served(streams={"max_operations": 2}) as one, one.client() as client:
        for _ in range(20):
            id_ = uuid4().hex
            await client.ask(id_, "{ __typename }")
            assert [(await client.hear())["type"] for _ in range(2)] == ["next", "complete"]


async def test_circular_fragments_are_a_mistake_of_the_document_cve_2026_47706() -> None:
    """They exhausted the stack of a depth limiter."""
    document = (
        "{ ...A } fragment A on Query { node(id: 1) { ...B } } fragment B on Node { id ...B }"
    )
    status, error = await told(document)

    assert status == 400
    assert error["message"] == "Cannot spread fragment 'B' within itself."


async def test_aliases_in_fragments_count_wherever_they_are_spread_cve_2026_47707() -> None:
    fragment = "fragment A on Query { a: __typename b: __typename c: __typename }"
    _, error = await told("{" + "...A " * 7 + "}" + fragment)

    assert error["extensions"] == {
        "code": "OPERATION_TOO_COMPLEX",
        "measure": "aliases",
        "measured": 21,
        "limit": 20,
    }


@pytest.mark.parametrize("piece", ["... { sku } ", "sku ", "images { url } ", "...A "])
async def test_pairs_are_counted_before_they_are_compared_cve_2026_75507(piece: str) -> None:
    """Comparing them took a time that grew with their square; also CVE-2023-26144, -40476."""
    document = '{ variants(skus: "a") {' + piece * 300 + "} } fragment A on ProductVariant { sku }"
    _, error = await told(document)

    assert error["extensions"]["measure"] == "merges"


@pytest.mark.parametrize(
    "comments", ["#\n" * 2_001, "#x\n" * 2_001 + "#", ("#" * 10 + "\n") * 2_500]
)
async def test_comments_are_tokens_cve_2026_75508(comments: str) -> None:
    for document in ("{ __typename }" + comments, comments + "{ __typename }"):
        _, error = await told(document)
        assert error["extensions"]["measure"] == "tokens"


@pytest.mark.parametrize(
    "host",
    ["evil.example/livez?", "gateway/../livez#", "a@livez:80", "[::1", "", "\x01", "gateway:99999"],
)
async def test_no_host_changes_what_is_asked_cve_2026_48710(host: str) -> None:
    """A crafted Host put its own path into the address that rules were applied to."""
    said = post(PROBE).replace(b"host: gateway", b"host: " + host.encode())
    async with gateway() as one, one.client(said) as reader:
        status, body = await answer(reader)

    assert (status, body) in {(200, TYPENAME), (400, b"Invalid HTTP request received.")}
    assert host.encode() not in body or not host


@pytest.mark.parametrize(
    "path", [b"graphql", b"*", b"//livez", b"http://evil/graphql", b"/graphql/"]
)
async def test_no_path_is_a_failure_of_ours_pysec_2026_248(path: bytes) -> None:
    """One without a slash poisoned the name of the host."""
    said = post(PROBE).replace(b"/graphql", path, 1)
    async with gateway() as one, one.client(said) as reader:
        status, body = await answer(reader)

    assert status in {200, 307, 400, 404}
    assert b"evil" not in body


async def test_ranges_mean_nothing_here_cve_2025_62727() -> None:
    """Many of them made a server of files busy for a time that grew with their square."""
    ranges = "bytes=" + ",".join(f"{n}-" for n in range(5_000))
    async with gateway_over({"shop": Retailer()}) as ask:
        response = await ask.http.get("/livez", headers={"range": ranges})

    assert (response.status_code, response.text) == (200, "alive")


async def test_fragments_are_measured_without_being_written_out_cve_2025_32030() -> None:
    """A planner wrote them out; also CVE-2025-32032 and -32034."""
    _, error = await told(bomb(30))

    assert error["extensions"]["measure"] == "selections"


@pytest.mark.parametrize("body", [b"[]", b'[{"query":"{ __typename }"}]', b'[{"query":"{a}"},1]'])
async def test_a_request_holds_one_operation_cve_2026_33756(body: bytes) -> None:
    """Arrays of operations were as long as anybody wished; also CVE-2026-35401."""
    async with gateway_over({"shop": Retailer()}) as ask:
        response = await ask.http.post(
            "/graphql", content=body, headers={"content-type": "application/json"}
        )

    assert response.status_code == 400
    assert response.json()["errors"][0]["message"] == (
        "The body must be one JSON object with a query."
    )


async def test_a_socket_has_the_same_gate_ghsa_p2x3_8689_cwpg() -> None:
    """What was refused over HTTP was executed over a socket; the corpus tries all of it."""
    async with served() as one, one.client() as client, httpx.AsyncClient() as http:
        over_http = (
            await http.post(one.url, json={"query": bomb(20, "Query", "{ ...F0 }")})
        ).json()
        await client.ask("1", bomb(20, "Query", "{ ...F0 }"))
        over_socket = await client.hear()

    assert over_socket["payload"] == over_http["errors"]


async def test_the_server_does_not_name_itself() -> None:
    document = {
        "connections": {"shop": {"connector": "made-up"}},
        "bind": {"catalogue": "shop", "prices": "shop"},
        "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "it"}},
    }
    settings = config.parse(document)
    gateway = Gateway(settings, {})
    server = GatewayServer(gateway, gateway.app(), settings, announce=lambda: None)
    server.config.load()

    assert not server.config.server_header
    assert [name for name, _ in server.config.encoded_headers] == []


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain,application/json",
        "text/plain; application/json",
        "application/jsonp",
        "application/json, text/plain",
        "application/json-patch+json",
        "multipart/form-data; boundary=application/json",
        "application/x-www-form-urlencoded",
        "application/json;charset=utf-7",
    ],
)
async def test_only_the_exact_media_type_is_taken(kind: str) -> None:
    async with gateway_over({"shop": Retailer()}) as ask:
        response = await ask.http.post(
            "/graphql", content=PROBE, headers={"content-type": kind, "origin": "https://evil.test"}
        )

    assert response.status_code == 415
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    "body",
    [
        *(b"1", b"null", b'"x"', b"\xff\xfe", b"[" * 50_000 + b"]" * 50_000, b"9" * 5_000, b""),
        b'{"query":"{ __typename }","variables":{"v":NaN}}',
        b'{"query":"{ __typename }","variables":{"v":1e999}}',
        b'{"query":' + b'{"a":' * 2_000 + b"1" + b"}" * 2_001,
        b'{"query":"\\ud800"}',
        b"x" * 100_000,
    ],
    ids=lambda body: repr(body[:24]),
)
async def test_a_body_that_is_no_request_is_the_clients_mistake(body: bytes) -> None:
    async with gateway_over({"shop": Retailer()}) as ask:
        response = await ask.http.post(
            "/graphql", content=body, headers={"content-type": "application/json"}
        )

    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "BAD_REQUEST"}
    assert len(response.content) < 200


async def test_fifty_megabytes_are_not_read() -> None:
    sent = 0

    async def chunks() -> Any:
        nonlocal sent
        for _ in range(50):
            sent += 1
            yield b" " * 1_000_000
            await asyncio.sleep(0)

    async with gateway() as one, httpx.AsyncClient(timeout=WITHIN) as http:
        try:
            response = await http.post(
                f"http://127.0.0.1:{one.port}/graphql",
                content=chunks(),
                headers={"content-type": "application/json"},
            )
        except httpx.NetworkError:  # the gateway hung up while we were talking
            pass
        else:
            assert response.status_code == 413
            assert orjson.loads(response.content)["errors"]
    assert sent < 50
