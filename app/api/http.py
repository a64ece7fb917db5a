"""GraphQL over HTTP: one request, one answer, whatever it holds."""

import gzip
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import lru_cache, partial

import structlog
from msgspec import structs
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from app.api.asking import Asked, MalformedRequest, asked
from app.api.callers import Caller, Identify, caller_of
from app.api.delivery import Delivery
from app.api.events_stream import EventStreams, Framing
from app.api.graphiql import page
from app.api.headers import RequestHeaders
from app.api.http_answers import StatusRules
from app.api.http_caching import caching_headers, send_unchanged, shareable, unchanged
from app.api.http_leaving import Attended, ClientLeft, attended
from app.api.http_negotiation import (
    EVENT_STREAM,
    JSON,
    MULTIPART,
    REMEMBERED,
    RESPONSE,
    Media,
    names_json,
    negotiated,
    prefers_events,
    takes_gzip,
    takes_page,
)
from app.api.http_parts import Protocol, protocol_of, send_parts, send_whole, unless_gone
from app.api.http_reading import BadRequest, bad, read
from app.api.lasting import HTTP
from app.api.multipart import framing_of
from app.api.operations import Operations, not_streamed
from app.api.outcomes import Outcome, malformed, not_known
from app.api.subscribing import Outcomes
from app.principals.refusals import CredentialRefused, KeysUnavailable
from app.settings import Requests, Statuses

log = structlog.get_logger(__name__)
WORTH_COMPRESSING = 1_000  # bytes; below that an answer fits in one packet anyway
CONTENT_TYPES: dict[Media, tuple[bytes, bytes]] = {
    media: (b"content-type", f"{media}; charset=utf-8".encode()) for media in (JSON, RESPONSE)
}
COMPRESSION_LEVEL = 6  # of a listing of 125 kB: 0.6 ms, 6.6 kB; level 9 takes 1.2 ms for 6.0 kB


class GraphQLEndpoint:
    """Answers `/graphql` as a raw ASGI application."""

    def __init__(
        self,
        operations: Operations,
        events: EventStreams,
        *,
        identify: Identify,
        requests: Requests,
        graphiql: bool,
    ) -> None:
        self._operations = operations
        self._events = events
        self._identify = identify
        self._requests = requests
        self._graphiql = graphiql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever its method."""
        headers = RequestHeaders(scope)
        accept = headers.get("accept")
        if self._graphiql and scope["method"] == "GET" and accept and takes_page(accept):
            seen = HTMLResponse(page(), headers={"cache-control": "no-store", "vary": "Accept"})
            await seen(scope, receive, send)
            return
        reply = _Reply(send, scope["method"], headers, self._requests.statuses)
        try:
            reply.check()
            question = await self._asked(scope, headers, receive)
            safe = scope["method"] == "GET"
            caller = await self._known(caller_of(scope, headers))
            await self._answered(question, caller, reply, receive, safe=safe)
        except BadRequest as error:
            log.info("request.refused", status=reply.rules.of(error.outcome))
            await reply.whole(error.outcome)
        except ClientLeft:
            log.info("request.abandoned")

    async def _answered(
        self, question: Asked, caller: Caller, reply: "_Reply", receive: Receive, *, safe: bool
    ) -> None:
        if not reply.streams:
            self._events.lasting.operations[HTTP] += 1
            answering = self._operations.answer(question, caller, safe=safe)
            await reply.whole(await attended(receive, answering))
            return
        deferred = reply.protocol is not None
        asked_for = self._operations.in_parts(question, caller, safe=safe, deferred=deferred)
        async with AsyncExitStack() as stack:
            async with Attended(receive):
                answers = await stack.enter_async_context(asked_for)
            await self._streamed(answers, caller, reply, receive)

    async def _streamed(
        self,
        answers: Outcome | Outcomes | Delivery,
        caller: Caller,
        reply: "_Reply",
        receive: Receive,
    ) -> None:
        """Answer a client that takes more than one answer, in whatever way."""
        if isinstance(answers, Delivery):
            self._events.lasting.operations[HTTP] += 1
            await unless_gone(receive, reply.delivered(answers))
        elif isinstance(answers, Outcome) and not reply.streams_alone:
            self._events.lasting.operations[HTTP] += 1
            await reply.whole(answers)
        elif reply.framing is not None:
            await self._events.tell(
                answers,
                receive,
                reply.send,
                reply.framing,
                caller=caller.principal,
                until=caller.known.expires_at,
                taken_back=partial(self._taken_back, caller),
            )
        elif not isinstance(answers, Outcome):
            await answers.aclose()
            await reply.whole(not_streamed())

    async def _known(self, caller: Caller) -> Caller:
        if caller.authorization is None:
            return caller
        try:
            return structs.replace(caller, known=await self._identify(caller.authorization))
        except (CredentialRefused, KeysUnavailable) as refusal:
            log.info("credential.refused", reason=getattr(refusal, "reason", "no keys"))
            raise BadRequest(not_known(refusal)) from refusal

    async def _taken_back(self, caller: Caller) -> Outcome | None:
        """Why a caller is not known any more; that nobody can say so now takes nothing back."""
        try:
            await self._identify(caller.authorization or "")
        except CredentialRefused as refusal:
            return not_known(refusal)
        except KeysUnavailable:
            return None
        return None

    async def _asked(self, scope: Scope, headers: RequestHeaders, receive: Receive) -> Asked:
        parameters = await read(scope, headers, receive, self._requests)
        try:
            return asked(parameters)
        except MalformedRequest as error:
            raise BadRequest(malformed(str(error))) from error


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What a client takes: `protocol` is that of deferred parts, `framing` that of subscriptions.

    None stands for what it does not take.
    """

    media: Media | None
    protocol: Protocol | None
    framing: Framing | None
    rules: StatusRules
    streams_alone: bool


@lru_cache(REMEMBERED)
def _wishes(accept: str | None, statuses: Statuses) -> _Wishes:
    media, protocol, framing = negotiated(accept), protocol_of(accept), framing_of(accept)
    legacy = media == JSON and names_json(accept)
    rules = StatusRules(media or JSON, statuses, legacy=legacy)
    unwhole = media is None and protocol is None
    alone = prefers_events(accept) or (unwhole and framing is not None)
    return _Wishes(media, protocol, framing, rules, alone)


class _Reply:
    """What is sent to one client, in a form that it takes."""

    def __init__(
        self, send: Send, method: str, headers: RequestHeaders, statuses: Statuses
    ) -> None:
        self.send = send
        self._method, self._headers = method, headers
        wishes = _wishes(headers.get("accept"), statuses)
        self._media, self.rules = wishes.media, wishes.rules
        self.protocol, self.framing = wishes.protocol, wishes.framing
        self.streams_alone = wishes.streams_alone

    @property
    def streams(self) -> bool:
        """Whether the client takes more than one answer."""
        return self.protocol is not None or self.framing is not None

    def check(self) -> None:
        """Ask nothing on behalf of a client that takes no answer.

        Raises:
            BadRequest: it takes nothing of what is sent.
        """
        if self._media is None and not self.streams:
            raise bad(406, f"Accept {JSON}, {RESPONSE}, {EVENT_STREAM} or {MULTIPART}.")

    async def whole(self, outcome: Outcome) -> None:
        """Send a single answer."""
        status = self.rules.of(outcome)
        if self._media is None and self.protocol is not None:
            await send_whole(self.send, self.protocol, outcome, status)
        elif unchanged(outcome, self._method, self._headers):
            await send_unchanged(self.send, outcome)
        else:
            packed = takes_gzip(self._headers.get("accept-encoding", ""))
            told = shareable(outcome, self._method)
            await _send(self.send, self._media or JSON, status, told, packed=packed)

    async def delivered(self, delivery: Delivery) -> None:
        """Send an answer part by part, unless the first part is all of it."""
        outcome = await delivery.first()
        if self.protocol is not None and delivery.pending:
            await send_parts(self.send, self.protocol, outcome, delivery)
        else:
            await self.whole(outcome)


async def _send(send: Send, media: Media, status: int, outcome: Outcome, *, packed: bool) -> None:
    """The HTTP answer, and who may keep it."""
    body = outcome.body()
    headers = [CONTENT_TYPES[media], *caching_headers(outcome)]
    if outcome.headers:
        headers += ((name.encode(), value.encode()) for name, value in outcome.headers.items())
    if packed and len(body) > WORTH_COMPRESSING:
        body = gzip.compress(body, COMPRESSION_LEVEL, mtime=0)
        headers.append((b"content-encoding", b"gzip"))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
