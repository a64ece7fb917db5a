"""Requests handed to the application as a server would, whatever they hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson

from connectors.kit.specimen import Asgi
from tests.gateways import Asker

Headers = Iterable[tuple[bytes, bytes]]
JSON = (b"content-type", b"application/json")
PREFLIGHT = (b"x-tessera-preflight", b"1")


@dataclass(frozen=True)
class Sent:
    """One request."""

    method: str = "POST"
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = (JSON,)
    body: bytes = b""


@dataclass(frozen=True)
class Got:
    """One answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def app_of(ask: Asker) -> Asgi:
    transport = ask.http._transport
    assert isinstance(transport, httpx.ASGITransport)
    return transport.app


def asked(transport: str, document: str, variables: Mapping[str, Any]) -> Sent:
    """The same question by POST or by GET."""
    if transport == "POST":
        return Sent(body=orjson.dumps({"query": document, "variables": variables}))
    parameters = {"query": document, "variables": orjson.dumps(variables)}
    return Sent("GET", urlencode(parameters).encode(), (PREFLIGHT,))


async def send(app: Asgi, sent: Sent) -> Got:
    """The answer to one request."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": sent.method,
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": sent.query,
        "headers": list(sent.headers),
        "server": ("gateway", 80),
        "client": ("client", 1),
    }
    messages: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": sent.body, "more_body": False}

    async def take(message: Any) -> None:
        messages.append(message)

    await app(scope, receive, take)
    headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in messages[1:])
    return Got(messages[0]["status"], headers, body)
