"""What every HTTP answer carries: a request id, and headers that keep browsers careful."""

import re
from typing import Any
from uuid import uuid4

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SOUND_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RequestId:
    """Takes a sound `X-Request-Id` or makes one; it is in the answer and in every log line."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wrap one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                headers["x-content-type-options"] = "nosniff"
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._app(scope, receive, told)


def _request_id(scope: Scope) -> str:
    headers: list[Any] = scope["headers"]
    given = next((value for name, value in headers if name == b"x-request-id"), b"")
    return given.decode() if SOUND_ID.fullmatch(given) else uuid4().hex
