"""How is the head of an answer written? As uvicorn would, from lines that are known."""

from collections.abc import Awaitable
from typing import Any

from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    RequestResponseCycle,
)

MOST_LINES = 200  # of heads that are known: nearly all stand in every answer
CHANGING = frozenset({b"age", b"content-length", b"date", b"etag", b"x-request-id"})
PECULIAR = frozenset({b"connection", b"transfer-encoding"})  # they say how the body is sent
LINES: dict[tuple[bytes, bytes], bytes] = {}


def swiftly(
    app: Any, cycle: RequestResponseCycle, scope: Scope, receive: Receive, _send: Send
) -> Awaitable[None]:
    """Let an application answer; uvicorn would look at each header of each answer anew."""

    def send(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start" and (head := _head(cycle, message)):
            return _begun(cycle, *head)
        told: Any = message
        return cycle.send(told)

    answering: Awaitable[None] = app(scope, receive, send)
    return answering


def _head(cycle: RequestResponseCycle, message: Message) -> tuple[bytes, int] | None:
    """The head of an answer, and how long its body is; None where uvicorn has to look at it."""
    if cycle.response_started or cycle.disconnected or cycle.flow.write_paused or cycle.access_log:
        return None
    lines, length = [STATUS_LINE[message["status"]]], None
    for header in (*cycle.default_headers, *message.get("headers", ())):
        if (line := LINES.get(header)) is None:
            name, value = header
            told_before = name == b"content-length" and length is not None
            if (line := _line(name, value)) is None or told_before:
                return None
            if name == b"content-length":
                length = int(value)
            elif name not in CHANGING and len(LINES) < MOST_LINES:
                LINES[header] = line
        lines.append(line)
    if length is None:
        return None
    lines.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
    return b"".join(lines), length


def _line(name: bytes, value: bytes) -> bytes | None:
    """A line that is as it should be; None where it is not, or has a part in how it is sent."""
    if not name.islower() or name in PECULIAR:
        return None
    if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
        return None
    return name + b": " + value + b"\r\n"


async def _begun(cycle: RequestResponseCycle, head: bytes, length: int) -> None:
    """Write a head, as uvicorn's own would; what comes next is a body of that length."""
    cycle.response_started = True
    cycle.waiting_for_100_continue = False
    cycle.chunked_encoding = False
    cycle.expected_content_length = length
    cycle.transport.write(head)
