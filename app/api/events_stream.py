"""How are answers told on a stream over HTTP that lasts?

As server-sent events (GraphQL over SSE, distinct connections mode), or in another framing.

What is no request over HTTP was answered before, as HTTP does. What was read as a request is
answered by events with status 200, refusals too: the protocol says so, since clients come back
again and again after anything else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import structlog
from starlette.types import Message, Receive, Send

from app.api.conversation import RECHECK_EVERY, Sleep
from app.api.errors import masked
from app.api.http_refusals import BadRequest
from app.api.lasting import EVENTS, CrowdedError, FullError, Lasting
from app.api.outcomes import Outcome, refused
from app.api.subscribing import Outcomes
from app.engine.steps import within
from app.settings import Streams

log = structlog.get_logger(__name__)
HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # what proxies keep back arrives late
    (b"vary", b"Accept"),
]
FULL = "Too many connections are open."
UNHEARD = frozenset({"gone", "slow"})
TakenBack = Callable[[], Awaitable[Outcome | None]]
"""Why a client's proof is good no more, None while it is."""
CUT = frozenset({"leaving", "expired"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """How answers are told on a stream of one kind.

    `lead` goes before everything; `next` takes an answer and its number. A `beat` keeps the stream
    alive. `leaving` is the last word where the process ends before the answers do.
    """

    transport: str
    media: str
    lead: bytes = b""
    next: Callable[[Outcome, int], bytes]
    beat: bytes
    every: Callable[[Streams], timedelta]
    complete: bytes
    leaving: bytes = b""


def _event(outcome: Outcome, number: int) -> bytes:
    """One answer under the cursor of its event, or else under its number.

    What tells nothing but errors has no id: who comes back goes on behind what it was told.
    """
    if outcome.cursor is None:
        return _lines(outcome, str(number))
    if (text := outcome.written.get(_event)) is None:
        text = outcome.written[_event] = _lines(outcome, outcome.cursor)
    return text


def _lines(outcome: Outcome, id_: str) -> bytes:
    line = b"" if outcome.errors and not outcome.useful else b"id: %b\n" % id_.encode()
    return b"event: next\n%bdata: %b\n\n" % (line, outcome.body())


AS_EVENTS = Framing(
    transport=EVENTS,
    media="text/event-stream; charset=utf-8",
    next=_event,
    beat=b":\n\n",
    every=lambda streams: streams.ping_every,
    complete=b"event: complete\ndata: \n\n",  # with data, or an EventSource would not tell of it
)


@dataclass(frozen=True, slots=True)
class _Proof:
    """Until when a client has proved who it is, and what tells that it is not true any more."""

    until: datetime | None
    taken_back: TakenBack | None


class EventStreams:
    """Tells answers as a stream that lasts; `lasting` counts the streams."""

    def __init__(
        self,
        lasting: Lasting,
        streams: Streams,
        sleep: Sleep = asyncio.sleep,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self.lasting = lasting
        self._streams = streams
        self._sleep = sleep
        self._now = now

    async def tell(
        self,
        answers: Outcome | Outcomes,
        receive: Receive,
        send: Send,
        framing: Framing = AS_EVENTS,
        *,
        caller: str,
        until: datetime | None = None,
        taken_back: TakenBack | None = None,
    ) -> None:
        """Tell one answer, or as many as come until the client goes or the process ends.

        `caller` is whose stream it is, as `Caller.principal` says.
        `until` is when the client has to prove anew who it is: the stream ends without a last
        word, so that the client comes back for the rest. Where its proof is `taken_back`, which is
        asked now and then, the last word says so, and that there is no more.

        Raises:
            BadRequest: there is no place for one more stream, or for one more of this caller's.
        """
        if isinstance(answers, Outcome):
            self.lasting.operations[framing.transport] += 1
            await send(_start(framing))
            body = framing.lead + framing.next(answers, 1) + framing.complete
            await send(_part(body, more=False))
            return
        async with aclosing(answers):
            try:
                with self.lasting.held(framing.transport, caller):
                    self.lasting.operations[framing.transport] += 1
                    proof = _Proof(until, taken_back)
                    await self._streamed(answers, receive, send, framing, proof)
            except FullError as full:
                outcome = refused(FULL, "UNAVAILABLE", 503, retry_after="5")
                raise BadRequest(outcome) from full
            except CrowdedError as crowded:
                outcome = refused(str(crowded), "TOO_MANY_CONNECTIONS", 429, retry_after="5")
                raise BadRequest(outcome) from crowded

    async def _streamed(
        self,
        answers: Outcomes,
        receive: Receive,
        send: Send,
        framing: Framing,
        proof: "_Proof",
    ) -> None:
        started, refusal = perf_counter(), list[Outcome]()
        await send(_start(framing))
        log.info("events.opened", transport=framing.transport)
        ended = await _first_of(
            complete=self._telling(answers, send, framing),
            silent=self._pinging(send, framing),
            gone=_gone(receive),
            leaving=self._left(),
            **self._proven(proof, refusal),
        )
        if ended not in UNHEARD:
            last = framing.leaving if ended in CUT else b""
            for outcome in refusal:
                last = framing.next(outcome, 0) + framing.complete
            with suppress(OSError, TimeoutError):
                await self._write(send, last, more=False)
        log.info(
            "events.closed",
            transport=framing.transport,
            why=ended,
            milliseconds=round((perf_counter() - started) * 1000, 1),
        )

    async def _telling(self, answers: Outcomes, send: Send, framing: Framing) -> None:
        await self._write(send, framing.lead + framing.beat)
        number = 0
        async for outcome in answers:
            number += 1
            self.lasting.answers[framing.transport] += 1
            await self._write(send, framing.next(outcome, number))
        await self._write(send, framing.complete)

    async def _pinging(self, send: Send, framing: Framing) -> None:
        while True:
            await self._sleep(framing.every(self._streams).total_seconds())
            await self._write(send, framing.beat)

    async def _left(self) -> None:
        await self.lasting.leaving.wait()
        if (moment := self.lasting.moment()) > 0:
            await self._sleep(moment)

    def _proven(
        self, proof: "_Proof", refusal: list[Outcome]
    ) -> dict[str, Coroutine[Any, Any, None]]:
        """What ends a stream whose client has proved who it is; of guests nothing does."""
        works: dict[str, Coroutine[Any, Any, None]] = {}
        if proof.until is not None:
            works["expired"] = self._expiring(proof.until)
            if proof.taken_back is not None:
                works["taken back"] = self._rechecking(proof.taken_back, refusal)
        return works

    async def _expiring(self, until: datetime) -> None:
        await self._sleep((until - self._now()).total_seconds())

    async def _rechecking(self, taken_back: TakenBack, refusal: list[Outcome]) -> None:
        while not refusal:
            await self._sleep(RECHECK_EVERY)
            if (outcome := await taken_back()) is not None:
                refusal.append(outcome)

    async def _write(self, send: Send, text: bytes, *, more: bool = True) -> None:
        """Write whole events; a `TimeoutError` when nobody takes them."""
        await within(self._streams.patience.total_seconds(), _sent(send, _part(text, more=more)))


def _start(framing: Framing) -> Message:
    headers = [(b"content-type", framing.media.encode()), *HEADERS]
    return {"type": "http.response.start", "status": 200, "headers": headers}


def _part(body: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def _sent(send: Send, part: Message) -> None:
    await send(part)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _first_of(**works: Coroutine[Any, Any, None]) -> str:
    """Do several things until one ends, and say which; the others are cancelled and waited for."""
    tasks = [asyncio.create_task(work, name=name) for name, work in works.items()]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    first = done.pop()
    match first.exception():
        case None:
            return first.get_name()
        case TimeoutError():
            return "slow"
        case OSError():
            return "gone"
        case Exception() as bug:
            masked(bug)
    return "bug"
