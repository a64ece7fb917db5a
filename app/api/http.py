"""GraphQL over HTTP: one request, one answer, whatever it holds."""

import structlog
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from app.api.asking import Asked, MalformedRequest, asked
from app.api.callers import caller_of
from app.api.events_stream import EventStreams
from app.api.graphiql import page
from app.api.http_answers import StatusRules
from app.api.http_leaving import Attended, ClientLeft
from app.api.http_negotiation import (
    EVENT_STREAM,
    JSON,
    RESPONSE,
    Media,
    names_json,
    negotiated,
    prefers_events,
    takes_events,
    takes_page,
)
from app.api.http_reading import BadRequest, bad, read
from app.api.lasting import HTTP
from app.api.operations import Operations
from app.api.outcomes import Outcome, malformed
from app.settings import Requests

log = structlog.get_logger(__name__)


class GraphQLEndpoint:
    """Answers `/graphql` as a raw ASGI application."""

    def __init__(
        self,
        operations: Operations,
        events: EventStreams,
        *,
        requests: Requests,
        graphiql: bool,
    ) -> None:
        self._operations = operations
        self._events = events
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
        media = negotiated(accept)
        legacy = media == JSON and names_json(accept)
        rules = StatusRules(media or JSON, self._requests.statuses, legacy=legacy)
        try:
            if media is None and not takes_events(accept):
                raise bad(406, f"Accept {JSON}, {RESPONSE} or {EVENT_STREAM}.")
            question = await self._asked(scope, headers, receive)
            caller, safe = caller_of(headers), scope["method"] == "GET"
            if takes_events(accept):
                async with Attended(receive):
                    answers = await self._operations.answers(question, caller, safe=safe)
                if not isinstance(answers, Outcome) or prefers_events(accept):
                    await self._events.tell(answers, receive, send)
                    return
                outcome = answers
            else:
                async with Attended(receive):
                    outcome = await self._operations.answer(question, caller, safe=safe)
            self._events.lasting.operations[HTTP] += 1
        except BadRequest as error:
            outcome = error.outcome
            log.info("request.refused", status=rules.of(outcome))
        except ClientLeft:
            log.info("request.abandoned")
            return
        await _send(send, media or JSON, rules.of(outcome), outcome)

    async def _asked(self, scope: Scope, headers: Headers, receive: Receive) -> Asked:
        parameters = await read(scope, headers, receive, self._requests)
        try:
            return asked(parameters)
        except MalformedRequest as error:
            raise BadRequest(malformed(str(error))) from error


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
