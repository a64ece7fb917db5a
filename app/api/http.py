"""GraphQL over HTTP: one request, one answer, whatever it holds."""

import structlog
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from app.api.asking import Asked, MalformedRequest, asked
from app.api.callers import caller_of
from app.api.delivery import Delivery
from app.api.graphiql import page
from app.api.http_answers import StatusRules
from app.api.http_negotiation import JSON, Media, names_json, negotiated, takes_page
from app.api.http_parts import Protocol, protocol_of, send_rest, send_whole, unless_gone
from app.api.http_reading import BadRequest, bad, read
from app.api.operations import Operations
from app.api.outcomes import Outcome, malformed
from app.settings import Requests, Statuses

log = structlog.get_logger(__name__)


class GraphQLEndpoint:
    """Answers `/graphql` as a raw ASGI application."""

    def __init__(self, operations: Operations, *, requests: Requests, graphiql: bool) -> None:
        self._operations = operations
        self._requests = requests
        self._graphiql = graphiql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever its method."""
        headers = Headers(scope=scope)
        accept = headers.get("accept")
        if self._graphiql and scope["method"] == "GET" and accept and takes_page(accept):
            seen = HTMLResponse(page(), headers={"cache-control": "no-store", "vary": "Accept"})
            await seen(scope, receive, send)
            return
        reply = _Reply(send, accept, self._requests.statuses)
        try:
            reply.check()
            question = await self._question(scope, headers, receive)
        except BadRequest as error:
            log.info("request.refused", status=reply.rules.of(error.outcome))
            await reply.whole(error.outcome)
            return
        caller, safe = caller_of(headers), scope["method"] == "GET"
        if reply.protocol is None:
            await reply.whole(await self._operations.answer(question, caller, safe=safe))
            return
        async with self._operations.in_parts(question, caller, safe=safe) as answer:
            if isinstance(answer, Outcome):
                await reply.whole(answer)
            else:
                await unless_gone(receive, reply.in_parts(answer, reply.protocol))

    async def _question(self, scope: Scope, headers: Headers, receive: Receive) -> Asked:
        parameters = await read(scope["method"], scope, headers, receive, self._requests.max_body)
        try:
            return asked(parameters)
        except MalformedRequest as error:
            raise BadRequest(malformed(str(error))) from error


class _Reply:
    """The HTTP answer in a form that its client takes."""

    def __init__(self, send: Send, accept: str | None, statuses: Statuses) -> None:
        self._send = send
        self._media = negotiated(accept)
        self.protocol = protocol_of(accept)
        legacy = self._media == JSON and names_json(accept)
        self.rules = StatusRules(self._media or JSON, statuses, legacy=legacy)

    def check(self) -> None:
        """Let nobody ask who takes no answer.

        Raises:
            BadRequest: the client takes nothing that we send.
        """
        if self._media is None and self.protocol is None:
            raise bad(406, f"Accept {JSON} or application/graphql-response+json.")

    async def whole(self, outcome: Outcome) -> None:
        """Send an answer that is there."""
        status = self.rules.of(outcome)
        if self._media is None and self.protocol is not None:
            await send_whole(self._send, self.protocol, outcome, status)
        else:
            await _send(self._send, self._media or JSON, status, outcome)

    async def in_parts(self, delivery: Delivery, protocol: Protocol) -> None:
        """Send an answer as it comes; it may turn out to be whole."""
        outcome = await delivery.first()
        if delivery.pending:
            await send_rest(self._send, protocol, outcome, delivery)
        else:
            await self.whole(outcome)


async def _send(send: Send, media: Media, status: int, outcome: Outcome) -> None:
    """The HTTP answer; nobody on the way may keep it."""
    body = outcome.body()
    headers = [
        (b"content-type", f"{media}; charset=utf-8".encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"vary", b"Accept"),
        *((name.encode(), value.encode()) for name, value in outcome.headers.items()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
