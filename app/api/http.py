"""GraphQL over HTTP: one request, one answer, whatever it holds."""

from contextlib import AsyncExitStack
from functools import partial

import structlog
from msgspec import structs
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from app.api.asking import Asked, MalformedRequest, asked
from app.api.callers import Caller, Identify, caller_of
from app.api.delivery import Delivery
from app.api.events_stream import EventStreams
from app.api.graphiql import page
from app.api.headers import RequestHeaders
from app.api.http_leaving import Attended, ClientLeft, attended
from app.api.http_parts import unless_gone
from app.api.http_reading import decoded, read_address, read_body
from app.api.http_refusals import BadRequest, bad
from app.api.http_replies import Reply, rules_of
from app.api.lasting import HTTP
from app.api.manners import Manner, manner_of
from app.api.operations import Operations, not_streamed
from app.api.outcomes import Outcome, malformed, not_known
from app.api.subscribing import Outcomes
from app.principals.refusals import CredentialRefused, KeysUnavailable
from app.settings import Requests

log = structlog.get_logger(__name__)
ONLY_TWO = "Send a POST with an application/json body, or a GET with the query in the address."


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
        self._questions = operations.questions
        self._events = events
        self._identify = identify
        self._requests = requests
        self._rules = rules_of(requests.statuses)
        self._graphiql = graphiql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever its method."""
        headers = RequestHeaders(scope)
        manner = manner_of(headers)
        if self._graphiql and scope["method"] == "GET" and manner.takes_page:
            seen = HTMLResponse(page(), headers={"cache-control": "no-store", "vary": "Accept"})
            await seen(scope, receive, send)
            return
        reply = Reply(send, scope["method"], headers, manner, self._rules)
        try:
            reply.check()
            question = await self._asked(scope, headers, manner, receive)
            safe = scope["method"] == "GET"
            caller = caller_of(scope, headers, manner)
            if caller.authorization is not None:
                caller = await self._known(caller, caller.authorization)
            if manner.streams:
                await self._answered(question, caller, reply, receive, safe=safe)
                return
            self._events.lasting.operations[HTTP] += 1
            answering = self._operations.answer(question, caller, safe=safe)
            await reply.whole(await attended(receive, answering))
        except BadRequest as error:
            log.info("request.refused", status=reply.rules.of(error.outcome))
            await reply.whole(error.outcome)
        except ClientLeft:
            log.info("request.abandoned")

    async def _answered(
        self, question: Asked, caller: Caller, reply: Reply, receive: Receive, *, safe: bool
    ) -> None:
        """Answer one that takes more than one answer."""
        deferred = reply.manner.protocol is not None
        asked_for = self._operations.in_parts(question, caller, safe=safe, deferred=deferred)
        async with AsyncExitStack() as stack:
            async with Attended(receive):
                answers = await stack.enter_async_context(asked_for)
            await self._streamed(answers, caller, reply, receive)

    async def _streamed(
        self,
        answers: Outcome | Outcomes | Delivery,
        caller: Caller,
        reply: Reply,
        receive: Receive,
    ) -> None:
        """Answer a client that takes more than one answer, in whatever way."""
        if isinstance(answers, Delivery):
            self._events.lasting.operations[HTTP] += 1
            await unless_gone(receive, reply.delivered(answers))
        elif isinstance(answers, Outcome) and not reply.manner.streams_alone:
            self._events.lasting.operations[HTTP] += 1
            await reply.whole(answers)
        elif reply.manner.framing is not None:
            await self._events.tell(
                answers,
                receive,
                reply.send,
                reply.manner.framing,
                caller=caller.principal,
                until=caller.known.expires_at,
                taken_back=partial(self._taken_back, caller),
            )
        elif not isinstance(answers, Outcome):
            await answers.aclose()
            await reply.whole(not_streamed())

    async def _known(self, caller: Caller, proof: str) -> Caller:
        try:
            return structs.replace(caller, known=await self._identify(proof))
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

    async def _asked(
        self, scope: Scope, headers: RequestHeaders, manner: Manner, receive: Receive
    ) -> Asked:
        body = None
        match scope["method"]:
            case "POST":
                body = await read_body(manner, receive, self._requests)
                if (known := self._questions.find(body)) is not None:
                    return known
                parameters = decoded(body)
            case "GET":
                parameters = read_address(scope, headers)
            case _:
                raise bad(405, ONLY_TWO, allow="GET, POST")
        try:
            return asked(parameters, body)
        except MalformedRequest as error:
            raise BadRequest(malformed(str(error))) from error
