"""What every answer carries: a request id, and headers that keep browsers careful."""

import re
from typing import Any
from uuid import uuid4

import structlog
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.http_reading import PREFLIGHT_HEADERS
from app.settings import Cors

SOUND_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
CAREFUL = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "content-security-policy": "frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
}
BEGINNINGS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})
WORTH_COMPRESSING = 1_000  # bytes; below that an answer fits in one packet anyway
COMPRESSION_LEVEL = 6  # of a listing of 125 kB: 0.6 ms, 6.6 kB; level 9 takes 1.2 ms for 6.0 kB


def middleware(cors: Cors) -> list[Middleware]:
    """What stands before the routes, outermost first."""
    return [
        Middleware(RequestId),
        *([_cross_origin(cors)] if cors.origins else []),
        Middleware(GZipMiddleware, minimum_size=WORTH_COMPRESSING, compresslevel=COMPRESSION_LEVEL),
    ]


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
        ),
        expose_headers=("retry-after", "x-request-id"),
        max_age=round(cors.max_age.total_seconds()),
    )


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
        request_id = _request_id(scope)

        async def told(message: Message) -> None:
            if message["type"] in BEGINNINGS:
                message.setdefault("headers", [])
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                if message["type"] != "websocket.accept":
                    for name, value in CAREFUL.items():
                        headers.setdefault(name, value)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._app(scope, receive, told)


def _request_id(scope: Scope) -> str:
    headers: list[Any] = scope["headers"]
    given = next((value for name, value in headers if name == b"x-request-id"), b"")
    return given.decode() if SOUND_ID.fullmatch(given) else uuid4().hex
