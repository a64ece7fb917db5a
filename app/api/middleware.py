"""What every answer carries: a request id, and headers that keep browsers careful."""

import os
import re
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.addresses import Forwarding
from app.api.arriving import Cohorts
from app.api.http_reading import PREFLIGHT_HEADERS
from app.api.manners import CLIENT_HEADERS
from app.api.request_ids import REQUEST_ID
from app.settings import Cors, Server

ID_SIZE = 16  # bytes
AT_ONCE = 256  # ids that are drawn
_DRAWN: list[str] = []
SOUND_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
CAREFUL = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
)
BEGINNINGS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})


def middleware(cors: Cors, server: Server) -> list[Middleware]:
    """What stands before the routes, outermost first."""
    return [
        *([_forwarding(server)] if server.trusted_proxies else []),
        Middleware(RequestId),
        *([_cross_origin(cors)] if cors.origins else []),
    ]


def _forwarding(server: Server) -> Middleware:
    return Middleware(Forwarding, trusted=server.trusted_proxies, header=server.forwarded_header)


def _cross_origin(cors: Cors) -> Middleware:
    return Middleware(
        CORSMiddleware,
        allow_origins=cors.origins,
        allow_credentials=cors.credentials,
        allow_methods=("GET", "POST"),
        allow_headers=(
            "authorization",
            "content-type",
            "last-event-id",
            "x-request-id",
            *PREFLIGHT_HEADERS,
            *CLIENT_HEADERS,
        ),
        expose_headers=("retry-after", "x-request-id"),
        max_age=round(cors.max_age.total_seconds()),
    )


class Application(Starlette):
    """Starlette's, which hands what is asked of some paths on at once, past the search for a route.

    `straight` are those by the type of the connection and the path. The middleware stands before
    them, too; what they raise is left to the server. `cohorts` is for a server that can hand over
    requests before it calls the application: see there.
    """

    def __init__(
        self,
        *,
        straight: Mapping[tuple[str, str], ASGIApp],
        middleware: Sequence[Middleware],
        cohorts: Cohorts | None = None,
        **options: Any,
    ) -> None:
        self.cohorts = cohorts
        super().__init__(middleware=middleware, **options)
        self._straight = dict(straight)
        for asked in straight:
            for one in reversed(middleware):
                self._straight[asked] = one.cls(self._straight[asked], *one.args, **one.kwargs)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection, or let its route be found."""
        asked = scope["type"], scope.get("path", "")
        app = None if scope.get("root_path") else self._straight.get(asked)
        if app is None:
            await super().__call__(scope, receive, send)
        else:
            await app(scope, receive, send)


class RequestId:
    """Takes a sound `X-Request-Id` or makes one; it is in the answer and in every log line.

    A socket has one for its handshake and all that is said on it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wrap one connection."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        drawn = request_id(scope)
        before = REQUEST_ID.set(drawn)
        try:
            await self._app(scope, receive, careful(send, drawn))
        finally:
            REQUEST_ID.reset(before)


def careful(send: Send, request_id: str) -> Send:
    """Sends answers with what every one of them carries."""

    def told(message: Message) -> Awaitable[None]:
        if message["type"] in BEGINNINGS:
            headers: list[Any] = list(message.get("headers", ()))
            careful = CAREFUL if message["type"] != "websocket.accept" else ()
            message["headers"] = [*headers, *careful, (b"x-request-id", request_id.encode())]
        return send(message)

    return told


def request_id(scope: Scope) -> str:
    """The id of a request: its own, if that is sound, or one that is drawn."""
    headers: list[Any] = scope["headers"]
    for name, value in headers:
        if name == b"x-request-id":
            return value.decode() if SOUND_ID.fullmatch(value) else _drawn()
    return _drawn()


def _drawn() -> str:
    """An id by lot; the system is asked for many at once."""
    try:
        return _DRAWN.pop()
    except IndexError:
        many = os.urandom(ID_SIZE * AT_ONCE)
        ids = [many[at : at + ID_SIZE].hex() for at in range(0, len(many), ID_SIZE)]
        _DRAWN.extend(ids[1:])
        return ids[0]
