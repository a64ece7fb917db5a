"""HTTP face of what systems outside send: kept, then answered."""

import asyncio
from datetime import timedelta

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from app.ports import WebhookRefused, WebhookRequest
from app.store import StoreUnavailable
from app.webhooks.hearing import NOBODY, WebhookHearing

MOST = 262_144  # bytes of a body, for everybody: nobody learns from it who is known
AGAIN = "5"  # seconds until a sender may try again


class WebhookReceiver:
    """Answers `POST /webhooks/{connection}`."""

    def __init__(self, hearing: WebhookHearing, *, read_within: timedelta) -> None:
        self._hearing = hearing
        self._read_within = read_within.total_seconds()

    async def answer(self, request: Request) -> Response:
        """Keep a message. Of what is refused nobody is told why."""
        try:
            async with asyncio.timeout(self._read_within):
                body = await _body(request)
        except TimeoutError:
            self._hearing.book.heard[NOBODY, "TOO_SLOW"] += 1
            return PlainTextResponse("too slow", 408, {"connection": "close"})
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            self._hearing.book.heard[NOBODY, "TOO_LARGE"] += 1
            return PlainTextResponse("too large", 413, {"connection": "close"})
        heard = WebhookRequest(body, dict(request.headers))
        try:
            await self._hearing.hear(request.path_params["connection"], heard)
        except WebhookRefused:
            return PlainTextResponse("not found", 404)
        except StoreUnavailable:
            return PlainTextResponse("not now", 503, {"retry-after": AGAIN})
        return Response(status_code=202)


async def _body(request: Request) -> bytes | None:
    """The body; None if it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST:
            return None
    return bytes(body)
