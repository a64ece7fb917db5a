"""How is an answer written? Its head as uvicorn would, from lines that are known, and not alone.

A head that is written by itself is a call of the system and a packet more, and a client that reads
on for nothing.
"""

from collections.abc import Awaitable, Callable, Generator
from functools import lru_cache
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


class _Done:
    """Waited for by whoever has nothing to wait for."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


DONE = _Done()


def swiftly(
    app: Any, cycle: RequestResponseCycle, scope: Scope, receive: Receive, _send: Send
) -> Awaitable[None]:
    """Let an application answer; uvicorn would look at each header of each answer anew."""
    head: bytes | None = None

    def send(message: Message) -> Awaitable[None]:
        nonlocal head
        if head is not None:
            waited, head = head, None
            return _written(cycle, waited, message)
        if message["type"] == "http.response.start" and (found := _head(cycle, message)):
            head, cycle.expected_content_length = found
            cycle.response_started = True
            cycle.waiting_for_100_continue = False
            cycle.chunked_encoding = False
            return DONE
        told: Any = message
        return cycle.send(told)

    answering: Awaitable[None] = app(scope, receive, send)
    return answering


def _peculiar(cycle: RequestResponseCycle) -> bool:
    return (
        cycle.response_started or cycle.disconnected or cycle.flow.write_paused or cycle.access_log
    )


def _head(cycle: RequestResponseCycle, message: Message) -> tuple[bytes, int] | None:
    """The head of an answer, and how long its body is; None where uvicorn has to look at it."""
    if _peculiar(cycle):
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
    if not _fit(name) or not (value.isalnum() or HEADER_VALUE_RE.search(value) is None):
        return None
    return name + b": " + value + b"\r\n"


@lru_cache(MOST_LINES)
def _fit(name: bytes) -> bool:
    return name.islower() and name not in PECULIAR and HEADER_RE.search(name) is None


def _whole(cycle: RequestResponseCycle, status: int, lines: bytes, body: bytes) -> bool:
    """Write all of an answer: `lines` are those of its head but for the length of its body.

    False where uvicorn has to look at it: then nothing is written.
    """
    if _peculiar(cycle):
        return False
    usual = b"".join([b"%b: %b\r\n" % header for header in cycle.default_headers])
    end = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
    length = b"content-length: %d\r\n" % len(body)
    cycle.response_started = True
    cycle.waiting_for_100_continue = False
    cycle.transport.writelines((STATUS_LINE[status], usual, lines, length, end, body))
    _complete(cycle)
    return True


def _complete(cycle: RequestResponseCycle) -> None:
    cycle.expected_content_length = 0
    cycle.response_complete = True
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()


def _written(cycle: RequestResponseCycle, head: bytes, message: Any) -> Awaitable[None]:
    """Write a head that has waited, and what comes next: at once, where that is the whole body."""
    if cycle.disconnected:
        return cycle.send(message)
    body = message.get("body", b"")
    whole = 0 < len(body) == cycle.expected_content_length and not message.get("more_body", False)
    if not whole or cycle.scope["method"] == "HEAD":
        cycle.transport.write(head)
        return cycle.send(message)
    cycle.transport.writelines((head, body))
    _complete(cycle)
    return DONE


class Arrived:
    """A request that is there as a whole; see `app.api.arriving`."""

    __slots__ = ("_app", "_begin", "_cycle", "body", "scope")

    def __init__(self, cycle: RequestResponseCycle, app: Any, begin: Callable[..., None]) -> None:
        self._cycle, self._app, self._begin = cycle, app, begin
        self.scope: Any = cycle.scope
        self.body = bytes(cycle.body)

    def begin(self, app: Any = None) -> None:
        """Call an application, the usual one if none is named, unless it is answered already."""
        if not self._cycle.response_started:
            self._begin(self._cycle, app or self._app)

    def write(self, status: int, lines: bytes, body: bytes) -> bool:
        """Write all of the answer, if that can be done just now."""
        return _whole(self._cycle, status, lines, body)
