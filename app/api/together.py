"""What if many ask at the same time? Those who came together take each step together.

The way of a request is longer than what a processor keeps of code at hand, so at each step it finds
that the steps before have displaced it. A step that follows the same step of another request does
not (Larus and Parkes, "Using Cohort Scheduling to Enhance Server Performance", USENIX 2002).
Budgets in a Redis are asked for all in one call.

Together go guests who ask in one piece, and in the plain way, what was asked before. Who may have
to wait, because the same question had to the last time, goes on alone when it is executed. All
others are answered by the endpoint, which says the same.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextvars import Context
from functools import partial
from time import perf_counter

import structlog
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import Message, Receive, Scope, Send

from app.api.addresses import Origins
from app.api.arriving import Arrived
from app.api.asking import Asked
from app.api.callers import Caller, caller_of
from app.api.headers import RequestHeaders
from app.api.http_caching import NOT_KEPT, Pairs
from app.api.http_leaving import ClientLeft, attended
from app.api.http_replies import CONTENT_TYPES, Reply, dressed, rules_of
from app.api.lasting import HTTP, Lasting
from app.api.manners import PLAIN, Manner, manner_of
from app.api.middleware import CAREFUL, careful, request_id
from app.api.operations import Operations
from app.api.outcomes import Outcome
from app.api.prompt import Going
from app.api.request_ids import REQUEST_ID
from app.engine.steps import begun
from app.settings import Cors, Requests, Server

log = structlog.get_logger(__name__)
MOST = 64  # that go together; then others have their turn
PATH = "/graphql"


class _One:
    """One of those who go together; each step finds out more of it."""

    __slots__ = (
        "arrived",
        "asked",
        "caller",
        "going",
        "headers",
        "left",
        "manner",
        "request_id",
        "rest",
    )
    headers: RequestHeaders
    manner: Manner
    caller: Caller
    request_id: str
    going: Going
    left: bool  # to the endpoint
    rest: Awaitable[None] | None  # of a step that may have to be waited for

    def __init__(self, arrived: Arrived, asked: Asked) -> None:
        self.arrived, self.asked = arrived, asked


class Together:
    """Answers what arrives together; `operations` know what was asked before.

    `counts` says how those whose question was known were answered: `together`, `alone`, or by the
    `endpoint`.
    """

    def __init__(
        self,
        operations: Operations,
        *,
        lasting: Lasting,
        requests: Requests,
        server: Server,
        cors: Cors,
        counts: Counter[str],
    ) -> None:
        self._operations, self._prompt = operations, operations.prompt
        self._find = operations.questions.find
        self._lasting = lasting
        self._rules = rules_of(requests.statuses)
        self._cross_origin = bool(cors.origins)
        self._usual = {kind: self._lines([line, *NOT_KEPT]) for kind, line in CONTENT_TYPES.items()}
        trusted = server.trusted_proxies
        self._origins = Origins(trusted, server.forwarded_header) if trusted else None
        self._coming: list[_One] = []
        self.counts = counts
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, one: Arrived) -> bool:
        """Take in a request whose question is known."""
        scope = one.scope
        if scope["path"] != PATH or scope["method"] != "POST" or scope.get("root_path"):
            return False
        if (asked := self._find(one.body)) is None:
            return False
        if not self._coming or len(self._coming) >= MOST:
            self._coming = []
            loop = asyncio.get_running_loop()
            task = loop.create_task(self._answer(self._coming), context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._coming.append(_One(one, asked))
        return True

    async def _answer(self, ones: list[_One]) -> None:
        """Take each step with all; what a step has begun for all is waited for before the next."""
        if ones is self._coming:
            self._coming = []
        started, executing = perf_counter(), (self._traced, self._prepared, self._executed)
        if self._prompt.prompt:
            admitted = partial(self._admitted_at_once, started)
            self._take(ones, self._read, admitted, *executing, self._answered_at_once, self._told)
            return
        ones = self._take(ones, self._read, partial(self._begin_admitting, started))
        ones = await self._waited(ones)
        ones = await self._waited(self._take(ones, *executing, self._begin_settling))
        self._take(ones, self._answered, self._told)

    def _take(self, ones: list[_One], *steps: Callable[[_One], bool]) -> list[_One]:
        """Those who take all of some steps."""
        for step in steps:
            ones = [one for one in ones if self._goes_on(step, one)]
        return ones

    async def _waited(self, ones: list[_One]) -> list[_One]:
        """Those who go on, when each has what it waits for."""
        for one in ones:
            if one.rest is not None:
                try:
                    await one.rest
                except Exception as bug:  # noqa: BLE001  as below
                    self._failed(one, bug)
        return [one for one in ones if not one.left]

    def _goes_on(self, step: Callable[[_One], bool], one: _One) -> bool:
        """Whether one takes the next step, too; who meets a bug is left to the endpoint.

        The others have nothing to do with it.
        """
        try:
            return step(one)
        except Exception as bug:  # noqa: BLE001  as said
            return self._failed(one, bug)

    def _failed(self, one: _One, bug: Exception) -> bool:
        log.warning("cohort.failed", error=type(bug).__name__)
        return self._left(one)

    def _left(self, one: _One) -> bool:
        """Leave one to the endpoint, unless it was answered."""
        self.counts["endpoint"] += 1
        one.left = True
        one.arrived.begin()
        return False

    def _read(self, one: _One) -> bool:
        """Who asks, and how: whether that is the plain way."""
        scope = one.arrived.scope
        headers = one.headers = RequestHeaders(scope)
        manner = one.manner = manner_of(headers)
        if not self._plain(headers, manner):
            return self._left(one)
        if self._origins is not None:
            scope = self._origins.seen(scope)
        one.caller, one.request_id = caller_of(scope, headers, manner), request_id(scope)
        return True

    def _plain(self, headers: RequestHeaders, manner: Manner) -> bool:
        return (
            manner.media is not None
            and not manner.streams_alone
            and manner.unread is None
            and manner.window == PLAIN
            and "authorization" not in headers
            and not (self._cross_origin and "origin" in headers)
        )

    def _admitted_at_once(self, started: float, one: _One) -> bool:
        going = self._prompt.admitted_at_once(one.asked, one.caller, started)
        if going is None:
            return self._left(one)
        one.going = going
        return True

    def _begin_admitting(self, started: float, one: _One) -> bool:
        one.left = False
        one.rest = begun(self._admit(one, started))
        return True

    async def _admit(self, one: _One, started: float) -> None:
        going = await self._prompt.admitted(one.asked, one.caller, started)
        if going is None:
            self._left(one)
        else:
            one.going = going

    def _traced(self, one: _One) -> bool:
        self._prompt.trace(one.going)
        return True

    def _prepared(self, one: _One) -> bool:
        self._prompt.prepare(one.going)
        return True

    def _executed(self, one: _One) -> bool:
        self._lasting.operations[HTTP] += 1
        REQUEST_ID.set(one.request_id)
        if self._prompt.execute(one.going):
            return True
        self.counts["alone"] += 1
        one.arrived.begin(partial(self._alone, one))
        return False

    def _begin_settling(self, one: _One) -> bool:
        one.rest = self._prompt.settle(one.going)
        return True

    def _answered_at_once(self, one: _One) -> bool:
        self._prompt.settle(one.going)
        return self._answered(one)

    def _answered(self, one: _One) -> bool:
        outcome = self._prompt.answered(one.going)
        self.counts["together"] += 1
        if not self._written(one, outcome):
            one.arrived.begin(partial(self._sent, one, outcome))
        return True

    def _told(self, one: _One) -> bool:
        self._prompt.tell(one.going, one.request_id)
        return True

    def _written(self, one: _One, outcome: Outcome) -> bool:
        """Whether the answer could be written as it is."""
        manner = one.manner
        if manner.media is None or outcome.headers:
            return False
        if outcome.keeping is None and not manner.takes_gzip:
            lines, body = self._usual[manner.media], outcome.body()
        else:
            headers, body = dressed(outcome, manner, "POST")
            lines = self._lines(headers)
        status = self._rules[manner.media, manner.legacy].of(outcome)
        lines = b"%bx-request-id: %b\r\n" % (lines, one.request_id.encode())
        return one.arrived.write(status, lines, body)

    def _lines(self, headers: Pairs) -> bytes:
        """Those of a head, with what every answer carries."""
        told = map(_varying, headers) if self._cross_origin else headers
        return b"".join([b"%b: %b\r\n" % header for header in (*told, *CAREFUL)])

    async def _sent(
        self, one: _One, outcome: Outcome, _scope: Scope, _receive: Receive, send: Send
    ) -> None:
        """Send an answer that could not be written."""
        await self._reply(one, send).whole(outcome)

    async def _alone(self, one: _One, _scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one that may have to wait."""
        await receive()  # its body, so that what comes next is the end
        try:
            outcome = await attended(receive, self._operations.go_on(one.going))
        except ClientLeft:
            log.info("request.abandoned")
            return
        await self._reply(one, send).whole(outcome)

    def _reply(self, one: _One, send: Send) -> Reply:
        told = careful(send, one.request_id)
        if self._cross_origin:
            told = partial(_send_varying, told)
        return Reply(told, "POST", one.headers, one.manner, self._rules)


def _send_varying(send: Send, message: Message) -> Awaitable[None]:
    if "headers" in message:
        message["headers"] = [_varying(header) for header in message["headers"]]
    return send(message)


def _varying(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Caches are told that others, who come from elsewhere, are answered otherwise."""
    name, value = header
    return (name, value + b", Origin") if name == b"vary" else header


class TogetherCollector(Collector):
    """Reads how many went together."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """How requests were answered whose question was known."""
        known = CounterMetricFamily(
            "tessera_known_questions", "Requests that ask what was asked before.", labels=["went"]
        )
        for went in ("together", "alone", "endpoint"):
            known.add_metric([went], self._counts.get(went, 0))
        yield known
