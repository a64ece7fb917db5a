"""How does an upstream fail on the wire? Faults, and the ASGI wrapper that commits them."""

import logging
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from connectors.kit.specimen import Asgi, Rewrite

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Fault = Callable[[Asgi, Message, Receive, Send], Awaitable[None]]
"""Answers one request in place of the app it is given."""

Headers = Sequence[tuple[bytes, bytes]]
JSON: Headers = ((b"content-type", b"application/json"),)
HTML: Headers = ((b"content-type", b"text/html; charset=utf-8"),)
TOLD_IN_ERRORS = "mario.rossi@example.org"  # what a vendor may tell us, and we nobody
ERROR_PAGE = b"<!doctype html><html><body><h1>We will be right back</h1></body></html>"
DECLARED = 1_000  # bytes that a cut answer promises; far more than it sends
UVICORN_CUT = "ASGI callable returned without completing response."


def _any_request(_scope: Message) -> bool:
    return True


class FaultyWire:
    """Wraps an upstream in miniature; healthy until told otherwise."""

    def __init__(self, app: Asgi) -> None:
        self._app = app
        self._fault: Fault | None = None
        self._healthy_left = 0
        self._times: int | None = None
        self._matching: Callable[[Message], bool] = _any_request
        self.requests = 0
        self.broken = 0

    def break_with(
        self,
        fault: Fault,
        *,
        after: int = 0,
        times: int | None = None,
        matching: Callable[[Message], bool] = _any_request,
    ) -> None:
        """Commit `fault` on every matching request (by its ASGI scope) but the first `after`.

        `times` ends it after so many.
        """
        self._fault, self._healthy_left, self._matching = fault, after, matching
        self._times = times
        self.broken = 0

    @property
    def app(self) -> Asgi:
        """The upstream itself."""
        return self._app

    def mend(self) -> None:
        """Pass everything through again."""
        self._fault = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or fail as told."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self.requests += 1
        if self._fault is None or not self._matching(scope):
            await self._app(scope, receive, send)
        elif self._healthy_left > 0:
            self._healthy_left -= 1
            await self._app(scope, receive, send)
        else:
            self.broken += 1
            fault = self._fault
            if self.broken == self._times:
                self.mend()
            await fault(self._app, scope, receive, send)


def answering(status: int, body: bytes, headers: Headers = JSON) -> Fault:
    """Always this answer."""

    async def fault(_app: Asgi, _scope: Message, receive: Receive, send: Send) -> None:
        await _request_body(receive)
        await _respond(send, status, body, headers)

    return fault


def refusing(status: int, *, retry_after: int | None = None) -> Fault:
    """An error status with an error document, as vendors send it."""
    body = orjson.dumps({"error": {"status": status, "detail": f"no, {TOLD_IN_ERRORS}"}})
    headers = list(JSON)
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    return answering(status, body, headers)


async def silence(_app: Asgi, _scope: Message, receive: Receive, _send: Send) -> None:
    """Never answer; end when the client leaves."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def cut(_app: Asgi, _scope: Message, receive: Receive, send: Send) -> None:
    """Declare a body, send a part of it and drop the connection."""
    await _request_body(receive)
    headers = [*JSON, (b"content-length", str(DECLARED).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"items": [', "more_body": True})


def rewriting(rewrite: Rewrite) -> Fault:
    """The app's own answer with its body rewritten; answers outside 2xx pass unchanged."""

    async def fault(app: Asgi, scope: Message, receive: Receive, send: Send) -> None:
        start: Message = {}
        chunks: list[bytes] = []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                chunks.append(message.get("body", b""))

        await app(_uncompressed(scope), receive, collect)
        body, status = b"".join(chunks), start["status"]
        if 200 <= status < 300:  # noqa: PLR2004  success
            body = rewrite(body)
        kept = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        await _respond(send, status, body, kept)

    return fault


def after_effect(fault: Fault) -> Fault:
    """The request is carried out, and its answer is another."""

    async def lost(app: Asgi, scope: Message, receive: Receive, send: Send) -> None:
        hears = _heard(await _read(receive), receive)
        await app(scope, hears, _unheard)
        await fault(app, scope, _heard(b"", receive), send)

    return lost


async def twice(app: Asgi, scope: Message, receive: Receive, send: Send) -> None:
    """The request arrives twice, as some proxies repeat it; the second answer comes back."""
    body = await _read(receive)
    await app(scope, _heard(body, receive), _unheard)
    await app(scope, _heard(body, receive), send)


@contextmanager
def cuts_unlogged() -> Iterator[None]:
    """Keep the server from reporting as a mistake the connections we cut on purpose."""
    logger = logging.getLogger("uvicorn.error")

    def wanted(record: logging.LogRecord) -> bool:
        return record.getMessage() != UVICORN_CUT

    logger.addFilter(wanted)
    try:
        yield
    finally:
        logger.removeFilter(wanted)


def _uncompressed(scope: Message) -> Message:
    """The same request from a client that takes no compression, so that we can read the answer."""
    kept = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    return {**scope, "headers": kept}


async def _read(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    while (message := await receive())["type"] == "http.request":
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return b"".join(chunks)


def _heard(body: bytes, receive: Receive) -> Receive:
    """The request again, for an app that has not heard it yet."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def hear() -> Message:
        return waiting.pop() if waiting else await receive()

    return hear


async def _unheard(_message: Message) -> None:
    """Nobody listens."""


async def _request_body(receive: Receive) -> None:
    while (message := await receive())["type"] == "http.request":
        if not message.get("more_body", False):
            return


async def _respond(send: Send, status: int, body: bytes, headers: Headers) -> None:
    sized = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": sized})
    await send({"type": "http.response.body", "body": body})
