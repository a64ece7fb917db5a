"""GraphQL over HTTP: one request, one answer, whatever it holds."""

import structlog
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from app.api.asking import MalformedRequest, asked
from app.api.callers import caller_of
from app.api.graphiql import page
from app.api.http_answers import StatusRules
from app.api.http_caching import caching_headers, send_unchanged, unchanged
from app.api.http_negotiation import JSON, Media, names_json, negotiated, takes_page
from app.api.http_reading import BadRequest, bad, read
from app.api.operations import Operations
from app.api.outcomes import Outcome, malformed
from app.settings import Requests

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
        media = negotiated(accept)
        legacy = media == JSON and names_json(accept)
        rules = StatusRules(media or JSON, self._requests.statuses, legacy=legacy)
        try:
            if media is None:
                raise bad(406, f"Accept {JSON} or application/graphql-response+json.")
            outcome = await self._outcome(scope, headers, receive)
        except BadRequest as error:
            outcome = error.outcome
            log.info("request.refused", status=rules.of(outcome))
        if unchanged(outcome, scope["method"], headers):
            await send_unchanged(send, outcome)
            return
        await _send(send, media or JSON, rules.of(outcome), outcome)

    async def _outcome(self, scope: Scope, headers: Headers, receive: Receive) -> Outcome:
        method = scope["method"]
        parameters = await read(method, scope, headers, receive, self._requests.max_body)
        try:
            question = asked(parameters)
        except MalformedRequest as error:
            raise BadRequest(malformed(str(error))) from error
        return await self._operations.answer(question, caller_of(headers), safe=method == "GET")


async def _send(send: Send, media: Media, status: int, outcome: Outcome) -> None:
    """The HTTP answer, and who may keep it."""
    body = outcome.body()
    headers = [
        (b"content-type", f"{media}; charset=utf-8".encode()),
        (b"content-length", str(len(body)).encode()),
        *caching_headers(outcome),
        *((name.encode(), value.encode()) for name, value in outcome.headers.items()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
