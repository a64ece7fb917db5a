"""Who may open a socket, and how is it closed?"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from time import perf_counter
from urllib.parse import SplitResult, urlsplit

import structlog
from starlette.types import Receive, Scope, Send

from app.api.callers import Caller, caller_of
from app.api.conversation import Conversation, Terms
from app.api.headers import RequestHeaders
from app.api.lasting import SOCKET, CrowdedError, FullError, Place
from app.api.manners import manner_of
from app.api.socket_messages import PROTOCOL, CloseError
from app.settings import Cors

log = structlog.get_logger(__name__)
FAREWELL = 4.0  # seconds that a client has to take what was told before the end
PORTS = {"http": 80, "https": 443}
REFUSAL = "websocket.http.response"


class SocketEndpoint:
    """Answers WebSockets at `/graphql` as a raw ASGI application."""

    def __init__(self, terms: Terms, cors: Cors) -> None:
        self._terms = terms
        self._origins = cors.origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold one socket, from its handshake to its end."""
        await receive()  # the handshake
        headers = RequestHeaders(scope)
        if not welcome_from(headers, self._origins):
            await _refuse(scope, send, 403, "This site may not open a socket here.")
            return
        caller = caller_of(scope, headers, manner_of(headers))
        try:
            with self._terms.lasting.held(SOCKET, _strangers(caller)) as place:
                await self._held(scope, caller, place, receive, send)
        except FullError:
            await _refuse(scope, send, 503, "Too many connections are open.")
        except CrowdedError as crowded:
            why = (
                "Too many WebSockets from this address wait for connection_init, the limit is"
                f" {crowded.most:,}: send it on them."
            )
            await _refuse(scope, send, 429, why)

    async def _held(
        self, scope: Scope, caller: Caller, place: Place, receive: Receive, send: Send
    ) -> None:
        started = perf_counter()
        known = PROTOCOL in scope["subprotocols"]
        with suppress(OSError):  # who goes during the handshake is told of by the first frame
            await send({"type": "websocket.accept", "subprotocol": PROTOCOL if known else None})
        log.info("socket.opened")
        conversation = Conversation(self._terms, caller, place, receive, send)
        end = CloseError(1006, ours=False)  # unless it gets as far as saying why
        try:
            if known:
                end = await conversation.held()
            else:
                end = CloseError(4406, "Subprotocol not acceptable")
            await self._close(send, end)
        finally:
            self._terms.lasting.closed[str(end.code) if end.ours else "client"] += 1
            log.info(
                "socket.closed",
                code=end.code,
                reason=end.reason,
                ours=end.ours,
                operations=conversation.asked,
                milliseconds=round((perf_counter() - started) * 1000, 1),
            )

    async def _close(self, send: Send, end: CloseError) -> None:
        """Say so, unless the other side did; one that reads nothing does not hear it."""
        if not end.ours:
            return
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await send({"type": "websocket.close", "code": end.code, "reason": end.reason})


def _strangers(caller: Caller) -> str:
    """Those of one address that have not introduced themselves: they count apart.

    Whose a socket is it says only then: guests that have all places of an address must not keep
    out those who share it and prove who they are.
    """
    return f"strangers of {caller.principal}"


def welcome_from(headers: RequestHeaders, origins: Sequence[str]) -> bool:
    """Whether the page that opens a socket is one of ours; a program names no page.

    No browser asks us first, as it does before it reads an answer of another site.
    """
    origin = headers.get("origin")
    if origin is None or "*" in origins or origin in origins:
        return True
    try:
        page = urlsplit(origin)
        here = urlsplit(f"{page.scheme}://{headers.get('host') or ''}")
        return page.scheme in PORTS and _place(page) == _place(here)
    except ValueError:
        return False


def _place(address: SplitResult) -> tuple[str | None, int]:
    return address.hostname, address.port or PORTS[address.scheme]


async def _refuse(scope: Scope, send: Send, status: int, why: str) -> None:
    log.info("socket.refused", status=status)
    if REFUSAL not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})  # the server makes it a 403
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    if status in {429, 503}:
        headers.append((b"retry-after", b"5"))
    await send({"type": f"{REFUSAL}.start", "status": status, "headers": headers})
    await send({"type": f"{REFUSAL}.body", "body": why.encode()})
