"""The same question over every transport, by real clients; one word for what was answered."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

LARGE = "too large"
COSTED = "costed"
PREFLIGHT = {"x-tessera-preflight": "1"}
EVENTS = {"accept": "text/event-stream"}
WITHIN = 30.0  # seconds: an attack that works takes longer
LONGEST_ADDRESS = 65_000  # bytes; servers take no longer ones, and clients make none
TOO_BIG = 1009  # the code of the close frame
INIT, PROTOCOL = b'{"type":"connection_init"}', Subprotocol("graphql-transport-ws")


@dataclass(frozen=True)
class Answer:
    """What an answer told: the measure or code of a refusal, `costed` for data, or `too large`."""

    told: frozenset[str]
    size: int

    def __str__(self) -> str:
        return ", ".join(sorted(self.told))


def asked(document: str, variables: Mapping[str, Any]) -> bytes:
    return orjson.dumps({"query": document, "variables": variables})


def told(response: Mapping[str, Any], size: int) -> Answer:
    """What a response map says."""
    errors = response.get("errors", ())
    words = {one["extensions"].get("measure", one["extensions"]["code"]) for one in errors}
    return Answer(frozenset(words or {COSTED}), size)


async def post(http: httpx.AsyncClient, document: str, variables: Mapping[str, Any]) -> Answer:
    body = asked(document, variables)
    got = await http.post("/graphql", content=body, headers={"content-type": "application/json"})
    return _answered(got)


async def get(http: httpx.AsyncClient, document: str, variables: Mapping[str, Any]) -> Answer:
    address = "/graphql?" + urlencode({"query": document, "variables": orjson.dumps(variables)})
    if len(address) > LONGEST_ADDRESS:
        return Answer(frozenset({LARGE}), 0)
    return _answered(await http.get(address, headers=PREFLIGHT))


async def events(http: httpx.AsyncClient, document: str, variables: Mapping[str, Any]) -> Answer:
    body = asked(document, variables)
    headers = EVENTS | {"content-type": "application/json"}
    async with http.stream("POST", "/graphql", content=body, headers=headers) as got:
        text = (await got.aread()).decode()
    if got.status_code != httpx.codes.OK:
        return _answered(got)
    first, last = text.removeprefix(":\n\n").split("\n\n", 1)
    assert last == "event: complete\ndata: \n\n"
    assert first.startswith("event: next\n")
    return told(orjson.loads(first.rpartition("\ndata: ")[2]), len(text))


async def socket(http: httpx.AsyncClient, document: str, variables: Mapping[str, Any]) -> Answer:
    address = str(http.base_url.join("/graphql")).replace("http", "ws", 1)
    payload = orjson.Fragment(asked(document, variables))
    async with connect(address, subprotocols=[PROTOCOL], max_size=10**7) as held:
        await held.send(INIT.decode())
        assert orjson.loads(await held.recv()) == {"type": "connection_ack"}
        try:
            message = {"type": "subscribe", "id": "1", "payload": payload}
            await held.send(orjson.dumps(message).decode())
            said = await held.recv()
        except ConnectionClosed:
            assert held.close_code == TOO_BIG
            return Answer(frozenset({LARGE}), 0)
    answer = orjson.loads(said)
    errors = answer["type"] == "error"
    return told({"errors": answer["payload"]} if errors else answer["payload"], len(said))


def _answered(got: httpx.Response) -> Answer:
    if got.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        return Answer(frozenset({LARGE}), len(got.content))
    assert got.status_code in {200, 400}, got.text
    return told(got.json(), len(got.content))


Transport = Callable[[httpx.AsyncClient, str, Mapping[str, Any]], Coroutine[Any, Any, Answer]]
TRANSPORTS: Mapping[str, Transport] = {
    "POST": post,
    "GET": get,
    "SSE": events,
    "WebSocket": socket,
}
