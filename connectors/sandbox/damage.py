"""What does a bad answer look like? ASGI messages captured, spoilt and sent on."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from connectors.kit.specimen import Asgi

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Captured:
    """An answer that has not been sent yet; `headers` are without its length."""

    status: int
    headers: Headers
    body: bytes


async def read(receive: Receive) -> bytes:
    """The whole body of a request."""
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body", False):
            return body


def heard(body: bytes, receive: Receive) -> Receive:
    """A `receive` that tells the body, already read, once more."""
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def captured(app: Asgi, scope: Message, receive: Receive) -> Captured:
    """What the app would answer."""
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    start, *parts = messages
    headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    return Captured(start["status"], headers, b"".join(part.get("body", b"") for part in parts))


async def answer(
    send: Send,
    status: int,
    body: bytes,
    headers: Headers = (),
    *,
    kind: bytes = b"application/json",
) -> None:
    """A whole answer."""
    await send_all(send, Captured(status, [(b"content-type", kind), *headers], body), [body])


async def send_all(send: Send, answer: Captured, parts: Sequence[bytes]) -> None:
    """The answer with another body, in parts."""
    await begin(send, answer, length=sum(map(len, parts)))
    for part in parts:
        await send_part(send, part)
    await send({"type": "http.response.body", "body": b""})


async def begin(send: Send, answer: Captured, *, length: int) -> None:
    """The head of the answer, promising a body of that length."""
    headers = [*answer.headers, (b"content-length", str(length).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


async def send_part(send: Send, part: bytes) -> None:
    """A part of the body, with more to come."""
    await send({"type": "http.response.body", "body": part, "more_body": True})


def mistyped(body: bytes, *, every: int) -> bytes:
    """The document with every cell of every n-th row turned into another type."""
    document = orjson.loads(body)
    for value in list(document.values()) if isinstance(document, dict) else []:
        if _is_rows(value):
            value[::every] = map(_spoilt, value[::every])
    return orjson.dumps(document)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict | list) for row in value)


def _spoilt(row: Any) -> Any:
    if isinstance(row, dict):
        return {name: _another_type(cell) for name, cell in row.items()}
    return [_another_type(cell) for cell in row]


def _another_type(cell: Any) -> Any:
    match cell:
        case str():
            return 17.5
        case bool() | None:
            return "perhaps"
        case int() | float():
            return "many"
        case _:
            return True
