"""Ten thousand requests, and frames, that are broken somewhere: answered, and none finds a bug."""

import asyncio
import gzip
import random
import re
from typing import Any
from urllib.parse import quote_plus

import orjson
import pytest
from structlog.testing import capture_logs

from connectors.kit.specimen import Asgi
from tests.attacks.wire import JSON, PREFLIGHT, Sent, app_of, send
from tests.gateways import Retailer, gateway_over

SHARES = 4  # so that several processes can share the work
EACH = 2_500
DOCUMENTS = (
    "{ __typename }",
    "query Q($n: Int = 2) { products(first: $n) { edges { node { ...P } } } }"  # noqa: ISC004  one document
    " fragment P on Product { name variants(first: 2) { sku price { amount { amount } } } }",
    '{ a: location(code: "ST-MIL") @include(if: true) { code hours { openNow } } }',
    "query($near: GeoPointInput) { locations(near: $near, kinds: [STORE]) { totalCount } }",
    '{ nodes(ids: [1, "x"]) { id ... on Product { name } } }',
    "mutation { x } subscription { y }",
)
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 1e300, "", "Q", "\u0000", "\U0001f600"),
    *([], {}, [[]], {"n": 1}, {"n": 1e9}, {"near": {"latitude": "x"}}),
)
SNIPPETS = b'{ } [ " \\u0000 \\ud800 \xff \x00 ... $ @ & %00 %ff # ! """'.split(b" ")
KINDS = (
    b"application/json",
    b"text/plain",
    b"",
    b"application/json;charset=utf-16",
    b"\xff",
    b";;",
)
ENCODINGS = (b"gzip", b"deflate", b"br", b"gzip, gzip", b"\xff")
ACCEPTS = (b"*/*", b"application/graphql-response+json", b"q", b";q=,", b"\xff", b"text/html")
LEAKS = re.compile(
    rb"Traceback|File \"|site-packages|\\.py\\b|app\\.|graphql\\.|SELECT |0x[0-9a-f]{6}"
)
FRAMES: tuple[Any, ...] = (
    {"type": "connection_init"},
    {"type": "ping", "payload": {"a": 1}},
    {"type": "pong"},
    {"type": "complete", "id": "1"},
    {"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}},
)
CLOSED = {1000, 1009, 4400, 4401, 4409, 4429}
METHODS = ("POST", "POST", "POST", "GET", "GET", "GET", "PUT", "OPTIONS", "HEAD", "")


def spoiled(chance: random.Random, text: bytes) -> bytes:
    """The text with a few bytes cut out, doubled, swapped or put in."""
    for _ in range(chance.randrange(4)):
        at, to = sorted(chance.randrange(len(text) + 1) for _ in range(2))
        cut, kept = text[at:to], (text[:at], text[to:])
        middle = chance.choice((b"", cut * 2, cut[::-1], cut + chance.choice(SNIPPETS)))
        text = kept[0] + middle + kept[1]
    return text


def parameters(chance: random.Random) -> dict[str, object]:
    body: dict[str, object] = {"query": chance.choice(DOCUMENTS)}
    for name in ("variables", "operationName", "extensions", "query", "near"):
        if chance.random() < 0.3:
            body[name] = chance.choice(VALUES)
    return body


def request(chance: random.Random) -> Sent:
    asked = parameters(chance)
    headers = [(b"accept", chance.choice(ACCEPTS))] if chance.random() < 0.5 else []
    method = chance.choice(METHODS)
    if method == "GET":
        pairs = (
            (name, value if isinstance(value, str) else repr(value))
            for name, value in asked.items()
        )
        query = "&".join(f"{name}={quote_plus(value, errors='replace')}" for name, value in pairs)
        headers += [PREFLIGHT] if chance.random() < 0.9 else []
        return Sent(method, spoiled(chance, query.encode()), tuple(headers))
    body = spoiled(chance, orjson.dumps(asked))
    headers.append(JSON if chance.random() < 0.8 else (b"content-type", chance.choice(KINDS)))
    if chance.random() < 0.2:
        body = spoiled(chance, gzip.compress(body, 1, mtime=0))
        headers.append((b"content-encoding", chance.choice(ENCODINGS)))
    return Sent(method, b"", tuple(headers), body)


@pytest.mark.parametrize("share", range(SHARES))
async def test_whatever_is_sent_is_answered_and_finds_no_bug(share: int) -> None:
    chance = random.Random(share)
    statuses: dict[int, int] = {}
    async with gateway_over({"shop": Retailer()}) as ask:
        app = app_of(ask)
        with capture_logs() as logs:
            for _ in range(EACH):
                got = await send(app, sent := request(chance))
                assert set(orjson.loads(got.body)) & {"data", "errors"}, sent
                assert not LEAKS.search(got.body), sent
                statuses[got.status] = statuses.get(got.status, 0) + 1

    assert [one for one in logs if one["log_level"] in {"error", "critical"}] == []
    assert max(statuses) < 500
    assert {200, 400, 405, 406, 415, 422} <= set(statuses)
    assert sum(statuses.values()) == EACH


def frame(chance: random.Random) -> dict[str, Any]:
    """A frame as the server hands it over, broken more often than not."""
    said = dict(chance.choice(FRAMES))
    if chance.random() < 0.5:
        said["payload"] = chance.choice((parameters(chance), *VALUES))
    if chance.random() < 0.2:
        said[chance.choice(("id", "type", "payload"))] = chance.choice(VALUES)
    text = orjson.dumps(said)
    if chance.random() < 0.5:
        text = spoiled(chance, text)
    if chance.random() < 0.05:
        return {"type": "websocket.receive", "bytes": text}
    return {"type": "websocket.receive", "text": text.decode(errors="surrogateescape")}


@pytest.mark.parametrize("share", range(SHARES))
async def test_whatever_is_framed_is_answered_and_finds_no_bug(share: int) -> None:
    chance = random.Random(share)
    left, codes = EACH, set()
    async with gateway_over({"shop": Retailer()}) as ask:
        app = app_of(ask)
        with capture_logs() as logs:
            while left > 0:
                frames = [frame(chance) for _ in range(chance.randrange(1, 9))]
                code, read = await conversed(app, frames, introduced=chance.random() < 0.9)
                codes.add(code)
                left -= read

    assert [one for one in logs if one["log_level"] in {"error", "critical"}] == []
    assert codes <= CLOSED
    assert {1000, 4400, 4401} <= codes


async def conversed(
    app: Asgi, frames: list[dict[str, Any]], *, introduced: bool
) -> tuple[int, int]:
    """The code with which a socket ends, and how many of the frames were read by then."""
    waiting: list[dict[str, Any]] = [{"type": "websocket.connect"}]
    if introduced:
        waiting.append({"type": "websocket.receive", "text": '{"type":"connection_init"}'})
    waiting += [*frames, {"type": "websocket.disconnect", "code": 1000}]
    codes: list[int] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return waiting.pop(0) if waiting else {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Any) -> None:
        if message["type"] == "websocket.close":
            codes.append(message["code"])
        assert not LEAKS.search(message.get("text", "").encode()), frames

    scope = {
        "type": "websocket",
        "path": "/graphql",
        "headers": [],
        "subprotocols": ["graphql-transport-ws"],
        "extensions": {},
    }
    await app(scope, receive, send)
    return codes[0] if codes else 1000, len(frames) - max(0, len(waiting) - 1)
